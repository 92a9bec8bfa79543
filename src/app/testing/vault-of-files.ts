import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { captureEntity } from '#capture/capture-entity'
import type { Config, System } from '#config/config'
import { openSource } from '#connector/testing/contract-system'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import type { SourceAt } from '#customer/map-at'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore } from '#store/testing/memory-store'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { backUpSource } from '../back-up-source.ts'
import type { Context } from '../context.ts'
import { findSourcesAt } from '../find-sources-at.ts'
import type { ReadLiveDeps } from '../live/live-sources.ts'
import { silentProgress } from '../progress.ts'

/** SQLite files that are sources of one vault in memory, by the name of the source. */
export type VaultOfFiles = {
  readonly vault: Vault
  /** To ask about customers with; there is no map file. */
  readonly asking: Pick<Context, 'configPath'> & ReadLiveDeps
  readonly files: Readonly<Record<string, string>>
  backUp(): Promise<void>
  /** Changes a source as another program would, without its foreign keys in the way. */
  exec(source: string, sql: string): void
  sourcesAt(...addresses: string[]): Promise<SourceAt[]>
}

export async function vaultOfFiles(files: Readonly<Record<string, string>>): Promise<VaultOfFiles> {
  const { vault } = await aVault()
  const system = { connector: 'sqlite', connectionsMax: 2, include: ['*'], exclude: [] }
  const deps = {
    clock: stillClock,
    random: systemRandom,
    progress: silentProgress,
    readConfig: async () => ({ tempDir: tmpdir() }) as unknown as Config,
    configPath: '/nowhere/holdfast.yaml',
    createStore: async () => createMemoryStore(),
    openCapturePool,
    openSource: async (name: string) => ({
      system: system as unknown as System,
      source: await openSource(sqliteHarness, new Secret(files[name] ?? '')),
    }),
  }
  return {
    vault,
    asking: deps,
    files,
    async backUp() {
      for (const source of Object.keys(files)) {
        const request = { source, isFull: false, isNewIdentityAllowed: false }
        await backUpSource(deps, vault, request, signal)
      }
    },
    exec: (source, sql) => execute(files[source] ?? '', sql),
    sourcesAt: (...addresses) => findSourcesAt(vault, { addresses }, signal),
  }
}

/** The same with new files that the statements of each source fill, backed up once. */
export async function vaultOfSql(
  sqlBySource: Readonly<Record<string, string>>,
): Promise<VaultOfFiles & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-files-'))
  const entries = Object.entries(sqlBySource).map(([source, sql]) => {
    const file = join(folder, `${source}.db`)
    execute(file, sql)
    return [source, file] as const
  })
  const made = await vaultOfFiles(Object.fromEntries(entries))
  await made.backUp()
  return { ...made, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

function execute(file: string, sql: string): void {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  try {
    db.exec(`BEGIN; ${sql}; COMMIT`)
  } finally {
    db.close()
  }
}

async function openCapturePool(vault: Vault, source: string) {
  const stores = { random: systemRandom, tempDir: tmpdir() }
  const write = await vault.writeDeps(source, signal)
  const read = await vault.readDeps(source, signal)
  const deps = { ...stores, write, read, digestKey: await vault.digestKey(source, signal) }
  return {
    captureEntity: (...[job, rows, watch]: Parameters<Pool['captureEntity']>) =>
      captureEntity(deps, job, rows, watch),
    async [Symbol.asyncDispose]() {},
  }
}

type Pool = Awaited<ReturnType<Parameters<typeof backUpSource>[0]['openCapturePool']>>
