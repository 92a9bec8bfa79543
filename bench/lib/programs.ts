import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgresBinaries } from '#test/servers/find-binaries'

/** The programs to measure with and against, as paths; what is missing is left out and said. */
export type Programs = {
  /** Where the server comes from. */
  readonly binDir: string
  readonly major: number
  readonly psql: string | undefined
  readonly pgDump: string | undefined
  readonly pgRestore: string | undefined
  readonly restic: string | undefined
  readonly borg: string | undefined
  readonly strace: string | undefined
  /** Names and versions, for the record. */
  readonly versions: Readonly<Record<string, string>>
}

const MACHINE_FOLDER = '/usr/lib/postgresql'

/** Prefers the machine's PostgreSQL, whose folder holds the client programs of the same version. */
export function findPrograms(): Programs {
  const { binDir, major } = findServer()
  const client = (name: string) => findClient(name, binDir, major)
  const psql = client('psql')
  const pgDump = client('pg_dump')
  const pgRestore = client('pg_restore')
  const [restic, borg, strace] = ['restic', 'borg', 'strace'].map(findOnPath)
  const versions = {
    node: process.versions.node,
    postgres: versionOf(join(binDir, 'postgres'), '--version'),
    ...(pgDump && { pgDump: versionOf(pgDump, '--version') }),
    ...(restic && { restic: versionOf(restic, 'version') }),
    ...(borg && { borg: versionOf(borg, '--version') }),
  }
  return { binDir, major, psql, pgDump, pgRestore, restic, borg, strace, versions }
}

/** One sentence for each program that is not there. */
export function listMissing(programs: Programs): string[] {
  const wanted = { psql: 'bare COPY', pgDump: 'pg_dump', pgRestore: 'pg_restore', restic: 'restic' }
  const more = { borg: 'borg', strace: 'bytes read by a process' }
  return Object.entries({ ...wanted, ...more }).flatMap(([name, what]) =>
    programs[name as keyof typeof wanted] === undefined ? [`${what}: not measured, not found`] : [],
  )
}

function findServer(): { readonly binDir: string; readonly major: number } {
  const machine = existsSync(MACHINE_FOLDER) ? readdirSync(MACHINE_FOLDER).map(Number) : []
  for (const major of machine.sort((a, b) => b - a)) {
    const binDir = `${MACHINE_FOLDER}/${major}/bin`
    if (major >= 13 && major <= 18 && existsSync(join(binDir, 'postgres'))) return { binDir, major }
  }
  const [newest] = [...findPostgresBinaries()].sort(([a], [b]) => b - a)
  if (newest === undefined) throw new Error('Cannot run the bench: found no PostgreSQL')
  return { major: newest[0], binDir: newest[1] }
}

/** An older pg_dump refuses a newer server, so one from elsewhere must be as new. */
function findClient(name: string, binDir: string, major: number): string | undefined {
  const beside = join(binDir, name)
  if (existsSync(beside)) return beside
  const elsewhere = findOnPath(name)
  if (elsewhere === undefined) return undefined
  const found = Number(/(\d+)\.\d+/.exec(versionOf(elsewhere, '--version'))?.[1])
  return found >= major ? elsewhere : undefined
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(':')
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function versionOf(command: string, argument: string): string {
  const printed = execFileSync(command, [argument], { encoding: 'utf8' })
  return /\d+(\.\d+)+/.exec(printed)?.[0] ?? printed.trim()
}
