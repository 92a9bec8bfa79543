import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config, System } from '#config/config'
import { openSource, openTarget } from '#connector/testing/contract-system'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import type { SourceAt } from '#customer/map-at'
import { type DemoOptions, generateDemo } from '#demo/generate-demo'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore } from '#store/testing/memory-store'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { backUpSource } from '../back-up-source.ts'
import type { Context, OpenedTarget } from '../context.ts'
import { findSourcesAt } from '../find-sources-at.ts'
import type { ReadLiveDeps } from '../live/live-sources.ts'
import { silentProgress } from '../progress.ts'
import type { RestoreDeps } from '../restore-request.ts'
import { openCapturePool } from './open-capture-pool.ts'

/** SQLite files that are sources of one vault in memory, by the name of the source; gone when disposed. */
export type VaultOfFiles = Disposable & {
  readonly vault: Vault
  /** To ask about customers with; there is no map file. */
  readonly asking: Pick<Context, 'configPath'> & ReadLiveDeps
  /** To restore with; each source is the target of its name. */
  readonly restoring: RestoreDeps
  readonly files: Readonly<Record<string, string>>
  backUp(): Promise<void>
  /** Changes a source as another program would, without its foreign keys in the way. */
  exec(source: string, sql: string): void
  sourcesAt(...addresses: string[]): Promise<SourceAt[]>
}

/**
 * New files that the statements of each source fill, backed up once.
 * @param map of their customers, which the vault keeps
 */
export async function vaultOfSql(
  sqlBySource: Readonly<Record<string, string>>,
  map?: string,
): Promise<VaultOfFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'))
  const entries = Object.entries(sqlBySource).map(([source, sql]) => {
    const file = join(folder, `${source}.db`)
    execute(file, sql)
    return [source, file] as const
  })
  return await vaultOfFiles(folder, Object.fromEntries(entries), map)
}

/** The same of the three systems of the demo. */
export async function vaultOfDemo(options: DemoOptions, map?: string): Promise<VaultOfFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'))
  const { files } = await generateDemo(folder, options)
  return await vaultOfFiles(folder, files, map)
}

/** To restore with into SQLite files, by the name of the target. */
export function restoringInto(files: Readonly<Record<string, string>>): RestoreDeps {
  const config = { tempDir: tmpdir(), sources: {}, targets: {} } as unknown as Config
  return {
    clock: stillClock,
    random: systemRandom,
    progress: silentProgress,
    readConfig: async () => config,
    configPath: '/nowhere/holdfast.yaml',
    openTarget: (name) => openFile(files[name] ?? ''),
  }
}

/** A SQLite file as what opening a target gives. */
export async function openFile(path: string): Promise<OpenedTarget> {
  const system = { connector: 'sqlite' } as unknown as System
  return { system, target: await openTarget(sqliteHarness, new Secret(path)) }
}

async function vaultOfFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
  map: string | undefined,
): Promise<VaultOfFiles> {
  const { vault } = await aVault()
  const system = { connector: 'sqlite', connectionsMax: 2, include: ['*'], exclude: [] }
  const restoring = restoringInto(files)
  const deps = {
    ...restoring,
    createStore: async () => createMemoryStore(),
    openCapturePool,
    openSource: async (name: string) => ({
      system: system as unknown as System,
      source: await openSource(sqliteHarness, new Secret(files[name] ?? '')),
    }),
  }
  const made: VaultOfFiles = {
    vault,
    asking: deps,
    restoring,
    files,
    async backUp() {
      for (const source of Object.keys(files)) {
        const request = { source, isFull: false, isNewIdentityAllowed: false }
        await backUpSource(deps, vault, request, signal)
      }
    },
    exec: (source, sql) => execute(files[source] ?? '', sql),
    sourcesAt: (...addresses) => findSourcesAt(vault, { addresses }, signal),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
  await made.backUp()
  if (map !== undefined) await vault.putDocument('customers', map, signal)
  return made
}

function execute(file: string, sql: string): void {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  try {
    db.exec(`BEGIN; ${sql}; COMMIT`)
  } finally {
    db.close()
  }
}
