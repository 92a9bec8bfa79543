import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FormatProblem } from './format-problem.ts'
import { compress, decompress, openZstd, SPARE_BYTES } from './zstd.ts'

const zstd = openZstd()

function decompressed(frame: Uint8Array, sizeBytes: number): Uint8Array {
  const target = new Uint8Array(sizeBytes + SPARE_BYTES + 10)
  zstd.decompressInto(frame, target, 10, sizeBytes)
  return target.slice(10, 10 + sizeBytes)
}

const texts = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom('abc', 'xyz', '\n'), { maxLength: 900 }).map((parts) => {
    return new Uint8Array(Buffer.from(parts.join('')))
  }),
)

test('contexts are kept with this Node; else frames are made one by one, slower', () => {
  expect(zstd.isReusing).toBe(true)
})

test('what either way compresses, both ways decompress', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(1 as const, 3 as const), (bytes, level) => {
      for (const frame of [zstd.compress(bytes, level), compress(bytes, level)]) {
        expect(decompressed(frame, bytes.length)).toEqual(bytes)
        expect(decompress(frame, bytes.length)).toEqual(bytes)
      }
    }),
  )
})

test('frames of another size, cut short or followed by anything are refused', () => {
  const bytes = new Uint8Array(
    Buffer.from('some text that is long enough to be compressed'.repeat(9)),
  )
  const frame = new Uint8Array(zstdCompressSync(bytes))
  const size = bytes.length
  const bad: [Uint8Array, number][] = [
    [frame, size - 1],
    [frame, size + 1],
    [frame.slice(0, -1), size],
    [frame.slice(1), size],
    [new Uint8Array([...frame, 0]), size],
    [new Uint8Array([...frame, ...frame]), size],
    [new Uint8Array(0), size],
  ]
  for (const [damaged, due] of bad) {
    expect(() => decompressed(damaged, due)).toThrow(FormatProblem)
    // A context that met damage is not used again.
    expect(decompressed(frame, size)).toEqual(bytes)
  }
  expect(() => decompress(frame, size - 1)).toThrow(FormatProblem)
  expect(() => decompress(frame.slice(0, -1), size)).toThrow(FormatProblem)
})
