import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatTime } from './format-amounts.ts'
import { formatTable } from './format-table.ts'
import { shorten, textWidth, visible } from './text-width.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 KB'],
  [9_994, '9.99 KB'],
  [9_995, '10.0 KB'],
  [123_456_789, '123 MB'],
  [999_499, '999 KB'],
  [999_500, '1.00 MB'],
])('formatBytes(%d) is %s', (size, text) => {
  expect(formatBytes(size)).toBe(text)
})

test.each([
  [12, '12 ms'],
  [4_240, '4.2 s'],
  [59_949, '59.9 s'],
  [59_950, '1:00'],
  [185_000, '3:05'],
  [3_723_000, '1:02:03'],
])('formatDuration(%d) is %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})

test('formatCount() and formatTime()', () => {
  expect(formatCount(2_000_000)).toBe('2 000 000')
  expect(formatCount(42)).toBe('42')
  expect(formatTime('2026-06-30T12:00:00.123456Z')).toBe('2026-06-30 12:00:00 UTC')
  expect(formatTime('later')).toBe('later')
})

test('formatTable() aligns by the width a terminal gives', () => {
  const columns = [{ title: 'entity' }, { title: 'rows', align: 'right' }] as const
  const rows = [
    ['客户', '1'],
    ['e\u0301te', '12 000'],
    ['tab\there', ''],
  ]
  expect(formatTable(columns, rows)).toBe(
    'entity       rows\n客户            1\ne\u0301te        12 000\ntab\\there\n',
  )
})

test('textWidth() of plain text is its length', () => {
  fc.assert(fc.property(fc.stringMatching(/^[ -~]*$/), (text) => textWidth(text) === text.length))
})

test.each([
  ['Müller', 6, 'Müller'],
  ['Müller & Co', 6, 'Mülle…'],
  ['客户公司', 6, '客户…'],
  ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
])('shorten(%j, %d) is %j', (text, widthMax, short) => {
  expect(shorten(text, widthMax)).toBe(short)
})

test('visible() leaves no control character', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/\p{Cc}/u.test(visible(text))))
})

test.each([
  ['客户', 4],
  ['e\u0301', 1],
  ['👩‍🚀', 2],
  ['🇩🇪', 2],
  ['❤️', 2],
  ['\u001b[31mred\u001b[39m é', 5],
])('textWidth(%j) is %d', (text, width) => {
  expect(textWidth(text)).toBe(width)
})
