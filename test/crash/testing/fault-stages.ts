import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Secret } from '#stdx/secret'
import { type PostgresCopies, postgresCopies } from './postgres-copies.ts'
import { type Command, type Run, runCommand } from './trace-command.ts'
import { PASSPHRASE, readKeyFile, readSlotFile } from './vault-at-hand.ts'

/** The second passphrase of the stage that has one. */
export const SECOND_PASSPHRASE = 'a second one under it'
const POINTS = 4

/** Every entity in two segments or more; a value that is stored once; a table without a key. */
const TABLES = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, iban TEXT);
  CREATE TABLE doc (id INTEGER PRIMARY KEY, body BLOB);
  CREATE TABLE log (at TEXT, said TEXT);
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO customer SELECT i, 'Müller ' || i, 'DE' || i FROM n;
  INSERT INTO doc VALUES (1, randomblob(150000)), (2, x'00ff');
  INSERT INTO log SELECT '2026-06-30', name FROM customer WHERE id < 9;
`
const changes = (day: number) => `
  UPDATE customer SET iban = 'XX${day}' WHERE id % 7 = ${day};
  DELETE FROM customer WHERE id = ${50 + day};
  UPDATE doc SET body = randomblob(120000 + ${day}) WHERE id = 1;
  INSERT INTO log VALUES ('day ${day}', 'more');
`
const CONFIG = `vault: ./vault
tempDir: ./temporary
sources:
  erp:
    connector: sqlite
    file: ../erp.db
    retention: { keepAll: 0h, daily: 0, weekly: 0, monthly: 0, yearly: 0, keepMin: 2 }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`

const POSTGRES_CONFIG = `vault: ./vault
tempDir: ./temporary
sources:
  crm: { connector: postgres, url: '\${SOURCE_URL}' }
targets:
  copy: { connector: postgres, url: '\${TARGET_URL}' }
`

/** A folder as a fault finds it; each command has the one it needs. */
export type StageName =
  | 'empty'
  | 'begun'
  | 'points'
  | 'expired'
  | 'compacted'
  | 'replicated'
  | 'damaged'
  | 'held'
  /** Vault and passphrase, and nothing else. */
  | 'lost'
  /** With a further passphrase. */
  | 'second'
  /** With split keys, in `keys`. */
  | 'split'
  /** Its source and its target are databases of PostgreSQL. */
  | 'postgres'

export type Stages = AsyncDisposable & {
  /** What opens the vault of a stage, to open it with again and again. */
  keyFile(stage: StageName): Secret
  /** Absent where there is no PostgreSQL. */
  readonly postgres: PostgresCopies | undefined
  /** Whether this machine has what the stage needs. */
  isThere(stage: StageName): boolean
  /** A fresh copy in `folder`, which must not be there. */
  copyTo(stage: StageName, folder: string): Promise<void>
}

export type CommandLine = {
  readonly argv: readonly string[]
  readonly more?: Readonly<Record<string, string>>
}

export function commandIn(folder: string, { argv, more = {} }: CommandLine): Command {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    // Compiled code is kept from one run to the next.
    XDG_CACHE_HOME: join(folder, '../cache'),
    HOLDFAST_PASSPHRASE: PASSPHRASE,
    HOLDFAST_STATE_DIR: join(folder, 'state'),
    ...more,
  }
  return { folder, environment, argv }
}

/** Lives through all stages once, in `base`. */
export async function prepareStages(base: string): Promise<Stages> {
  const at = (stage: StageName) => join(base, `stage-${stage}`)
  const copyTo = (stage: StageName, folder: string) =>
    cp(at(stage), folder, { recursive: true, preserveTimestamps: true })
  const next = async (from: StageName, to: StageName, ...runs: (readonly string[])[]) => {
    await copyTo(from, at(to))
    for (const argv of runs) await succeed(at(to), { argv })
  }
  // The source lies beside the stages: a copy of its file would be another system.
  const source = join(base, 'erp.db')
  changeDatabase(source, TABLES)
  await mkdir(at('begun'))
  await writeFile(join(at('begun'), 'holdfast.yaml'), CONFIG)
  await succeed(at('begun'), { argv: ['init'] })
  await next('begun', 'points')
  for (let day = 1; day <= POINTS; day++) {
    changeDatabase(source, changes(day))
    await succeed(at('points'), { argv: ['backup'] })
  }
  await cp(source, join(at('points'), 'copy.db'))
  changeDatabase(source, changes(POINTS + 1))
  changeDatabase(join(at('points'), 'copy.db'), `${changes(6)}; DROP TABLE doc`)
  await next('points', 'replicated', ['replicate', './second'], ['backup'])
  await next('replicated', 'damaged', ['replicate', './second'])
  await damage(join(at('damaged'), 'vault'))
  await next('points', 'expired', ['expire', 'erp', '--confirm', 'erp'])
  await next('expired', 'compacted', ['compact'])
  await mkdir(at('empty'))
  await next('points', 'held', ['hold', 'erp@2', '--reason', 'audit'])
  await next('points', 'lost')
  for (const name of ['holdfast.yaml', 'state'])
    await rm(join(at('lost'), name), { recursive: true })
  await copyTo('points', at('second'))
  await writeFile(join(at('second'), 'second'), SECOND_PASSPHRASE)
  const add = ['key', 'add', 'passphrase', '--new-passphrase-file', 'second', '--json']
  const { slot } = JSON.parse((await succeed(at('second'), { argv: add })).stdout)
  await writeFile(join(at('second'), 'id'), slot)
  await next('points', 'split', ['key', 'split', '--out', 'keys'])
  await noteRestoreKey(at('split'))
  const postgres = await postgresCopies()
  if (postgres !== undefined) await preparePostgres(at('postgres'), postgres)
  const whole = await readKeyFile(join(at('points'), 'vault'))
  const slotFile = join(at('split'), 'keys/recovery.slot')
  const recovery = await readSlotFile(join(at('split'), 'vault'), slotFile)
  const crm = postgres && (await readKeyFile(join(at('postgres'), 'vault')))
  return {
    keyFile: (stage) =>
      stage === 'split' ? recovery : stage === 'postgres' ? (crm ?? whole) : whole,
    postgres,
    isThere: (stage) => stage !== 'postgres' || postgres !== undefined,
    copyTo,
    [Symbol.asyncDispose]: async () => await postgres?.[Symbol.asyncDispose](),
  }
}

/** Which certificate `key revoke` is to take out of use. */
async function noteRestoreKey(folder: string): Promise<void> {
  const more = { HOLDFAST_SLOT: join(folder, 'keys/recovery.slot') }
  const { stdout } = await succeed(folder, { argv: ['key', 'list', '--json'], more })
  const { keys } = JSON.parse(stdout)
  const isIt = (one: { role: string; isRevoked: boolean }) =>
    one.role === 'restore' && !one.isRevoked
  await writeFile(join(folder, 'id'), keys.find(isIt).id)
}

async function preparePostgres(folder: string, postgres: PostgresCopies): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'holdfast.yaml'), POSTGRES_CONFIG)
  const more = await postgres.create(folder)
  for (const argv of [['init'], ['backup']]) await succeed(folder, { argv, more })
  await postgres.spoil()
  await succeed(folder, { argv: ['backup'], more })
}

/** Whatever the first point has in the vault is cut short. */
async function damage(vault: string): Promise<void> {
  const found = await readdir(join(vault, 'segments/erp'), { recursive: true, withFileTypes: true })
  const objects = found.filter((entry) => entry.isFile()).slice(0, 2)
  for (const { name, parentPath } of objects) await truncate(join(parentPath, name), 10)
}

async function succeed(folder: string, line: CommandLine): Promise<Run> {
  const run = await runCommand(commandIn(folder, line))
  if (run.exit === 0) return run
  throw new Error(`Cannot prepare with "${line.argv.join(' ')}": exit ${run.exit}\n${run.stderr}`)
}

export function changeDatabase(path: string, sql: string): void {
  using database = new DatabaseSync(path)
  database.exec(sql)
}

/** Every file below `folder`, from there on. */
export async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort()
}

/** Every row of a SQLite file as one text; a file that is not there has none. */
export async function readDatabase(path: string): Promise<string> {
  const isThere = await readFile(path).then(
    ({ length }) => length > 0,
    () => false,
  )
  if (!isThere) return '{}'
  using database = new DatabaseSync(path)
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const rows = tables.map(({ name }) => [
    String(name),
    database
      .prepare(`SELECT * FROM "${name}"`)
      .all()
      .map((row) => JSON.stringify(Object.values(row)))
      .sort(),
  ])
  return JSON.stringify(Object.fromEntries(rows.sort()))
}
