import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from './bench-server.ts'
import { measureFolder } from './folders.ts'
import type { Programs } from './programs.ts'
import { type Run, runProgram } from './run-program.ts'

/** Reads the whole table in key order, to nowhere: the floor of any backup of it. */
export function runCopy({ psql }: Programs, database: Database, orderedSelect: string) {
  if (psql === undefined) return undefined
  const copy = `copy (${orderedSelect}) to stdout`
  return runProgram({ command: psql, args: ['-Xq', '-d', database.url, '-c', copy] })
}

/** Bytes of the table as COPY text; 0 without psql. */
export async function measureCopyBytes({ psql }: Programs, { url }: Database, table: string) {
  if (psql === undefined) return 0
  const count = `"$PSQL" -Xq -d "$URL" -c 'copy ${table} to stdout' | wc -c`
  const env = { PSQL: psql, URL: url }
  const run = await runProgram({ command: 'bash', args: ['-c', count], env, isOutputKept: true })
  return Number(run.output)
}

/** `pg_dump -Fc` into a file, which `runPgRestore` takes. */
export function runPgDump({ pgDump }: Programs, database: Database, file: string) {
  if (pgDump === undefined) return undefined
  return runProgram({ command: pgDump, args: ['-Fc', '-f', file, database.url] })
}

export function runPgRestore({ pgRestore }: Programs, database: Database, file: string) {
  if (pgRestore === undefined) return undefined
  const args = ['--exit-on-error', '--no-owner', '-d', database.url, file]
  return runProgram({ command: pgRestore, args })
}

/** A store of a peer that takes dumps on its standard input. */
export type DumpStore = {
  readonly name: 'restic' | 'borg'
  /** Takes a plain `pg_dump` of the database. */
  backup(database: Database): Promise<Run & { readonly storedBytes: number }>
  remove(): void
}

/** Makes an empty store in `folder`; that is not measured. Stored bytes are its growth. */
export async function openRestic(
  { pgDump, restic }: Programs,
  folder: string,
): Promise<DumpStore | undefined> {
  if (pgDump === undefined || restic === undefined) return undefined
  const path = join(folder, 'restic')
  mkdirSync(path, { recursive: true })
  const env = {
    RESTIC_PASSWORD: 'bench',
    RESTIC_REPOSITORY: join(path, 'store'),
    RESTIC_CACHE_DIR: join(path, 'cache'),
  }
  await runProgram({ command: restic, args: ['init', '-q'], env })
  const store = join(path, 'store')
  const args = 'backup -q --stdin --stdin-filename dump.sql'
  const backup = (database: Database) =>
    dumpInto({ pgDump, database, store, into: `"$PEER" ${args}`, env: { ...env, PEER: restic } })
  return { name: 'restic', backup, remove: () => rmSync(path, { recursive: true }) }
}

export async function openBorg(
  { borg, pgDump }: Programs,
  folder: string,
): Promise<DumpStore | undefined> {
  if (borg === undefined || pgDump === undefined) return undefined
  const path = join(folder, 'borg')
  mkdirSync(path, { recursive: true })
  const store = join(path, 'store')
  const env = {
    BORG_PASSPHRASE: 'bench',
    BORG_REPO: store,
    BORG_BASE_DIR: join(path, 'base'),
  }
  await runProgram({ command: borg, args: ['init', '-e', 'repokey-blake2'], env })
  const into = '"$PEER" create --compression zstd,3 ::"$ARCHIVE" -'
  let count = 0
  const backup = (database: Database) => {
    const archive = { ARCHIVE: `dump-${++count}`, PEER: borg }
    return dumpInto({ pgDump, database, store, into, env: { ...env, ...archive } })
  }
  return { name: 'borg', backup, remove: () => rmSync(path, { recursive: true }) }
}

async function dumpInto(dump: {
  readonly pgDump: string
  readonly database: Database
  readonly store: string
  readonly into: string
  readonly env: Readonly<Record<string, string>>
}): Promise<Run & { readonly storedBytes: number }> {
  const beforeBytes = measureFolder(dump.store)
  const pipe = `set -o pipefail; "$PG_DUMP" "$URL" | ${dump.into}`
  const env = { ...dump.env, PG_DUMP: dump.pgDump, URL: dump.database.url }
  const run = await runProgram({ command: 'bash', args: ['-c', pipe], env })
  return { ...run, storedBytes: measureFolder(dump.store) - beforeBytes }
}
