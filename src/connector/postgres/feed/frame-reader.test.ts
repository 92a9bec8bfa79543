import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from './frame-reader.ts'

function frame(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(5)
  header[0] = type
  header.writeUInt32BE(4 + payload.length, 1)
  return Buffer.concat([header, payload])
}

test('next() shows every frame whole, wherever reads cut the stream', () => {
  const frames = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 40 })),
    { maxLength: 20 },
  )
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (wanted, sizes) => {
      const stream = Buffer.concat(wanted.map(([type, payload]) => frame(type, payload)))
      const reader = new FrameReader()
      const found: [number, Uint8Array][] = []
      for (let at = 0; at < stream.length; ) {
        const size = sizes.next().value ?? 1
        reader.push(Buffer.from(stream.subarray(at, at + size)))
        at += size
        while (reader.next()) {
          const { buffer, end, start, type } = reader
          found.push([type, Uint8Array.from(buffer.subarray(start, end))])
        }
      }
      expect(found).toEqual(wanted.map(([type, payload]) => [type, Uint8Array.from(payload)]))
    }),
  )
})

test('next() refuses a frame that no server sends', () => {
  const reader = new FrameReader()
  reader.push(Buffer.from([0x64, 0xff, 0xff, 0xff, 0xff, 0]))
  expect(() => reader.next()).toThrow(
    expect.objectContaining({ code: 'connector.feed-unreadable' }),
  )
})
