import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readMariadbType } from './mapping/mariadb-types.ts'
import type { NeutralField, OwnType } from './mapping/neutral.ts'
import { readPostgresType } from './mapping/postgres-types.ts'
import { readSqliteType } from './mapping/sqlite-types.ts'
import { ANY_TEXT, openFit, toNeutralText } from './neutral-fields.ts'

const SHARED = {
  ...{ entities: [], schemas: [], extensions: [], collations: [], domains: [], composites: [] },
  ...{
    ranges: [],
    enums: [{ schema: 'public', name: 'mood', type: 'public.mood', labels: ['a'] }],
  },
}
const postgres = (type: string) => fieldOf(readPostgresType(type, SHARED as never))
const mariadb = (type: string, checked?: 'boolean') => fieldOf(readMariadbType(type, checked))
const sqlite = (type: string, length: number | null = null) => fieldOf(readSqliteType(type, length))

function fieldOf(own: OwnType): NeutralField {
  return { ...own, name: 'f', isNullable: true, default: null, isFilled: false }
}

function fitted(from: NeutralField | 'text', to: NeutralField, own: string): string | null {
  const read = from === 'text' ? { text: own } : toNeutralText(from, own)
  const convert = openFit(from === 'text' ? ANY_TEXT : from.neutral, to)
  if (convert === null || !('text' in read)) return null
  const done = convert(read.text)
  return 'text' in done ? done.text : `needs ${done.wanted.replace(/^.* needs /, '')}`
}

test.each([
  ['12.50', 'numeric(8,1)', '12.5'],
  ['12.55', 'numeric(8,1)', 'needs at most 1 digits behind the point'],
  ['99999999.0', 'numeric(8,1)', 'needs at most 7 digits'],
  ['-0.00', 'numeric(8,2)', '0.00'],
  ['-0.10', 'numeric', '-0.10'],
  ['7.00', 'integer', '7'],
  ['7.10', 'integer', 'needs a whole number'],
  ['2147483648.0', 'integer', 'needs a whole number of 32 bits'],
  ['1.5', 'double precision', null],
  ['1.5', 'date', null],
  ['1.50', 'character varying(4)', '1.50'],
  ['1.50', 'character varying(3)', 'needs at most 3 characters'],
])('a decimal %s in %s is %s', (own, type, wanted) => {
  expect(fitted(postgres('numeric'), postgres(type), own)).toBe(wanted)
})

test.each([
  ['2026-02-28', postgres('date'), '2026-02-28'],
  ['2026-02-29', postgres('date'), 'needs a day'],
  ['2026-06-30 12:00:00.5', mariadb('datetime(3)'), '2026-06-30 12:00:00.500'],
  ['2026-06-30 12:00:00.1234', mariadb('datetime(3)'), 'needs at most 3 digits of a second'],
  ['2026-06-30 25:00:00', mariadb('datetime(3)'), 'needs a moment'],
  ['true', mariadb('tinyint(1)', 'boolean'), '1'],
  ['yes', postgres('boolean'), 'needs true or false'],
  ['007', postgres('integer'), 'needs a whole number'],
  ['0.1', postgres('double precision'), '0.1'],
  ['0.1', postgres('real'), '0.1'],
  ['0.123456789', postgres('real'), 'needs a number that a float of 32 bits holds exactly'],
  ['a', postgres('public.mood'), 'a'],
  ['A', postgres('public.mood'), 'needs one of its labels'],
  ['ab', postgres('character(4)'), 'ab  '],
  ['ab ', postgres('character(4)'), 'needs no blanks at its end'],
  ['🎉🎉', mariadb('varchar(2)'), '🎉🎉'],
  ['{"a":1}', postgres('json'), '{"a":1}'],
  ['{a}', postgres('json'), 'needs JSON'],
  ['\\x00ff', mariadb('varbinary(1)'), 'needs at most 1 bytes'],
  ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', postgres('uuid'), 'needs a UUID in lower case'],
  ['1 day', postgres('interval'), null],
])('a text %s', (text, to, wanted) => {
  expect(fitted('text', to, text)).toBe(wanted)
})

test.each([
  [postgres('boolean'), mariadb('tinyint(1)', 'boolean'), 't', '1'],
  [
    postgres('timestamp with time zone'),
    sqlite('TIMESTAMPTZ_TEXT(6)'),
    '2026-01-31 10:00:00.50+00',
    '2026-01-31 10:00:00.5Z',
  ],
  [postgres('timestamp with time zone'), postgres('timestamp without time zone'), 'x', null],
  [postgres('timestamp without time zone'), mariadb('date'), '2026-01-31 00:00:00', '2026-01-31'],
  [
    postgres('timestamp without time zone'),
    mariadb('date'),
    '2026-01-31 00:00:01',
    'needs a moment at midnight',
  ],
  [postgres('date'), mariadb('datetime(0)'), '2026-01-31', '2026-01-31 00:00:00'],
  [postgres('date'), mariadb('date'), 'infinity', 'needs a date of the years 1 to 9999'],
  [
    mariadb('bigint(20) unsigned'),
    postgres('bigint'),
    '18446744073709551615',
    'needs a whole number of 64 bits',
  ],
  // SQLite keeps numbers as floats: what it would make another number is refused.
  [postgres('numeric'), sqlite('NUMERIC'), '12345678901234567.89', 'needs another value'],
  [postgres('numeric'), sqlite('NUMERIC'), '0.10', '0.1'],
  [postgres('double precision'), mariadb('double'), 'NaN', 'needs a finite number other than -0'],
])('from %o to %o: %s', (from, to, own, wanted) => {
  expect(fitted(from, to, own)).toBe(wanted)
})

test('an amount is the same amount in every type that takes it', () => {
  const amounts = fc.tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.nat(6))
  const types = [
    postgres('numeric(20,4)'),
    mariadb('decimal(12,2)'),
    sqlite('NUMERIC'),
    mariadb('int(11)'),
    postgres('text'),
  ]
  fc.assert(
    fc.property(amounts, fc.constantFrom(...types), ([units, scale], to) => {
      const size = String(units < 0n ? -units : units).padStart(scale + 1, '0')
      const whole = size.slice(0, size.length - scale)
      const own = `${units < 0n ? '-' : ''}${whole}${scale > 0 ? `.${size.slice(-scale)}` : ''}`
      const there = fitted(postgres('numeric'), to, own)
      fc.pre(there !== null && !there.startsWith('needs'))
      expect(exact(there ?? '')).toBe(exact(own))
    }),
  )
})

/** Whole numbers of millionths. */
function exact(text: string): bigint {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const size = BigInt(whole + fraction.padEnd(6, '0'))
  return sign === '-' ? -size : size
}
