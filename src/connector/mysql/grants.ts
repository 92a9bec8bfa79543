import { AppError } from '#stdx/app-error'
import { quoteName } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Refuses a user who is not told of every table. The catalogue shows a table only to those with some
 * right on it: one whose right was taken away would look dropped, and its rows deleted.
 *
 * @throws connector.denied with the statement that helps
 */
export async function requireWholeView(session: Session, signal: AbortSignal): Promise<void> {
  const [[database, user] = []] = await session.query('SELECT DATABASE(), CURRENT_USER()', signal)
  if (await hasRight(session, SHOWS_TABLES, signal)) return
  const grant = `GRANT SELECT, SHOW VIEW ON ${quoteName(database ?? '')}.* TO ${quoteUser(user ?? '')};`
  const found = 'its user sees only tables it has rights on, and one without would look dropped'
  throw new AppError('connector.denied', `Cannot read the catalogue: ${found}. ${grant}`, { grant })
}

/** Whether the user has one of the rights on the whole database. */
export async function hasRight(
  session: Session,
  right: RegExp,
  signal: AbortSignal,
): Promise<boolean> {
  const [[database] = []] = await session.query('SELECT DATABASE()', signal)
  const grants = await session.query('SHOW GRANTS', signal)
  return grants.some(([grant]) => gives(grant ?? '', right, database ?? ''))
}

/** Whether the user may add rows to a table, which a right on it alone allows, too. */
export async function mayInsert(
  session: Session,
  { database, table }: { readonly database: string; readonly table: string },
  signal: AbortSignal,
): Promise<boolean> {
  const grants = await session.query('SHOW GRANTS', signal)
  const place = `${quoteName(database)}.${quoteName(table)}`
  const isOn = (grant: string) =>
    grant.includes(` ON ${place} TO `) &&
    /^GRANT (?:.*, )?(?:INSERT|ALL PRIVILEGES)[, ]/.test(grant)
  return grants.some(([grant = '']) => {
    return grant !== null && (isOn(grant) || gives(grant, /^INSERT$/, database))
  })
}

export function quoteUser(user: string): string {
  const at = user.lastIndexOf('@')
  const quote = (part: string) => `'${part.replaceAll("'", "''")}'`
  return at < 0 ? quote(user) : `${quote(user.slice(0, at))}@${quote(user.slice(at + 1))}`
}

const GRANT = /^GRANT (.+) ON (\*|`(?:[^`]|``)*`)\.\* TO /

function gives(grant: string, wanted: RegExp, database: string): boolean {
  const [, rights, place = ''] = GRANT.exec(grant) ?? []
  if (rights === undefined) return false
  const isGiven = (right: string) => right === 'ALL PRIVILEGES' || wanted.test(right)
  if (!rights.split(', ').some(isGiven)) return false
  if (place === '*') return true
  const pattern = place.slice(1, -1).replaceAll('``', '`')
  return patternToRegExp(pattern).test(database)
}

/** Rights on a database without which its tables are not listed. */
const SHOWS_TABLES =
  /^(?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|REFERENCES|INDEX|ALTER|SHOW VIEW|TRIGGER|DELETE HISTORY|SHOW CREATE ROUTINE)$/

/** `_` and `%` as LIKE has them, unless a backslash stands before. */
function patternToRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\\([_%\\])|[_%]|[^_%\\]+|\\/g, (part, escaped?: string) => {
    if (escaped !== undefined) return escapeRegExp(escaped)
    if (part === '_') return '.'
    return part === '%' ? '.*' : escapeRegExp(part)
  })
  return new RegExp(`^${source}$`, 'su')
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
