import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { CreatePlan } from '../connector.ts'
import type { ForeignKeyRow } from './catalogue.ts'
import { type ForeignKeyDefinition, parseTableDefinition } from './definition.ts'
import { quoteName, quoteNames, quoteText, tableOf } from './quote.ts'
import type { Session } from './session.ts'

/**
 * Tables of a restore before they bear their names. A server of this kind commits whenever a table
 * is created, so new tables are made and filled under names that nobody else knows, and get their
 * own at the very end, all in one statement.
 *
 * A lock of the session that made them says that they are still wanted. What a killed restore left
 * behind is dropped by the next one that creates tables, and no catalogue shows it.
 */
const PREFIX = '_holdfast_'
const STAGED = /^_holdfast_([0-9a-f]{12})_\d+$/

export function isStaged(table: string): boolean {
  return STAGED.test(table)
}

export class StagedTables {
  readonly #session: Session
  readonly #id: string
  readonly #database: string
  /** Staged name by table. */
  readonly #names = new Map<string, string>()
  readonly #foreignKeys = new Map<string, readonly ForeignKeyDefinition[]>()

  /** Creates all tables of the plan, empty, with everything that belongs to them. */
  static async create(
    session: Session,
    plan: CreatePlan,
    signal: AbortSignal,
  ): Promise<StagedTables> {
    await dropLeftOver(session, signal)
    const asked = 'SELECT LEFT(MD5(UUID()), 12), DATABASE()'
    const [[id, database] = []] = await session.query(asked, signal)
    assert(id, 'The server makes a name.')
    await session.query(`DO GET_LOCK('${PREFIX}${id}', 0)`, signal)
    await session.query('SET SESSION foreign_key_checks = 0', signal)
    const staged = new StagedTables(session, { id, database: database ?? '' })
    try {
      await staged.#createAll(plan, signal)
    } catch (error) {
      await staged.drop(session, signal).catch(() => {})
      throw error
    }
    return staged
  }

  private constructor(session: Session, { database, id }: { database: string; id: string }) {
    this.#session = session
    this.#id = id
    this.#database = database
  }

  get session(): Session {
    return this.#session
  }

  /** Under which name a table is filled, or `undefined` when it is none of these. */
  nameOf(table: string): string | undefined {
    return this.#names.get(table)
  }

  /** The foreign keys of the tables, and SQL of the rows that refer by them, called `c`. */
  references(): { key: ForeignKeyRow; referring: string }[] {
    return [...this.#names].flatMap(([table, staged]) =>
      (this.#foreignKeys.get(table) ?? []).map((key) => ({
        key: {
          ...key,
          childDatabase: this.#database,
          table,
          database: key.database ?? this.#database,
          referenced:
            key.database === undefined ? (this.#names.get(key.table) ?? key.table) : key.table,
        },
        referring: `${quoteName(staged)} c`,
      })),
    )
  }

  /** Whether anything waits to be published or dropped. */
  get isLeft(): boolean {
    return this.#names.size > 0
  }

  /** Gives all tables their names, at once. */
  async publish(signal: AbortSignal): Promise<void> {
    const renames = [...this.#names].map(
      ([table, staged]) => `${quoteName(staged)} TO ${quoteName(table)}`,
    )
    if (renames.length > 0) await this.#session.query(`RENAME TABLE ${renames.join(', ')}`, signal)
    this.#names.clear()
  }

  /** Drops what was not published. */
  async drop(session: Session, signal: AbortSignal): Promise<void> {
    const names = [...this.#names.values()]
    this.#names.clear()
    await dropTables(session, names, signal)
  }

  async #createAll(plan: CreatePlan, signal: AbortSignal): Promise<void> {
    const tables = plan.schemas.map(({ entity, definition }, i) => ({
      entity,
      name: tableOf(entity),
      staged: `${PREFIX}${this.#id}_${i + 1}`,
      definition: parseTableDefinition(definition),
    }))
    await refuseExisting(
      this.#session,
      tables.map(({ name }) => name),
      signal,
    )
    for (const { definition, name, staged } of tables) {
      this.#names.set(name, staged)
      this.#foreignKeys.set(name, definition.foreignKeys)
    }
    for (const { definition, entity, staged } of tables) {
      assert(definition.items.length > 0, 'A table that was captured could be read.')
      const keys = definition.foreignKeys.map((key) => this.#foreignKeySql(key))
      const items = [...definition.items, ...keys].join(',\n')
      const counter = plan.sequences[entity]
      const position = counter === undefined ? '' : ` AUTO_INCREMENT=${BigInt(counter)}`
      const [engine, rest] = splitOptions(definition.options)
      const sql = `CREATE TABLE ${quoteName(staged)} (\n${items}\n) ${engine}${position}${rest}`
      await this.#session.query(sql, signal)
    }
  }

  #foreignKeySql(key: ForeignKeyDefinition): string {
    const place =
      key.database === undefined
        ? quoteName(this.#names.get(key.table) ?? key.table)
        : `${quoteName(key.database)}.${quoteName(key.table)}`
    return `CONSTRAINT ${quoteName(key.name)} FOREIGN KEY (${quoteNames(key.fields)})
      REFERENCES ${place} (${quoteNames(key.referencedFields)})
      ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`
  }
}

/** The position stands behind the engine and before a partitioning. */
function splitOptions(options: string): [string, string] {
  const [engine = ''] = /^ENGINE=\w+/.exec(options) ?? []
  return [engine, options.slice(engine.length)]
}

async function refuseExisting(
  session: Session,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const found = await session.query(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
      AND TABLE_NAME IN (${['', ...tables].map(quoteText).join(', ')})`,
    signal,
  )
  const [[table] = []] = found
  if (table === undefined) return
  const message = `Cannot create the table "${table}": the target has one of this name`
  throw new AppError('connector.target-changed', message, { table })
}

async function dropLeftOver(session: Session, signal: AbortSignal): Promise<void> {
  const rows = await session.query(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
      AND TABLE_NAME LIKE '\\_holdfast\\_%'`,
    signal,
  )
  const leftOver: string[] = []
  for (const [table] of rows) {
    const [, id] = STAGED.exec(table ?? '') ?? []
    if (id === undefined) continue
    const [[isFree] = []] = await session.query(`SELECT IS_FREE_LOCK('${PREFIX}${id}')`, signal)
    if (isFree === '1') leftOver.push(table ?? '')
  }
  await dropTables(session, leftOver, signal)
}

async function dropTables(
  session: Session,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (tables.length === 0) return
  await session.query('SET SESSION foreign_key_checks = 0', signal)
  await session.query(`DROP TABLE IF EXISTS ${quoteNames(tables)}`, signal)
}
