import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTexts, textsSchema, writeTexts } from './rising-texts.ts'

const time = fc
  .record({ ms: fc.date({ noInvalidDate: true }), micros: fc.integer({ min: 0, max: 999 }) })
  .map(({ micros, ms }) => `${ms.toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`)
const position = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.nat(), fc.integer({ min: 1, max: 2 }))
  .map(([high, low, line]) => `${high}/${low.toString(16).toUpperCase()}@${line}`)
const text = fc.oneof(
  time,
  position,
  fc.nat().map(String),
  fc.constantFrom('', '007', '0/ab@1', '0-1-77', '2026-02-30T00:00:00.000000Z'),
  fc.string(),
)

test('texts are read as they were written, whatever they are', () => {
  const lists = fc.oneof(
    fc.array(time),
    fc.array(position),
    fc.array(fc.nat().map(String)),
    fc.array(text),
  )
  fc.assert(
    fc.property(lists, (texts) => {
      const written = textsSchema.parse(JSON.parse(JSON.stringify(writeTexts(texts))))
      expect(readTexts(written)).toEqual(texts)
    }),
  )
})

test('names, times and positions of a feed are written as numbers', () => {
  expect(writeTexts(['741', '743'])).toMatchObject({ form: 'decimal', first: 741, steps: [2] })
  const positions = ['1/FFFFFFF0@1', '1/FFFFFFF8@1']
  expect(writeTexts(positions)).toMatchObject({
    form: 'hex',
    before: '1/',
    after: '@1',
    steps: [8],
  })
  const times = ['2026-06-30T12:00:00.999999Z', '2026-06-30T12:00:00.999990Z']
  expect(writeTexts(times)).toMatchObject({ form: 'time', steps: [-9] })
  expect(writeTexts(['0/FFFFFFF0@1', '1/0@1'])).toEqual(['0/FFFFFFF0@1', '1/0@1'])
})

test('numbers that no text has are refused', () => {
  const wrong = { form: 'time' as const, before: '', after: '' }
  expect(readTexts({ ...wrong, first: 0, steps: [-1] })).toBeUndefined()
  expect(readTexts({ ...wrong, first: 1e15, steps: [1e18] })).toBeUndefined()
})
