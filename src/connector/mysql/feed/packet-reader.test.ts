import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketReader } from './packet-reader.ts'

function packetsOf(payload: Buffer, payloadMax: number): Buffer[] {
  const packets: Buffer[] = []
  for (let at = 0, isLast = false; !isLast; at += payloadMax) {
    const part = payload.subarray(at, at + payloadMax)
    const header = Buffer.alloc(4)
    header.writeUIntLE(part.length, 0, 3)
    packets.push(header, part)
    isLast = part.length < payloadMax
  }
  return packets
}

function readAll(reads: readonly Buffer[]): Buffer[] {
  const reader = new PacketReader()
  const found: Buffer[] = []
  for (const read of reads) {
    reader.push(read)
    while (reader.next()) found.push(Buffer.from(reader.buffer.subarray(reader.start, reader.end)))
  }
  return found
}

test('PacketReader finds payloads wherever reads cut them', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)))
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
  fc.assert(
    fc.property(payloads, cuts, (wanted, sizes) => {
      const bytes = Buffer.concat(wanted.flatMap((payload) => packetsOf(payload, 0xffffff)))
      const reads: Buffer[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        reads.push(bytes.subarray(at, at + size))
        at += size
      }
      expect(readAll(reads)).toEqual(wanted)
    }),
  )
})

test.each([0xffffff - 1, 0xffffff, 0xffffff + 1, 2 * 0xffffff, 2 * 0xffffff + 5])(
  'PacketReader joins packets of a payload of %i bytes',
  (size) => {
    const payload = Buffer.alloc(size, 'abcdefg')
    payload.writeUInt32LE(size - 1, 10)
    const bytes = Buffer.concat([
      ...packetsOf(payload, 0xffffff),
      ...packetsOf(Buffer.from('next'), 9),
    ])
    const reads = Array.from({ length: Math.ceil(bytes.length / 262_144) }, (_, i) =>
      bytes.subarray(i * 262_144, (i + 1) * 262_144),
    )
    const [found, next] = readAll(reads)
    expect(found?.equals(payload)).toBe(true)
    expect(next?.toString()).toBe('next')
  },
)

test('PacketReader refuses an event that is longer than it says', () => {
  const payload = Buffer.alloc(0xffffff + 9)
  payload.writeUInt32LE(0xffffff, 10)
  expect(() => readAll([Buffer.concat(packetsOf(payload, 0xffffff))])).toThrow(/more than it says/)
})
