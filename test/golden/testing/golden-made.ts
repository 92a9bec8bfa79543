import type { ToldTable } from './told-source.ts'

const uuid = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-${'ab'.repeat(6)}`
const key = (fields: string[], encodings: NonNullable<ToldTable['key']>['encodings']) => ({
  fields,
  encodings,
})

/** Text that does not shrink: the same on every machine. */
function noise(seed: number, characters: number): string {
  let state = seed
  let text = ''
  while (text.length < characters) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += (state >>> 8).toString(36)
  }
  return text.slice(0, characters)
}

const asset = (day: number): ToldTable => ({
  name: 'asset',
  fields: [
    { name: 'id', type: 'uuid', sourceId: '1' },
    // A rename that the source proves, and a field more with a known value.
    { name: day < 2 ? 'said' : 'note', type: 'text', sourceId: '2' },
    ...(day < 1 ? [] : [{ name: 'state', type: 'text', sourceId: '3', missing: 'new' }]),
    ...(day < 2 ? [] : [{ name: 'seen', type: 'text', sourceId: '4', missing: '\\N' }]),
  ],
  key: key(['id'], ['uuid']),
  rows: Array.from({ length: 12 }, (_, i) => [
    uuid(12 - i),
    i === day ? `changed on ${day}` : `asset\\t${i}`,
    ...(day < 1 ? [] : [i === 3 ? 'old' : 'new']),
    ...(day < 2 ? [] : [i === 4 ? 'yesterday' : '\\N']),
  ]),
})

const line = (day: number): ToldTable => ({
  name: 'Order Line',
  fields: [
    { name: 'order', type: 'uuid' },
    { name: 'line', type: 'bigint' },
    { name: 'country', type: 'text' },
    // Retyped on the last day: the layout is another one, and every row is written again.
    { name: 'amount', type: day < 2 ? 'numeric(38,10)' : 'numeric(38,2)' },
  ],
  key: key(['country', 'order', 'line'], ['text', 'uuid', 'integer']),
  rows: ['DE', 'D', '', 'DE\\\\'].flatMap((country, i) =>
    [-1, 0, '18446744073709551615'].map((number) => [
      uuid(i),
      String(number),
      country,
      i === day ? '\\N' : day < 2 ? '12345678901234567890.0000000001' : '12345678901234567890.00',
    ]),
  ),
})

/** Two blocks of rows, and columns that fill sections of their own. */
const bulk = (day: number): ToldTable => ({
  name: 'bulk',
  fields: ['id', 'noise', 'more', 'page'].map((name) => ({ name, type: 'text' })),
  key: key(['id'], ['text']),
  rows: Array.from({ length: 300 }, (_, i) => [
    `row ${i}`,
    i < 30 ? noise(i + 1, 900) : '',
    i < 30 ? noise(i + 99, 900) : '',
    `${i % 100 === day ? `day ${day}` : ''}${'page '.repeat(900)}`,
  ]),
})

const bare: ToldTable = { name: 'bare', fields: [], key: null, rows: [[], [], []] }

/** What the source holds on each day. */
export const MADE_DAYS: readonly (readonly ToldTable[])[] = [
  [asset(0), line(0), bulk(0), bare],
  [asset(1), line(1), bulk(0), bare],
  [asset(2), line(2), bulk(1), { ...bare, rows: [[], []] }],
]
