import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareKeys, encodeKey } from '#record/key'
import type { DescribedEntity } from '#record/schema'
import { Secret } from '#stdx/secret'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import {
  type ConnectorHarness,
  copySystem,
  readSystem,
  type SystemContents,
  type Values,
} from '../testing/contract-system.ts'
import { postgresConnector } from './postgres-connector.ts'
import { TYPE_FAMILIES } from './testing/type-families.ts'

/** Settings that would change the text of values, had the connector not pinned them. */
const MISLEADING = {
  extra_float_digits: '-5',
  datestyle: 'SQL, DMY',
  intervalstyle: 'sql_standard',
  bytea_output: 'escape',
  timezone: 'Asia/Kolkata',
  xmloption: 'document',
  default_transaction_isolation: 'serializable',
  statement_timeout: '1h',
}

const PG_DUMP = '/usr/bin/pg_dump'

const harness: Pick<ConnectorHarness, 'connector'> = { connector: postgresConnector }

describePostgres('every type', (major) => {
  const families = TYPE_FAMILIES.filter(({ sinceMajor = 0 }) => major >= sinceMajor)
  let from: FreshDatabase
  let to: FreshDatabase
  let original: SystemContents
  let copy: SystemContents

  beforeAll(async () => {
    from = await freshDatabase(major)
    to = await freshDatabase(major)
    for (const [i, { sql }] of families.entries()) {
      await from.query(`create schema f${i}; set search_path = f${i}`)
      for (const statement of sql) await from.query(statement)
    }
    for (const { name } of [from, to]) {
      for (const [setting, value] of Object.entries(MISLEADING)) {
        await from.query(`alter database ${name} set ${setting} = '${value}'`)
      }
    }
    await copySystem(full(harness), systemOf(from), systemOf(to))
    original = await readSystem(full(harness), systemOf(from))
    copy = await readSystem(full(harness), systemOf(to))
  })

  afterAll(async () => {
    await from[Symbol.asyncDispose]()
    await to[Symbol.asyncDispose]()
  })

  describe.each(families.map(({ name }, i) => ({ name, schema: `f${i}` })))(
    '$name',
    ({ schema }) => {
      test('arrives as the same text', async () => {
        const tables = await listTables(from, schema)
        expect(tables.length).toBeGreaterThan(0)
        expect(await listTables(to, schema)).toEqual(tables)
        for (const table of tables) {
          expect(await readText(to, table), table).toEqual(await readText(from, table))
        }
      })

      test('is described the same', () => {
        expect(describedIn(copy, schema)).toEqual(describedIn(original, schema))
      })

      test('is read in key order', () => {
        for (const entity of entitiesIn(original, schema)) {
          const keys = keysOf(entity, original.rows.get(entity.entity) ?? [])
          const isSorted = keys.every(
            (key, i) => i === 0 || compareKeys(keys[i - 1] ?? key, key) < 0,
          )
          expect(isSorted, entity.entity).toBe(true)
        }
      })
    },
  )

  test('sequences stand where they stood', () => {
    expect(copy.catalogue.sequences).toEqual(original.catalogue.sequences)
    expect(Object.values(copy.catalogue.sequences).length).toBeGreaterThan(4)
  })

  test('types are described the same', () => {
    expect(copy.catalogue.definition).toEqual(original.catalogue.definition)
  })

  test.skipIf(major > 15 || !existsSync(PG_DUMP))('pg_dump prints the same schema', () => {
    expect(dumpSchema(to)).toBe(dumpSchema(from))
  })
})

function full(some: Pick<ConnectorHarness, 'connector'>): ConnectorHarness {
  return some as ConnectorHarness
}

function systemOf(database: FreshDatabase) {
  return {
    address: new Secret(database.url),
    exec: async (sql: string) => void (await database.query(sql)),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function listTables(database: FreshDatabase, schema: string): Promise<string[]> {
  const rows = await database.query(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = relnamespace
     where relkind in ('r', 'p') and nspname = $1 order by relname`,
    [schema],
  )
  return rows.map(({ name }) => String(name))
}

/** The rows of a table as the server prints whole rows, generated columns included. */
async function readText(database: FreshDatabase, table: string): Promise<unknown[]> {
  await database.query('set search_path = pg_catalog; set extra_float_digits = 3')
  const qualified = await database.query('select $1::regclass::oid::regclass::text as name', [
    table,
  ])
  const rows = await database.query(
    `select tableoid::regclass::text, x::text from ${qualified[0]?.['name']} x`,
  )
  return rows.map((row) => JSON.stringify(row)).sort()
}

function entitiesIn({ catalogue }: SystemContents, schema: string): DescribedEntity[] {
  return catalogue.entities.filter(({ entity }) => entity.startsWith(`${schema}.`))
}

function describedIn(contents: SystemContents, schema: string): unknown {
  return entitiesIn(contents, schema).map((entity) => ({
    ...entity,
    sourceId: null,
    // A column that came late has its number and its missing value for good; in the copy it is there from the start.
    fields: entity.fields.map((field) => ({ ...field, sourceId: null, missing: null })),
  }))
}

function keysOf({ fields, key }: DescribedEntity, rows: readonly Values[]): Uint8Array[] {
  if (key === null) return []
  const names = fields.map(({ name }) => name)
  return rows.map((row) => {
    const values = key.fields.map((name) => row[names.indexOf(name)] ?? '')
    return encodeKey(values, key.encodings)
  })
}

function dumpSchema({ url }: FreshDatabase): string {
  const dump = execFileSync(PG_DUMP, ['--schema-only', '--no-owner', `--dbname=${url}`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  // Newer versions of the tool print a random word.
  return dump.replaceAll(/^\\(?:un)?restrict .*$/gm, '')
}
