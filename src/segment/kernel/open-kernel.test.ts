import { expect, test } from 'vitest'
import { openKernel } from './open-kernel.ts'

// Key 00..0f, messages 00, 00 01, ...: vectors_sip64 of the reference implementation.
const VECTORS = [
  '310e0edd47db6f72',
  'fd67dc93c539f874',
  '5a4fa9d909806c0d',
  '2d7efbd796666785',
  'b7877127e09427cf',
  '8da699cd64557618',
  'cee3fe586e46c9cb',
  '37d1018bf50002ab',
  '6224939a79f5f593',
  'b0e4a90bdf82009e',
  'f3b9dd94c5bb5d7a',
  'a7ad6b22462fb3f4',
  'fbe50e86bc8f1e75',
  '903d84c02756ea14',
  'eef27a8e90ca23f7',
  'e545be4961ca29a1',
]

test('sipEnd() gives the digests of the reference implementation', () => {
  const kernel = openKernel()
  const [key = 0, text = 0, out = 0] = kernel.layOut([16, 64, 8])
  kernel.bytes().set(
    Uint8Array.from({ length: 16 }, (_, i) => i),
    key,
  )
  kernel.bytes().set(
    Uint8Array.from({ length: 64 }, (_, i) => i),
    text,
  )
  kernel.calls.sipKey(key)
  for (const [size, expected] of VECTORS.entries()) {
    kernel.calls.sipStart()
    kernel.calls.sipEnd(text, size, size, out)
    expect(Buffer.from(kernel.bytes().slice(out, out + 8)).toString('hex')).toBe(expected)
  }
})

test('a digest is the same with a prefix and in pieces', () => {
  const kernel = openKernel()
  const [key = 0, text = 0, out = 0] = kernel.layOut([16, 64, 16])
  kernel.bytes().set(
    Uint8Array.from({ length: 64 }, (_, i) => 200 - i),
    text,
  )
  kernel.calls.sipKey(key)
  kernel.calls.sipEnd(text, 45, 45, out)
  kernel.calls.sipPrefix(text)
  kernel.calls.sipStart()
  kernel.calls.sipWords(text + 8, 16)
  kernel.calls.sipEnd(text + 24, 21, 37, out + 8)
  const bytes = kernel.bytes()
  expect(bytes.slice(out + 8, out + 16)).toEqual(bytes.slice(out, out + 8))
})

test('layOut() gives areas that do not touch, whatever their sizes', () => {
  const kernel = openKernel()
  const sizes = [0, 1, 5_000_000, 17]
  const addresses = kernel.layOut(sizes)
  sizes.forEach((size, i) => {
    const next = addresses[i + 1] ?? kernel.bytes().length
    expect(next - ((addresses[i] ?? 0) + size)).toBeGreaterThanOrEqual(64)
  })
})
