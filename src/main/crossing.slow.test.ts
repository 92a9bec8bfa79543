import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { newestMajor } from '#test/servers/fresh-database'
import {
  aCrossing,
  mariadbSide,
  postgresSide,
  type Side,
  sqliteSide,
} from './testing/a-crossing.ts'

/** Types of PostgreSQL with SQL of some of their values, all of which every platform holds. */
const TYPES = [
  ['bigint', ['0', '-9223372036854775808', '9223372036854775807', '42']],
  ['smallint', ['-32768', '32767', '0']],
  ['numeric(20,4)', ['0', '-0.0001', '1234567890123456.7891', '10.5']],
  ['numeric', ['1.500', '-1e-20', '123456789012345678901234567890.5']],
  ['double precision', ['0.1', '1e300', '-2.5e-300', '1e15', '1234567890123456.7', '5e-324']],
  ['real', ['0.1', '3.4028235e38', '1e-45', '16777216', '123456.79']],
  ['boolean', ['true', 'false']],
  ['text', ["''", "' '", "'Ä b'", "E'tab\\t\\n\\\\ \\x08'", "'it''s'", "'\\N'"]],
  ['character varying(12)', ["''", "'zwölf'", "'x  '"]],
  ['character(6)', ["''", "'ab'", "'abcdef'"]],
  ['bytea', ["''", "'\\x00ff0a095c'", "'\\x5c4e'"]],
  ['date', ["'0001-01-01'", "'9999-12-31'", "'2026-02-28'"]],
  ['time(3) without time zone', ["'00:00:00'", "'23:59:59.999'", "'12:30:00.5'"]],
  [
    'timestamp without time zone',
    ["'0001-01-01 00:00:00'", "'2026-01-31 23:59:59.123456'", "'2026-01-31 10:00:00.1'"],
  ],
  ['timestamp with time zone', ["'1969-12-31 23:59:59.5Z'", "'2038-01-19 03:14:08Z'"]],
  ['uuid', ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'"]],
  ['jsonb', ["'null'", `'{"b":[1.10,"x\\ty"]}'`]],
  ['interval', ["'1 year 2 days -00:00:01.5'"]],
  ['int4[]', ["'{1,NULL,3}'", "'{}'"]],
  ['bit(5)', ["B'10101'"]],
] as const

/** Those of which a key may be. */
const KEYS = ['bigint', 'text', 'character varying(12)', 'uuid', 'date', 'smallint']

const field = fc.record({
  type: fc.nat(TYPES.length - 1),
  isNullable: fc.boolean(),
  hasDefault: fc.boolean(),
  isUnique: fc.boolean(),
})
const table = fc.record({
  keys: fc.array(fc.constantFrom(...KEYS), { maxLength: 2 }),
  fields: fc.array(field, { minLength: 1, maxLength: 8 }),
  rows: fc.array(fc.array(fc.option(fc.nat(100)), { minLength: 10, maxLength: 10 }), {
    maxLength: 8,
  }),
})
type Table = typeof table extends fc.Arbitrary<infer Value> ? Value : never

function typeOf(index: number): readonly [string, readonly string[]] {
  return TYPES[index] ?? TYPES[0]
}

/** Rows that a constraint refuses are left out. */
function toSql({ fields, keys, rows }: Table, name: string): string[] {
  const columns = [
    ...keys.map((type, i) => ({ name: `k${i}`, type, sql: `k${i} ${type} not null` })),
    ...fields.map((one, i) => {
      const [type, [value]] = typeOf(one.type)
      const words = `${one.isNullable ? '' : ' not null'}${one.hasDefault ? ` default ${value}` : ''}`
      const isUnique = one.isUnique && KEYS.includes(type)
      return { name: `f${i}`, type, sql: `f${i} ${type}${words}${isUnique ? ' unique' : ''}` }
    }),
  ]
  const primary =
    keys.length === 0 ? [] : [`primary key (${keys.map((_, i) => `k${i}`).join(', ')})`]
  const create = `create table ${name} (${[...columns.map(({ sql }) => sql), ...primary].join(', ')})`
  const inserts = rows.map((row) => {
    const values = columns.map(({ type }, i) => {
      const picked = row[i] ?? null
      const [, known] = TYPES.find(([one]) => one === type) ?? TYPES[0]
      return picked === null ? 'null' : `${known[picked % known.length]}`
    })
    return `insert into ${name} values (${values.join(', ')}) on conflict do nothing`
  })
  return [create, ...inserts]
}

async function printAll(side: Side, tables: readonly string[]): Promise<unknown> {
  const printed: unknown[] = []
  for (const name of tables) {
    const [list] =
      await side.query(`select string_agg('concat(' || quote_ident(attname) || ') || case when '
      || quote_ident(attname) || ' is null then ''-'' else ''+'' end', ', ' order by attname) as sql
      from pg_attribute where attrelid = '${name}'::regclass and attnum > 0`)
    const rows = await side.query(
      `select array[${list?.['sql']}]::text as row from ${name} order by 1`,
    )
    printed.push(rows.map((row) => row['row']))
  }
  return printed
}

for (const [name, make] of [
  ['SQLite', sqliteSide],
  ['MariaDB', mariadbSide],
] as const) {
  const hasServers = inject('servers').majors.length > 0 && inject('servers').hasMariadb
  test.runIf(hasServers)(
    `random tables of PostgreSQL come back from ${name}`,
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(table, { minLength: 1, maxLength: 3 }), async (tables) => {
          await using erp = await postgresSide(newestMajor())
          await using middle = await make()
          await using back = await postgresSide(newestMajor())
          const names = tables.map((_, i) => `t${i}`)
          for (const [i, one] of tables.entries()) {
            for (const sql of toSql(one, `t${i}`)) await erp.query(sql).catch(ignoreNotNull)
          }
          const crossing = await aCrossing({ erp, middle, back })
          await crossing.backUp('erp')
          await crossing.move('erp', 'middle')
          expect((await crossing.verify('erp', 'middle')).verdict).toBe('same')
          await crossing.backUp('middle')
          await crossing.move('middle', 'back')
          // MariaDB's instants have no zone, which PostgreSQL prints.
          const withoutZone = (printed: unknown) => JSON.stringify(printed).replaceAll('+00', '')
          expect(withoutZone(await printAll(back, names))).toBe(
            withoutZone(await printAll(erp, names)),
          )
        }),
        { numRuns: 12 },
      )
    },
    600_000,
  )
}

function ignoreNotNull(error: unknown): void {
  if (!/null value in column|duplicate key/.test(String(error))) throw error
}
