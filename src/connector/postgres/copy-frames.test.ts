import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { CopyFrames } from './copy-frames.ts'

const COPY_DONE = frame('c', Buffer.alloc(0))
const COMPLETE = frame('C', Buffer.from('COPY 3\0'))

describe('CopyFrames', () => {
  test('gives the rows, wherever the stream is cut', () => {
    const row = fc.uint8Array({ maxLength: 40 }).map(asRow)
    const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), cuts, (rows, at) => {
        const stream = Buffer.concat([
          frame('H', Buffer.from([0, 0, 0])),
          ...rows.map((bytes) => frame('d', bytes)),
          COPY_DONE,
          COMPLETE,
        ])
        const { batches, rest } = readAll(stream, at)
        expect(joined(batches)).toEqual(Buffer.concat(rows))
        expect(rest).toEqual(Buffer.concat([COPY_DONE, COMPLETE]))
      }),
    )
  })

  test('passes over notices and settings between rows', () => {
    const stream = Buffer.concat([
      frame('d', asRow(Buffer.from('a'))),
      frame('N', Buffer.from('SNOTICE\0\0')),
      frame('S', Buffer.from('name\0value\0')),
      frame('d', asRow(Buffer.from('b'))),
      COPY_DONE,
    ])
    expect(joined(readAll(stream, [7, 9, 20]).batches).toString()).toBe('a\nb\n')
  })

  test('an error in place of a row is given back whole', () => {
    const error = frame('E', Buffer.from('SERROR\0C57014\0\0'))
    const stream = Buffer.concat([frame('d', asRow(Buffer.from('a'))), error])
    expect(readAll(stream, [9]).rest).toEqual(error)
  })

  test('fills blocks with whole rows and sends long rows alone, in pieces', () => {
    const sizes = [
      10,
      LARGE_ROW_BYTES - 1,
      30,
      LARGE_ROW_BYTES,
      3 * LARGE_ROW_BYTES + 5,
      1,
      400_000,
    ]
    const rows = [...sizes, ...Array.from({ length: 9 }, () => 300_000)].map((size, i) =>
      asRow(Buffer.alloc(size, 0x61 + i)),
    )
    const stream = Buffer.concat([...rows.map((row) => frame('d', row)), COPY_DONE])
    const { batches } = readAll(stream, everyNth(65_536, stream.length))
    expect(joined(batches).equals(Buffer.concat(rows))).toBe(true)
    expect(batches.filter(({ kind }) => kind === 'large')).toHaveLength(2)
    for (const batch of batches) {
      if (batch.kind === 'rows') {
        expect(batch.bytes.length).toBeLessThanOrEqual(BLOCK_BYTES)
        expect(batch.bytes.at(-1)).toBe(0x0a)
      } else {
        expect(Math.max(...batch.parts.map(({ length }) => length))).toBeLessThanOrEqual(1_048_576)
        expect(Buffer.concat(batch.parts).indexOf(0x0a)).toBe(joined([batch]).length - 1)
      }
    }
  })

  test('no two batches share memory', () => {
    const row = asRow(Buffer.alloc(200_000, 0x61))
    const stream = Buffer.concat([...Array.from({ length: 30 }, () => frame('d', row)), COPY_DONE])
    const { batches } = readAll(stream, [])
    const buffers = batches.map((batch) => (batch.kind === 'rows' ? batch.bytes.buffer : null))
    expect(new Set(buffers).size).toBe(batches.length)
  })
})

function frame(type: string, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(5)
  header.write(type, 'latin1')
  header.writeUInt32BE(payload.length + 4, 1)
  return Buffer.concat([header, payload])
}

function asRow(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes).toString('latin1').replaceAll('\n', ' ')
  return Buffer.from(`${text}\n`, 'latin1')
}

function readAll(stream: Buffer, cuts: readonly number[]) {
  const batches: RowBatch[] = []
  const frames = new CopyFrames((batch) => batches.push(batch))
  const edges = [...new Set([0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length])]
  edges.sort((a, b) => a - b)
  let rest: Buffer | undefined
  for (const [i, from] of edges.entries()) {
    const read = Buffer.from(stream.subarray(from, edges[i + 1] ?? stream.length))
    if (rest !== undefined) rest = Buffer.concat([rest, read])
    else rest = frames.push(read)
    // What was read belongs to the socket and is written over.
    if (rest === undefined) read.fill(0x21)
  }
  frames.finish()
  return { batches, rest }
}

function joined(batches: readonly RowBatch[]): Buffer {
  return Buffer.concat(
    batches.flatMap((batch) => (batch.kind === 'rows' ? [batch.bytes] : batch.parts)),
  )
}

function everyNth(step: number, length: number): number[] {
  return Array.from({ length: Math.floor(length / step) }, (_, i) => (i + 1) * step)
}
