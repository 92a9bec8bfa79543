import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureFolder } from './folders.ts'
import { type Run, runProgram } from './run-program.ts'

export const LAUNCHER = fileURLToPath(new URL('../../bin/holdfast', import.meta.url))

export type Systems = {
  /** URLs by name. */
  readonly sources: Readonly<Record<string, string>>
  readonly targets?: Readonly<Record<string, string>>
  /** Whether the sources are followed. */
  readonly isFollowed?: boolean
}

/** A vault with its configuration, used through the launcher as a person uses it. */
export type BenchVault = {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
  /** Writes the configuration again, with these systems. */
  configure(systems: Systems): void
  backUp(source: string): Promise<Run & { readonly summary: BackupSummary }>
  run(args: readonly string[], options?: RunOptions): Promise<Run>
  measureBytes(): number
  remove(): void
}

export type RunOptions = {
  readonly isOutputKept?: boolean
  readonly statuses?: readonly number[]
  readonly toFile?: string
}

export type BackupSummary = {
  readonly point: string
  readonly rows: number
  readonly changed: number
  readonly bytesStored: number
}

/** Makes an empty vault in `folder`; that is not measured. */
export async function createVault(folder: string, systems: Systems): Promise<BenchVault> {
  mkdirSync(join(folder, 'temp'), { recursive: true })
  const path = join(folder, 'vault')
  const config = join(folder, 'holdfast.yaml')
  const env = {
    HOLDFAST_CONFIG: config,
    HOLDFAST_PASSPHRASE: 'a long passphrase that only the bench knows',
    HOLDFAST_NO_INPUT: '1',
    NO_COLOR: '1',
  }
  const configure = (wanted: Systems) => writeFileSync(config, formatConfig(folder, wanted))
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runProgram({ command: LAUNCHER, args, env, ...options })
  configure(systems)
  await run(['init'])
  return {
    path,
    env,
    configure,
    run,
    async backUp(source) {
      const done = await run(['backup', source, '--json'], { isOutputKept: true })
      return { ...done, summary: readBackup(done.output) }
    },
    measureBytes: () => measureFolder(path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The last line of a long run's JSON Lines, which must be its summary. */
export function readSummary(output: string): Record<string, unknown> {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  const summary: Record<string, unknown> = JSON.parse(line)
  if (summary['type'] === 'summary') return summary
  throw new Error(`Cannot read a summary: found "${line.slice(0, 200)}"`)
}

function readBackup(output: string): BackupSummary {
  const summary = readSummary(output) as {
    point: string
    bytesStored: number
    entities: { rows: number; inserted: number; updated: number; deleted: number }[]
  }
  const add = (pick: (entity: (typeof summary.entities)[number]) => number) =>
    summary.entities.reduce((sum, entity) => sum + pick(entity), 0)
  return {
    point: summary.point,
    bytesStored: summary.bytesStored,
    rows: add(({ rows }) => rows),
    changed: add(({ deleted, inserted, updated }) => deleted + inserted + updated),
  }
}

/** JSON is YAML. */
function formatConfig(folder: string, { isFollowed, sources, targets = {} }: Systems): string {
  const systems = (urls: Readonly<Record<string, string>>, more: { readonly follow?: boolean }) =>
    Object.fromEntries(
      Object.entries(urls).map(([name, url]) => [
        name,
        { connector: url.startsWith('mariadb:') ? 'mariadb' : 'postgres', url, ...more },
      ]),
    )
  const config = {
    vault: './vault',
    stateDir: join(folder, 'state'),
    tempDir: join(folder, 'temp'),
    sources: systems(sources, isFollowed ? { follow: true } : {}),
    targets: systems(targets, {}),
  }
  return `${JSON.stringify(config, null, 2)}\n`
}
