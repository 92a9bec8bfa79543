import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { backUpSource } from '#app/back-up-source'
import { silentProgress } from '#app/progress'
import { restorePoint } from '#app/restore-point'
import type { RestoreOutcome, RestoreRequest } from '#app/restore-request'
import { openCapturePool } from '#app/testing/open-capture-pool'
import { verifyPoint } from '#app/verify-point'
import type { Config, System } from '#config/config'
import type { Connector } from '#connector/connector'
import { mysqlConnector } from '#connector/mysql/mysql-connector'
import { postgresConnector } from '#connector/postgres/postgres-connector'
import { sqliteConnector } from '#connector/sqlite/sqlite-connector'
import { optionsFor } from '#connector/testing/contract-system'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { freshDatabase } from '#test/servers/fresh-database'
import { freshMariadb } from '#test/servers/fresh-mariadb'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

/** A system of any platform, asked in its own SQL by its own driver. */
export type Side = AsyncDisposable & {
  readonly kind: 'postgres' | 'mariadb' | 'sqlite'
  readonly connector: Connector
  readonly address: Secret
  /** What the server prints for a query of texts, row by row. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>
}

export async function postgresSide(major: number): Promise<Side> {
  const database = await freshDatabase(major)
  await database.query("set timezone = 'UTC'; set extra_float_digits = 3")
  return {
    kind: 'postgres',
    connector: postgresConnector,
    address: new Secret(database.url),
    query: (sql) => database.query(sql),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export async function mariadbSide(): Promise<Side> {
  const database = await freshMariadb()
  return {
    kind: 'mariadb',
    connector: mysqlConnector,
    address: new Secret(database.url),
    query: (sql) => database.query(sql),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export async function sqliteSide(): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-crossing-'))
  const path = join(folder, 'side.db')
  return {
    kind: 'sqlite',
    connector: sqliteConnector,
    address: new Secret(path),
    async query(sql) {
      const db = new DatabaseSync(path)
      try {
        if (!/^select/i.test(sql.trim())) {
          db.exec(sql)
          return []
        }
        return db.prepare(sql).all()
      } finally {
        db.close()
      }
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A vault in memory, and systems by the names under which it knows them. */
export type Crossing = {
  readonly vault: Vault
  backUp(source: string): Promise<void>
  /** Puts the newest point of one system into another. */
  move(source: string, target: string, change?: Partial<RestoreRequest>): Promise<RestoreOutcome>
  verify(source: string, against: string): ReturnType<typeof verifyPoint>
}

export async function aCrossing(sides: Readonly<Record<string, Side>>): Promise<Crossing> {
  const { vault } = await aVault()
  const sideOf = (name: string) => {
    const side = sides[name]
    assert(side !== undefined, 'The system is one of the crossing.')
    const known = { connector: side.connector.kind, connectionsMax: 2, include: ['*'], exclude: [] }
    return { side, system: known as unknown as System }
  }
  const config = { tempDir: tmpdir(), sources: sides, targets: {} } as unknown as Config
  const deps = {
    clock: stillClock,
    random: systemRandom,
    progress: silentProgress,
    configPath: join(tmpdir(), 'no-such-holdfast.yaml'),
    readConfig: async () => config,
    openSource: async (name: string) => {
      const { side, system } = sideOf(name)
      return { system, source: await side.connector.openSource(optionsFor(side.address)) }
    },
    openTarget: async (name: string) => {
      const { side, system } = sideOf(name)
      return { system, target: await side.connector.openTarget(optionsFor(side.address)) }
    },
  }
  return {
    vault,
    async backUp(source) {
      const given = { ...deps, openCapturePool: () => openCapturePool(vault, source) }
      const asked = { source, isFull: false, isNewIdentityAllowed: false }
      await backUpSource(given, vault, asked, signal)
    },
    move(source, target, change = {}) {
      const request = {
        targets: [{ point: `${source}@latest`, target }],
        entities: [],
        records: [],
        fields: [],
        isDeleteAllowed: false,
        isPlanOnly: false,
        agree: async () => {},
        ...change,
      }
      return restorePoint(deps, vault, request, signal)
    },
    verify: (source, against) =>
      verifyPoint(deps, vault, { point: `${source}@latest`, against }, signal),
  }
}
