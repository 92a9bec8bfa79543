import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { type MariadbServer, startMariadb } from '#test/servers/start-mariadb'
import { optionsFor, readRows } from '../../testing/contract-system.ts'
import { beginFeed, feedOf } from '../../testing/feed-following.ts'
import { FeedMirror, fillStore, MapStore } from '../../testing/feed-mirror.ts'
import { mysqlConnector } from '../mysql-connector.ts'
import { quoteName } from '../quote.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'
import { TYPE_FAMILIES } from '../testing/type-families.ts'
import { WIRE_FAMILIES } from '../testing/wire-families.ts'

/** Settings that would change what the log holds or how it is read, had nobody thought of them. */
const MISLEADING = {
  'character-set-server': 'latin1',
  'default-time-zone': '+05:30',
  'sql-mode': 'ANSI,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES',
  'binlog-row-event-max-size': '256',
}
const SESSION = `SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO',
  time_zone = '+00:00'`

const never = new AbortController().signal
const FAMILIES = [...TYPE_FAMILIES, ...WIRE_FAMILIES]
const FEWER = FAMILIES.filter(({ name }) => !name.startsWith('characters of'))

const COMPRESSED = {
  'log-bin-compress': '1',
  'log-bin-compress-min-len': '10',
  'binlog-checksum': 'NONE',
}

describeMariadb('feed: every type is told as a scan prints it', () => {
  describe.each([
    ['as it is', MISLEADING, FAMILIES],
    ['in a compressed log without checksums', { ...MISLEADING, ...COMPRESSED }, FEWER],
  ])('%s', (_, options, families) => {
    let server: MariadbServer

    beforeAll(async () => {
      server = await startMariadb({ options })
    })

    afterAll(async () => {
      await server[Symbol.asyncDispose]()
    })

    test.each(families)('$name', async ({ sql }) => {
      await using system = await freshFeedSystem(server.url)
      await system.exec(SESSION)
      for (const statement of sql) await system.exec(statement)
      await system.exec('CREATE TABLE done (id INT PRIMARY KEY)')
      await using source = await mysqlConnector.openSource(optionsFor(system.address))
      const feed = feedOf(source)
      const scope = { name: system.feedName, isCovered: () => true }
      const before = await readTable()
      if (before.described.key === null) {
        await system.exec('ALTER TABLE t ADD nr INT AUTO_INCREMENT PRIMARY KEY')
      }
      const { after, entities, store } = await beginFeed(feed, scope)
      const { described } = await readTable()
      for (const step of stepsOf(described)) await system.exec(step)
      await system.exec('INSERT INTO done VALUES (1)')
      await using opened = await feed.open({ ...scope, after, entities }, never)
      const mirror = new FeedMirror(store, 'done')
      let puts = 0
      for await (const message of opened.read(never)) {
        const told = mirror.take(message)
        puts += (told?.inserts ?? 0) + (told?.updates ?? 0)
        if (told?.stamps.includes('1')) break
      }
      expect(puts).toBeGreaterThan(3)
      const now = new MapStore()
      await using cut = await source.openCut(never)
      for (const entity of (await cut.readCatalogue(() => true)).entities) {
        fillStore(now, entity, await readRows(cut, entity))
      }
      expect(store.sorted()).toEqual(now.sorted())
      expect(Object.keys(store.sorted())).toEqual(['done', 'copy', 't', 'u'].sort())

      async function readTable() {
        await using cut = await source.openCut(never)
        const { entities } = await cut.readCatalogue(() => true)
        const described = entities.find(({ entity }) => entity === 't')
        assert(described !== undefined, 'There is the table.')
        return { described }
      }
    })
  })
})

/** Inserts, updates of every field that can be null, and deletes: rows come, change, go and come. */
function stepsOf({ fields, key }: DescribedEntity): string[] {
  const names = fields.map(({ name }) => quoteName(name)).join(', ')
  const own = key?.fields ?? []
  const same = own.map((name) => `t.${quoteName(name)} = copy.${quoteName(name)}`).join(' AND ')
  const nullable = fields.filter(({ isNullable, name }) => isNullable && !own.includes(name))
  const put = (table: string) => `INSERT INTO ${table} (${names}) SELECT ${names} FROM`
  return [
    'CREATE TABLE copy LIKE t',
    `${put('copy')} t`,
    ...nullable.flatMap(({ name }) => {
      const column = quoteName(name)
      return [
        `UPDATE t SET ${column} = NULL`,
        `UPDATE t JOIN copy ON ${same} SET t.${column} = copy.${column}`,
      ]
    }),
    'CREATE TABLE u LIKE t',
    `${put('u')} t`,
    'DELETE FROM t',
    `${put('t')} copy`,
    'DELETE FROM u',
    `${put('u')} copy`,
  ]
}
