import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import type { DescribedEntity, SchemaVersion } from '#record/schema'
import { Misfit, type NeutralType } from './mapping/neutral.ts'
import { PLATFORMS } from './mapping/platforms.ts'
import { isMappable, listTypes, mapTables } from './mapping.ts'

const KINDS = Object.keys(PLATFORMS)
const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`))
const pad = (n: number, width = 2) => String(n).padStart(width, '0')
const date = fc
  .tuple(
    fc.integer({ min: 1, max: 9999 }),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 28 }),
  )
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month)}-${pad(day)}`)
const fraction = fc.stringMatching(/^(?:\.[0-9]{0,5}[1-9])?$/)
const time = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fraction)
  .map(([hour, minute, second, rest]) => `${pad(hour)}:${pad(minute)}:${pad(second)}${rest}`)
const moment = fc.tuple(date, time).map((parts) => parts.join(' '))
const isKept = (n: number) => Number.isFinite(n) && !Object.is(n, -0)

/** Types, and neutral texts of values that all platforms hold. */
const VALUES: readonly (readonly [NeutralType, fc.Arbitrary<string>])[] = [
  [
    { kind: 'integer', bits: 64, isUnsigned: false },
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  ],
  [
    { kind: 'decimal', size: { precision: 20, scale: 3 } },
    fc.tuple(digits(17), fc.stringMatching(/^[0-9]{3}$/)).map((p) => `${BigInt(p[0])}.${p[1]}`),
  ],
  [{ kind: 'float', bits: 64 }, fc.double().filter(isKept).map(String)],
  [{ kind: 'boolean' }, fc.constantFrom('true', 'false')],
  [{ kind: 'text', length: null }, fc.string()],
  [{ kind: 'padded', length: 8 }, fc.stringMatching(/^[a-zä]{0,8}$/)],
  [
    { kind: 'bytes', length: null },
    fc.uint8Array().map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  ],
  [{ kind: 'date' }, date],
  [{ kind: 'time', digits: 6 }, time],
  [{ kind: 'moment', digits: 6 }, moment],
  [{ kind: 'instant', digits: 6 }, moment],
  [{ kind: 'bits', length: 4 }, fc.stringMatching(/^[01]{4}$/)],
]

describe('a value', () => {
  for (const kind of KINDS) {
    test(`comes back from the text of ${kind} as it was`, () => {
      for (const [type, values] of VALUES) {
        const codec = PLATFORMS[kind]?.writeType(type).codec ?? null
        fc.assert(
          fc.property(values, (neutral) => {
            if (codec === null) return
            expect(codec.toNeutral(codec.fromNeutral(neutral))).toBe(neutral)
          }),
          { numRuns: 200 },
        )
      }
    })

    test(`has a type on ${kind} that is read as what it was written for`, () => {
      for (const [type] of VALUES) {
        const { type: written } = PLATFORMS[kind]?.writeType(type) ?? { type: '' }
        const read = PLATFORMS[kind]?.readType(written, {}).neutral
        // The check beside it says that it is a boolean; `datetime` holds instants without saying so.
        const others: Readonly<Record<string, string>> = { boolean: 'integer', instant: 'moment' }
        const allowed = [type.kind, ...(kind === 'mariadb' ? [others[type.kind]] : [])]
        expect(allowed, written).toContain(read?.kind)
      }
    })
  }

  test('is printed as the servers print it', () => {
    const doubles = ['1e15', '100000000000000', '1e-5', '1234567890123456.8', '1.2e-15', '5e-324']
    const print = (kind: string) => {
      const codec = PLATFORMS[kind]?.writeType({ kind: 'float', bits: 64 }).codec
      return doubles.map((text) => codec?.fromNeutral(String(Number(text))))
    }
    expect(print('postgres')).toEqual([
      '1e+15',
      '100000000000000',
      '1e-05',
      '1.2345678901234568e+15',
      '1.2e-15',
      '5e-324',
    ])
    expect(print('mariadb')).toEqual([
      '1e15',
      '100000000000000',
      '0.00001',
      '1234567890123456.8',
      '0.0000000000000012',
      '5e-324',
    ])
    expect(print('sqlite')).toEqual([
      '1000000000000000.0',
      '100000000000000.0',
      '0.00001',
      '1234567890123456.8',
      '1.2e-15',
      '5e-324',
    ])
  })

  test.each([
    ['mariadb', { kind: 'date' }, 'infinity'],
    ['mariadb', { kind: 'date' }, '0044-03-15 BC'],
    ['mariadb', { kind: 'instant', digits: 6 }, '10000-01-01 00:00:00'],
    ['mariadb', { kind: 'float', bits: 64 }, 'NaN'],
    ['mariadb', { kind: 'decimal', size: { precision: 5, scale: 2 } }, 'NaN'],
    ['mariadb', { kind: 'time', digits: 0 }, '12:00:00.5'],
    ['sqlite', { kind: 'float', bits: 64 }, '-0'],
  ] as const)('of %s is refused where it would be another one', (kind, type, neutral) => {
    expect(() => PLATFORMS[kind]?.writeType(type).codec?.fromNeutral(neutral)).toThrow(Misfit)
  })
})

test('every two platforms have a table of types', () => {
  for (const from of KINDS) {
    for (const to of KINDS.filter((kind) => kind !== from)) {
      expect(isMappable(from, to)).toBe(true)
      const types = listTypes(from, to)
      for (const { exact, to: there, why } of types) {
        expect(there).not.toBe('')
        expect(exact).toBe(why === null)
      }
    }
  }
  expect(isMappable('postgres', 'postgres')).toBe(false)
  expect(isMappable('postgres', 'files')).toBe(false)
})

const SQL = `CREATE TABLE "order" (id INTEGER PRIMARY KEY AUTOINCREMENT, code VARCHAR(5) UNIQUE DEFAULT 'it''s',
  total INTEGER NOT NULL DEFAULT -5, is_open BOOLEAN CHECK (is_open IN (0, 1)), at TIMESTAMP_TEXT(3) DEFAULT CURRENT_TIMESTAMP,
  doubled INTEGER GENERATED ALWAYS AS (total * 2),
  CONSTRAINT few CHECK (total BETWEEN 1 AND 10 OR total IS NULL), CHECK (code GLOB 'a*'))`

function anOrder(sql = SQL): SchemaVersion {
  const field = (name: string, type: string) => ({
    name,
    type,
    isNullable: true,
    sourceId: null,
    missing: null,
  })
  const described: DescribedEntity = {
    entity: 'main."order"' as EntityName,
    sourceId: null,
    fields: [
      field('id', 'INTEGER'),
      field('code', 'VARCHAR(5)'),
      field('total', 'INTEGER'),
      field('is_open', 'BOOLEAN'),
      field('at', 'TIMESTAMP_TEXT(3)'),
    ],
    key: { fields: ['id'], encodings: ['integer'] },
    foreignKeys: [],
    definition: {
      sql,
      indexes: [
        'CREATE INDEX by_total ON "order" (total, code)',
        'CREATE INDEX low ON "order" (lower(code))',
      ],
    },
    scanOrder: 'key',
    missingGrant: null,
  }
  return evolveSchema(undefined, described).schema
}

test('a table goes along with its keys, defaults, checks and counter, and says what does not', () => {
  const schema = anOrder()
  const tables = { schemas: [schema], definition: {}, sequences: { [schema.entity]: '41' } }
  const mapping = mapTables('sqlite', 'postgres', tables)
  const plan = mapping.planTables([schema])
  expect(plan.sequences).toEqual({ 'public.order_id_seq': '41' })
  expect(plan.schemas[0]).toMatchObject({
    entity: 'public.order',
    definition: {
      columns: [
        { name: 'id', type: 'bigint', identity: 'd' },
        { name: 'code', type: 'text', default: "'it''s'::text" },
        { name: 'total', default: "'-5'::bigint" },
        { name: 'is_open', type: 'boolean' },
        { name: 'at', type: 'timestamp(3) without time zone', default: 'CURRENT_TIMESTAMP' },
      ],
      constraints: [
        { kind: 'p', definition: 'PRIMARY KEY ("id")' },
        { kind: 'u', definition: 'UNIQUE ("code")' },
        {
          kind: 'c',
          name: 'few',
          definition: 'CHECK ("total" BETWEEN 1 AND 10 OR "total" IS NULL)',
        },
      ],
      indexes: [
        { definition: 'CREATE INDEX "by_total" ON "public"."order" USING btree ("total", "code")' },
      ],
    },
  })
  const leftOut = mapping.report.filter(({ to }) => to === null).map(({ from }) => from)
  expect(leftOut.sort()).toEqual(["CHECK (code GLOB 'a*')", 'generated field doubled', 'index low'])
})

test('what SQLite numbers without AUTOINCREMENT is numbered elsewhere, and nothing else is', () => {
  const identityOf = (key: string) => {
    const schema = anOrder(`CREATE TABLE "order" (id ${key}, code, total, is_open, at)`)
    const tables = { schemas: [schema], definition: {}, sequences: {} }
    const [made] = mapTables('sqlite', 'postgres', tables).planTables([schema]).schemas
    return JSON.stringify(made?.definition).includes('"identity":"d"')
  }
  expect(identityOf('INTEGER PRIMARY KEY')).toBe(true)
  expect(identityOf('INT PRIMARY KEY')).toBe(false)
})
