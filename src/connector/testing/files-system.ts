import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { parse } from 'csv-parse/sync'
import { Secret } from '#stdx/secret'
import { filesConnector } from '../files/files-connector.ts'
import { NO_SETTINGS } from '../files/settings.ts'
import type { ConnectorHarness, ContractSystem } from './contract-system.ts'

/**
 * A system that exports its tables to a folder after every statement, and takes back what others put
 * there. It is a SQLite database; its files are written and read by code that is not ours.
 */
export async function freshFiles(): Promise<ContractSystem> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-files-'))
  const folder = join(home, 'exports')
  mkdirSync(folder)
  const db = new DatabaseSync(join(home, 'system.db'), { enableForeignKeyConstraints: false })
  const exported = new Map<string, string>()
  return {
    address: new Secret(folder),
    async exec(sql) {
      takeBack(db, folder, exported)
      db.exec(`BEGIN; ${sql}; COMMIT`)
      exportAll(db, folder, exported)
    },
    async [Symbol.asyncDispose]() {
      db.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export const filesHarness: ConnectorHarness = {
  connector: filesConnector(NO_SETTINGS),
  schema: '',
  freshSystem: freshFiles,
  nowhere: new Secret('/nowhere/at/all'),
  repeat: (text, count) => `replace(hex(zeroblob(${count})), '00', '${text}')`,
  binary: { type: 'BLOB', value: (count) => `randomblob(${count})` },
  cycleSql: `CREATE TABLE first (id INTEGER PRIMARY KEY, other INTEGER REFERENCES second (id));
    CREATE TABLE second (id INTEGER PRIMARY KEY, other INTEGER REFERENCES first (id));`,
  lacks: ['constraints', 'types', 'definitions'],
}

function takeBack(db: DatabaseSync, folder: string, exported: Map<string, string>): void {
  const found = readdirSync(folder).filter((name) => name.endsWith('.csv'))
  for (const name of found) {
    const text = readFileSync(join(folder, name), 'utf8')
    if (exported.get(name) === text) continue
    const [names = [], ...rows] = readCsv(text)
    const table = quote(name.replace(/\.csv$/, ''))
    const columns = names.map((column) => quote(column ?? ''))
    db.exec(`CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')}); DELETE FROM ${table}`)
    const marks = columns.map(() => '?').join(', ')
    const insert = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
    for (const row of rows) insert.run(...row)
  }
  for (const name of exported.keys()) {
    if (!found.includes(name)) db.exec(`DROP TABLE IF EXISTS ${quote(name.replace(/\.csv$/, ''))}`)
  }
}

function exportAll(db: DatabaseSync, folder: string, exported: Map<string, string>): void {
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const names = new Set(tables.map(({ name }) => `${name}.csv`))
  for (const name of exported.keys()) {
    if (!names.has(name)) rmSync(join(folder, name), { force: true })
  }
  exported.clear()
  for (const name of names) {
    const text = exportTable(db, name.replace(/\.csv$/, ''))
    exported.set(name, text)
    if (readIfAny(join(folder, name)) === text) continue
    writeFileSync(join(folder, '.draft'), text)
    renameSync(join(folder, '.draft'), join(folder, name))
  }
}

function exportTable(db: DatabaseSync, table: string): string {
  const statement = db.prepare(`SELECT * FROM ${quote(table)}`)
  statement.setReadBigInts(true)
  const names = statement.columns().map(({ name }) => name)
  const rows = statement.all().map((row) => names.map((name) => formatCell(row[name] ?? null)))
  return [names.map((name) => formatCell(name)), ...rows]
    .map((row) => `${row.join(',')}\n`)
    .join('')
}

function formatCell(value: SQLOutputValue): string {
  if (value === null) return ''
  const text =
    value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** As an import tool would read it. */
export function readCsv(text: string, delimiter = ','): (string | null)[][] {
  return parse(text, {
    delimiter,
    relax_column_count: false,
    skip_empty_lines: false,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
  })
}

function readIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
