import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { quoteEntity, quoteName } from './quote.ts'
import type { Session } from './session.ts'

export type Doomed = {
  /** A session in no transaction: the snapshot of one shows no foreign key that was made since. */
  readonly look: Session
  readonly entity: EntityName
  /** SQL of the table, to be called `target`. */
  readonly from: string
  /** SQL condition on the table under a name, true for the rows that will be deleted. */
  readonly isDoomed: (name: 'child' | 'target') => string
  /** The same of rows of other tables that are deleted in the same breath, by the table's oid. */
  readonly others?: ReadonlyMap<string, Doomed['isDoomed']>
  readonly signal: AbortSignal
}

/**
 * Refuses to delete rows that others refer to with a foreign key that would delete or change those
 * others: nothing is written that no plan names. Rows that are deleted in the same breath are named by the
 * plan, and are gone when the keys act.
 *
 * @throws connector.constraint-violated naming the foreign key
 */
export async function refuseCascades(
  session: Session,
  { entity, from, isDoomed, look, others, signal }: Doomed,
): Promise<void> {
  const found = await look.query(CASCADES, signal, [quoteEntity(entity), 'delete'])
  for (const [name, table, join, isSelf, , , oid] of found) {
    const isChildDoomed = isSelf === 't' ? isDoomed : others?.get(oid ?? '')
    const staying = isChildDoomed === undefined ? '' : ` and not ${isChildDoomed('child')}`
    const sql = `select from ${from} target join ${table} child on ${join}
      where ${isDoomed('target')}${staying} limit 1`
    const rows = await session.query(sql, signal)
    if (rows.length > 0) throw cascades('delete', entity, { name, table })
  }
}

export type Renamed = {
  /** As of `Doomed`. */
  readonly look: Session
  readonly entity: EntityName
  /** SQL of the table, called `target`, joined with what it is `given`. */
  readonly found: string
  /** SQL condition under which a row of the table called `child` is among those that are given. */
  readonly isGiven: string
  /** Fields that are set. */
  readonly set: readonly string[]
  readonly signal: AbortSignal
}

/**
 * The same for values that are changed and that others refer to by ON UPDATE. Rows of the table itself
 * that are given another value in the same breath are named by the plan.
 */
export async function refuseUpdateCascades(
  session: Session,
  { entity, found, isGiven, look, set, signal }: Renamed,
): Promise<void> {
  const keys = await look.query(CASCADES, signal, [quoteEntity(entity), 'update'])
  for (const [name, table, join, isSelf, referenced, referring] of keys) {
    const changed = parseNames(referenced).filter((field) => set.includes(field))
    if (changed.length === 0) continue
    const differs = changed.map((field) => {
      const quoted = quoteName(field)
      return `target.${quoted} is distinct from given.${quoted}`
    })
    const isNamed = isSelf === 't' && parseNames(referring).every((field) => set.includes(field))
    const others = isNamed ? ` and not ${isGiven}` : ''
    const sql = `select from ${found} join ${table} child on ${join}
      where (${differs.join(' or ')})${others} limit 1`
    if ((await session.query(sql, signal)).length > 0) {
      throw cascades('update', entity, { name, table })
    }
  }
}

type ForeignKey = {
  readonly name: string | null | undefined
  readonly table: string | null | undefined
}

function cascades(
  op: 'delete' | 'update',
  entity: EntityName,
  { name, table }: ForeignKey,
): AppError {
  const message = `Cannot ${op} "${entity}": rows of ${table} refer to it by ${name}, which would change them too`
  return new AppError('connector.constraint-violated', message, { entity, constraint: name })
}

function parseNames(json: string | null | undefined): string[] {
  const names: unknown = JSON.parse(json ?? '[]')
  return Array.isArray(names) ? names.map(String) : []
}

/** Foreign keys to the table whose ON DELETE or ON UPDATE does something. */
const CASCADES = `select k.conname, pg_catalog.format('%I.%I', n.nspname, c.relname),
    (select pg_catalog.string_agg(
        pg_catalog.format('child.%I = target.%I', a.attname, r.attname), ' and ')
      from unnest(k.conkey, k.confkey) p(own, referenced)
      join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.own
      join pg_catalog.pg_attribute r on r.attrelid = k.confrelid and r.attnum = p.referenced),
    k.conrelid = k.confrelid,
    (select pg_catalog.json_agg(attname) from pg_catalog.pg_attribute
      where attrelid = k.confrelid and attnum = any (k.confkey)),
    (select pg_catalog.json_agg(attname) from pg_catalog.pg_attribute
      where attrelid = k.conrelid and attnum = any (k.conkey)),
    k.conrelid
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class c on c.oid = k.conrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where k.contype = 'f' and k.conparentid = 0
    and case $2 when 'delete' then k.confdeltype else k.confupdtype end in ('c', 'n', 'd')
    and k.confrelid = pg_catalog.to_regclass($1)
  order by 1`
