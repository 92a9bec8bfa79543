import type { Side } from './a-crossing.ts'
import type { Link, Row, Rows, Table } from './random-tables.ts'

/** Random tables in the SQL of a side, and their rows as its own driver prints them. */

const TYPES = { int: 'INTEGER', text: 'VARCHAR(40)' } as const
/** Nobody looks at references between these two: what is whole at the end may come in any order. */
const UNCHECKED = {
  postgres: ['SET session_replication_role = replica', 'SET session_replication_role = origin'],
  mariadb: ['SET foreign_key_checks = 0', 'SET foreign_key_checks = 1'],
  sqlite: ['PRAGMA foreign_keys = OFF; BEGIN', 'COMMIT'],
} as const

export async function createTables(side: Side, tables: readonly Table[]): Promise<void> {
  const isLater = side.kind !== 'sqlite'
  const create = tables.map(({ fields, key, links, name }) => {
    const declared = links.filter(({ when }) => when === undefined)
    const columns = fields.map((field) => {
      return `${field.name} ${TYPES[field.type]}${field.isNullable ? '' : ' NOT NULL'}${field.isUnique ? ' UNIQUE' : ''}`
    })
    const primary = key.length === 0 ? [] : [`PRIMARY KEY (${key.join(', ')})`]
    const references = isLater ? [] : declared.map((link) => formatLink(side, link))
    return `CREATE TABLE ${name} (${[...columns, ...primary, ...references].join(', ')})`
  })
  const later = tables.flatMap(({ links, name }) => {
    const declared = links.filter(({ when }) => when === undefined)
    return declared.map((link) => `ALTER TABLE ${name} ADD ${formatLink(side, link)}`)
  })
  await side.query([...create, ...(isLater ? later : [])].join(';\n'))
}

function formatLink({ kind }: Side, { action, fields, isDeferred, to }: Link): string {
  const waits = isDeferred && kind !== 'mariadb' ? ' DEFERRABLE INITIALLY DEFERRED' : ''
  const words = `FOREIGN KEY (${fields.join(', ')}) REFERENCES ${to.name} (${to.key.join(', ')})`
  return `${words} ON DELETE ${action}${waits}`
}

/** Makes the tables hold exactly these rows, without their references in the way. */
export async function writeRows(side: Side, rows: Rows): Promise<void> {
  const [off, on] = UNCHECKED[side.kind]
  const statements = [...rows].flatMap(([{ fields, name }, held]) => {
    const inserts = [...held.values()].map((row) => {
      const values = fields.map((field) => formatValue(row, field.name))
      return `INSERT INTO ${name} (${fields.map((f) => f.name).join(', ')}) VALUES (${values.join(', ')})`
    })
    return [`DELETE FROM ${name}`, ...inserts]
  })
  await side.query([off, ...statements, on].join(';\n'))
}

function formatValue(row: Row, field: string): string {
  const value = row[field] ?? null
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`
}

/** As `printRows()` prints them. */
export async function readAllRows(
  side: Side,
  tables: readonly Table[],
): Promise<Record<string, string[]>> {
  const text = { postgres: 'text', mariadb: 'CHAR', sqlite: 'TEXT' }[side.kind]
  const printed: Record<string, string[]> = {}
  for (const { fields, name } of tables) {
    const columns = fields.map((field) => `CAST(${field.name} AS ${text}) AS ${field.name}`)
    const rows = await side.query(`SELECT ${columns.join(', ')} FROM ${name}`)
    printed[name] = rows.map((row) => JSON.stringify(fields.map((f) => row[f.name]))).sort()
  }
  return printed
}
