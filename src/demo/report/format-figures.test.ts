import { expect, test } from 'vitest'
import { formatBytes, formatCount, formatDuration, formatTime } from './format-figures.ts'
import { formatHex } from './storage-section.ts'

const plain = (text: string) => text.replaceAll('\u202f', ' ')

test.each([
  [0, '0'],
  [999, '999'],
  [1800, '1 800'],
  [407_856, '407 856'],
  [1_234_567, '1 234 567'],
])('formatCount(%i) is %s', (count, text) => {
  expect(plain(formatCount(count))).toBe(text)
})

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [999_600, '1.0 MB'],
  [46_772_224, '46.8 MB'],
  [181_000, '181 kB'],
])('formatBytes(%i) is %s', (bytes, text) => {
  expect(plain(formatBytes(bytes))).toBe(text)
})

test.each([
  [0.4, '0 ms'],
  [461, '461 ms'],
  [1273, '1.3 s'],
  [125_000, '2 min 5 s'],
])('formatDuration(%d) is %s', (durationMs, text) => {
  expect(plain(formatDuration(durationMs))).toBe(text)
})

test('formatTime() reads a time and leaves anything else', () => {
  expect(formatTime('2026-11-01T22:32:16.123Z')).toBe('1 November 2026, 22:32 UTC')
  expect(formatTime('yesterday')).toBe('yesterday')
})

test('formatHex() prints offset, bytes and letters, and stops at 256 bytes', () => {
  expect(formatHex({ hex: '486f6c646661737400ff', offset: 16 })).toBe(
    '00000010  48 6f 6c 64 66 61 73 74  00 ff                    Holdfast··',
  )
  expect(formatHex({ hex: '00'.repeat(1000), offset: 0 }).split('\n')).toHaveLength(16)
})
