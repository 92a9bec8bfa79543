import { expect, test } from 'vitest'
import { HalfSipHash } from './half-sip-hash.ts'

test('HalfSipHash gives what the reference implementation prints for keys and bytes that count up', () => {
  const countUp = (length: number) => Uint8Array.from({ length }, (_, i) => i)
  const hash = new HalfSipHash(countUp(8))
  const told = Array.from({ length: 9 }, (_, length) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(hash.hash(countUp(64), length))
    return bytes.toString('hex')
  })
  expect(told).toEqual([
    ...['a9359f5b', '27475ab8', 'fa62a603', '8afee704', '2a6e4689'],
    ...['c5fab669', '5863fc23', '8bcf63c5', 'd0b8848f'],
  ])
})
