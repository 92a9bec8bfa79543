import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Secret } from '#stdx/secret'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { makeCertificates } from '#test/servers/make-certificates'
import { giveTo } from '#test/servers/server-user'
import { type MariadbServer, startMariadb } from '#test/servers/start-mariadb'
import { findEntity, optionsFor, readRows } from '../testing/contract-system.ts'
import { beginFeed, feedOf, readTransactions } from '../testing/feed-following.ts'
import { FeedMirror } from '../testing/feed-mirror.ts'
import { mysqlConnector } from './mysql-connector.ts'

const never = new AbortController().signal

describeMariadb('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-tls-'))
  let files: ReturnType<typeof makeCertificates>
  let server: MariadbServer
  let database: FreshMariadb

  beforeAll(async () => {
    files = makeCertificates(folder, 'localhost')
    let serverFolder = ''
    server = await startMariadb({
      prepare: async (place, user) => {
        serverFolder = place
        for (const name of ['server.crt', 'server.key', 'ca.crt']) {
          copyFileSync(join(folder, name), join(place, name))
          chmodSync(join(place, name), 0o600)
          giveTo(user, join(place, name))
        }
      },
      options: {
        'ssl-cert': '../server.crt',
        'ssl-key': '../server.key',
        'ssl-ca': '../ca.crt',
      },
    })
    expect(serverFolder).toBe(server.folder)
    database = await freshMariadb(server.url)
    await database.query(`CREATE TABLE many (id INT PRIMARY KEY, v TEXT);
      INSERT INTO many SELECT seq, REPEAT('x', 300) FROM seq_1_to_20000;
      CREATE USER secure@'127.0.0.1' IDENTIFIED BY 's' REQUIRE SSL;
      GRANT ALL ON ${database.name}.* TO secure@'127.0.0.1'`)
  })

  afterAll(async () => {
    await database[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  async function countRows(query: string, host = '127.0.0.1'): Promise<number> {
    const address = `mariadb://secure:s@${host}:${server.port}/${database.name}?${query}`
    await using source = await mysqlConnector.openSource(optionsFor(new Secret(address)))
    await using cut = await source.openCut(never)
    const entity = findEntity(await cut.readCatalogue(() => true), 'many')
    return (await readRows(cut, entity, ['id'])).length
  }

  test.each(['', 'ssl-mode=required', 'ssl-mode=REQUIRED'])(
    'is used without being asked who the server is: %s',
    async (query) => {
      expect(await countRows(query)).toBe(20_000)
    },
  )

  test('the server is known by its authority, and by its name', async () => {
    expect(await countRows(`ssl-mode=verify-ca&ssl-ca=${files.caFile}`)).toBe(20_000)
    const identity = `ssl-mode=verify-identity&ssl-ca=${files.caFile}`
    expect(await countRows(identity, 'localhost')).toBe(20_000)
  })

  test('the feed comes over it, too', async () => {
    await database.query(`GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO secure@'127.0.0.1'`)
    const address = `mariadb://secure:s@127.0.0.1:${server.port}/${database.name}?ssl-mode=required`
    await using source = await mysqlConnector.openSource(optionsFor(new Secret(address)))
    const scope = { name: 'secure', isCovered: () => true }
    const { after, entities, store } = await beginFeed(feedOf(source), scope)
    await database.query(`UPDATE many SET v = REPEAT('y', 1000); DELETE FROM many WHERE id > 5`)
    await using feed = await feedOf(source).open({ ...scope, after, entities }, never)
    const mirror = new FeedMirror(store, 'none')
    const told = await readTransactions(feed, { mirror }, 2)
    expect(told.map(({ deletes, updates }) => [updates, deletes])).toEqual([
      [20_000, 0],
      [0, 19_995],
    ])
  })

  test('another authority, and no encryption where it is asked for, are refused', async () => {
    for (const mode of ['verify-ca', 'verify-identity']) {
      const query = `ssl-mode=${mode}&ssl-ca=${files.otherCaFile}`
      await expect(countRows(query)).rejects.toMatchObject({ code: 'connector.unreachable' })
    }
    await expect(countRows('ssl-mode=disabled')).rejects.toMatchObject({ code: 'connector.denied' })
    await expect(countRows('ssl-ca=/nowhere.pem')).rejects.toMatchObject({
      code: 'connector.address-invalid',
    })
  })
})
