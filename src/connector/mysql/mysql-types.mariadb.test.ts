import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareKeys, encodeKey } from '#record/key'
import type { DescribedEntity } from '#record/schema'
import { Secret } from '#stdx/secret'
import { describeMariadb, type FreshMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { type MariadbServer, startMariadb } from '#test/servers/start-mariadb'
import {
  copySystem,
  findEntity,
  readSystem,
  type SystemContents,
  type Values,
} from '../testing/contract-system.ts'
import { mariadbHarness } from '../testing/mariadb-system.ts'
import { TYPE_FAMILIES } from './testing/type-families.ts'

/** Options that would change the text of values, or what is kept, had the connector not pinned them. */
const MISLEADING = {
  'character-set-server': 'latin1',
  'default-time-zone': '+05:30',
  'max-allowed-packet': '1M',
  'sql-mode': 'ANSI,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE,NO_ZERO_IN_DATE',
  'max-statement-time': '3600',
}

const SESSION = `SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO',
  time_zone = '+00:00'`

describeMariadb('every type', () => {
  let server: MariadbServer

  beforeAll(async () => {
    server = await startMariadb({ options: MISLEADING })
    await using database = await freshMariadb(server.url)
    await database.query('SET GLOBAL sql_notes = 0, GLOBAL sql_safe_updates = 1')
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  describe.each(TYPE_FAMILIES)('$name', ({ rows, scanOrder, sql }) => {
    let from: FreshMariadb
    let to: FreshMariadb
    let original: SystemContents
    let copy: SystemContents

    beforeAll(async () => {
      from = await freshMariadb(server.url)
      to = await freshMariadb(server.url)
      await from.query(SESSION)
      for (const statement of sql) await from.query(statement)
      original = await readSystem(mariadbHarness, systemOf(from))
      await copySystem(mariadbHarness, systemOf(from), systemOf(to))
      copy = await readSystem(mariadbHarness, systemOf(to))
    })

    afterAll(async () => {
      await from[Symbol.asyncDispose]()
      await to[Symbol.asyncDispose]()
    })

    test('has its exact text', () => {
      expect(sorted(rowsOf(original))).toEqual(sorted(rows))
    })

    test('comes back byte for byte', async () => {
      expect(sorted(rowsOf(copy))).toEqual(sorted(rowsOf(original)))
      expect(copy.catalogue).toEqual(original.catalogue)
      const checksum = async ({ query }: FreshMariadb) =>
        (await query('CHECKSUM TABLE t EXTENDED'))[0]?.['Checksum']
      expect(await checksum(to)).toEqual(await checksum(from))
      expect(dumpSchema(server, to)).toBe(dumpSchema(server, from))
    })

    test('is read in the order that it promises', () => {
      const entity = findEntity(original.catalogue, 't')
      expect(entity.scanOrder).toBe(scanOrder ?? entity.scanOrder)
      const keys = keysOf(entity, rowsOf(original))
      const isSorted = keys.every((key, i) => i === 0 || compareKeys(keys[i - 1] ?? key, key) < 0)
      if (entity.scanOrder === 'key') expect(isSorted).toBe(true)
    })
  })
})

function systemOf(database: FreshMariadb) {
  return {
    address: new Secret(database.url),
    exec: async (sql: string) => void (await database.query(sql)),
    [Symbol.asyncDispose]: async () => {},
  }
}

function rowsOf({ catalogue, rows }: SystemContents): readonly Values[] {
  return rows.get(findEntity(catalogue, 't').entity) ?? []
}

function sorted(rows: readonly Values[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort()
}

function keysOf({ fields, key }: DescribedEntity, rows: readonly Values[]): Uint8Array[] {
  if (key === null) return []
  const names = fields.map(({ name }) => name)
  return rows.map((row) => {
    const values = key.fields.map((name) => row[names.indexOf(name)] ?? '')
    return encodeKey(values, key.encodings)
  })
}

/** What another program says about the tables, the counter's position included. */
function dumpSchema({ port, url }: MariadbServer, { name }: FreshMariadb): string {
  const { password } = new URL(url)
  const login = ['-h127.0.0.1', `-P${port}`, '-uadmin', `-p${password}`]
  const given = [...login, '--no-data', '--skip-comments', '--skip-dump-date', name]
  return execFileSync('/usr/bin/mariadb-dump', given, { encoding: 'utf8' })
}
