import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batchBytes, LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import { formatRow } from '#record/row-text'
import { LoadText } from './load-text.ts'
import { ResultPackets } from './result-packets.ts'
import { type FieldForm, RowWriter } from './row-writer.ts'

/** What a server answers: the parts of the protocol that a SELECT uses, made from values. */
function answerOf(rows: readonly (readonly (Buffer | null)[])[], columns: number): Buffer {
  const payloads = [
    lengthOf(columns),
    ...Array.from({ length: columns }, () => Buffer.from('\x03def and more')),
    EOF,
    ...rows.map((row) => Buffer.concat(row.map(fieldOf))),
    EOF,
  ]
  return Buffer.concat(payloads.flatMap((payload, i) => packetsOf(payload, i)))
}

const EOF = Buffer.from([0xfe, 0, 0, 2, 0])
const PAYLOAD_MAX = 0xffffff

function packetsOf(payload: Buffer, sequence: number): Buffer[] {
  const packets: Buffer[] = []
  for (let at = 0; at <= payload.length; at += PAYLOAD_MAX) {
    const piece = payload.subarray(at, at + PAYLOAD_MAX)
    const header = Buffer.alloc(4)
    header.writeUIntLE(piece.length, 0, 3)
    header[3] = (sequence + packets.length) % 256
    packets.push(header, piece)
    if (piece.length < PAYLOAD_MAX) break
  }
  return packets
}

function fieldOf(value: Buffer | null): Buffer {
  return value === null ? Buffer.from([0xfb]) : Buffer.concat([lengthOf(value.length), value])
}

function lengthOf(size: number): Buffer {
  if (size < 0xfb) return Buffer.from([size])
  const bytes = Buffer.alloc(size < 0x1_0000 ? 3 : size < 0x100_0000 ? 4 : 9)
  bytes[0] = { 3: 0xfc, 4: 0xfd, 9: 0xfe }[bytes.length] ?? 0
  bytes.writeUIntLE(size, 1, Math.min(bytes.length - 1, 6))
  return bytes
}

function read(answer: Buffer, forms: readonly FieldForm[], cuts: readonly number[]) {
  const batches: RowBatch[] = []
  const writer = new RowWriter(forms, (batch) => batches.push(batch))
  const packets = new ResultPackets(writer)
  let last: Buffer | undefined
  let at = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), answer.length]) {
    expect(last).toBeUndefined()
    // What is lent is used again after the call.
    const lent = Buffer.from(answer.subarray(at, cut))
    last = packets.push(lent)
    lent.fill(0x21)
    at = cut
  }
  writer.finish()
  return { batches, last }
}

function textOf(batches: readonly RowBatch[]): string {
  const parts = batches.flatMap((batch) => (batch.kind === 'rows' ? [batch.bytes] : batch.parts))
  return Buffer.concat(parts).toString()
}

const FORMS: readonly FieldForm[] = [
  { kind: 'text' },
  { kind: 'bytes' },
  { kind: 'bits', width: 12 },
  { kind: 'float' },
]

const aRow = fc.tuple(
  fc.option(fc.string({ unit: 'binary', maxLength: 400 })),
  fc.option(fc.uint8Array({ maxLength: 400 })),
  fc.option(fc.nat(4095)),
  fc.option(fc.constantFrom('1.100000023841858', '0', '-2')),
)

test('rows come as canonical text, wherever reads are cut', () => {
  fc.assert(
    fc.property(
      fc.array(aRow, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (rows, cuts) => {
        const sent = rows.map(([text, bytes, bits, float]) => [
          text === null ? null : Buffer.from(text),
          bytes === null ? null : Buffer.from(bytes),
          bits === null ? null : Buffer.from([bits >> 8, bits & 255]),
          float === null ? null : Buffer.from(float),
        ])
        const answer = answerOf(sent, FORMS.length)
        const { batches, last } = read(
          answer,
          FORMS,
          cuts.map((cut) => cut % answer.length),
        )
        expect(last?.subarray(4)).toEqual(EOF)
        const wanted = rows.map(([text, bytes, bits, float]) =>
          formatRow([
            text,
            bytes === null ? null : `\\x${Buffer.from(bytes).toString('hex')}`,
            bits === null ? null : bits.toString(2).padStart(12, '0'),
            float === '1.100000023841858' ? '1.1' : float,
          ]),
        )
        expect(textOf(batches)).toBe(wanted.join(''))
      },
    ),
  )
})

test('rows around every limit keep their text and their kind', () => {
  const forms: FieldForm[] = [{ kind: 'text' }, { kind: 'bytes' }]
  for (const size of [
    250,
    251,
    65_535,
    65_536,
    LARGE_ROW_BYTES - 5,
    LARGE_ROW_BYTES,
    PAYLOAD_MAX,
  ]) {
    const text = 'x'.repeat(size)
    const rows = [
      [Buffer.from('before'), Buffer.from('a')],
      [Buffer.from(text), null],
      [Buffer.from('after'), null],
    ]
    const answer = answerOf(rows, 2)
    const cuts = Array.from({ length: answer.length / 100_000 }, (_, i) => i * 100_000)
    const { batches } = read(answer, forms, cuts)
    expect(textOf(batches)).toBe(`before\t\\\\x61\n${text}\t\\N\nafter\t\\N\n`)
    const isLarge = size + 4 > LARGE_ROW_BYTES
    expect(batches.some(({ kind }) => kind === 'large')).toBe(isLarge)
    for (const batch of batches) {
      if (batch.kind === 'rows') expect(batchBytes(batch)).toBeLessThanOrEqual(LARGE_ROW_BYTES)
    }
  }
})

test('a row whose payload fills its packets to the last byte is one row', () => {
  // Three bytes of length, and a payload of exactly the greatest size.
  const value = Buffer.alloc(PAYLOAD_MAX - 4, 0x61)
  const { batches } = read(answerOf([[value], [Buffer.from('b')]], 1), [{ kind: 'text' }], [])
  expect(batches.map(batchBytes)).toEqual([value.length + 1, 2])
})

test('an error of the server ends the answer at any place', () => {
  const error = Buffer.from([0xff, 0x14, 0x04, 0x23])
  const whole = answerOf([[Buffer.from('a')]], 1)
  const cut = whole.subarray(0, whole.length - EOF.length - 4)
  const { batches, last } = read(
    Buffer.concat([cut, ...packetsOf(error, 9)]),
    [{ kind: 'text' }],
    [cut.length + 2],
  )
  expect(textOf(batches)).toBe('a\n')
  expect(last?.subarray(4)).toEqual(error)
  const { last: first } = read(Buffer.concat(packetsOf(error, 1)), [{ kind: 'text' }], [])
  expect(first?.subarray(4)).toEqual(error)
})

test('text that is not UTF-8 is refused', () => {
  const answer = answerOf([[Buffer.from([0xc3, 0x28])]], 1)
  expect(() => read(answer, [{ kind: 'text' }], [])).toThrow(
    expect.objectContaining({ code: 'connector.value-refused' }),
  )
  const large = answerOf([[Buffer.alloc(2_000_000, 0xff)]], 1)
  expect(() => read(large, [{ kind: 'text' }], [])).toThrow(
    expect.objectContaining({ code: 'connector.value-refused' }),
  )
})

/** What LOAD DATA makes of a line. */
function loaded(text: Buffer): (string | null)[][] {
  const lines = text.toString('latin1').split('\n').slice(0, -1)
  return lines.map((line) =>
    line.split('\t').map((field) => {
      if (field === '\\N') return null
      const letters: Readonly<Record<string, string>> = {
        0: '\0',
        b: '\b',
        n: '\n',
        r: '\r',
        t: '\t',
        Z: '\x1a',
      }
      return field.replace(/\\([\s\S])/g, (_, letter: string) => letters[letter] ?? letter)
    }),
  )
}

test('LoadText makes of canonical text what LOAD DATA reads as the same values', () => {
  const aLine = fc.tuple(
    fc.option(fc.string({ unit: 'binary-ascii', maxLength: 30 })),
    fc.option(fc.uint8Array({ maxLength: 30 })),
  )
  fc.assert(
    fc.property(fc.array(aLine, { minLength: 1 }), fc.array(fc.nat()), (lines, cuts) => {
      const rows = lines.map(([text, bytes]) =>
        formatRow([text, bytes === null ? null : `\\x${Buffer.from(bytes).toString('hex')}`]),
      )
      const given = Buffer.from(rows.join(''))
      for (const isBytes of [true, false]) {
        const text = new LoadText([false, isBytes])
        const pieces: Buffer[] = []
        let at = 0
        for (const cut of [...cuts.map((n) => n % given.length), given.length].toSorted(
          (a, b) => a - b,
        )) {
          pieces.push(Buffer.from(text.convert(given.subarray(at, cut))))
          at = cut
        }
        expect(text.rowCount).toBe(lines.length)
        const wanted = lines.map(([one, bytes]) => {
          const raw = bytes === null ? null : Buffer.from(bytes)
          return [one, isBytes ? raw?.toString('latin1') : raw && `\\x${raw.toString('hex')}`]
        })
        expect(loaded(Buffer.concat(pieces))).toEqual(
          wanted.map((row) => row.map((value) => value ?? null)),
        )
      }
    }),
  )
})
