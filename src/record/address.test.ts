import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatKeyAddress,
  type KeyShape,
  parseKeyAddress,
  splitFieldAddress,
  splitRecordAddress,
} from './address.ts'
import { formatEntityName, formatName } from './entity-name.ts'
import { encodeDigestKey, encodeKey } from './key.ts'

const TEXT: KeyShape = { kind: 'fields', encodings: ['text'] }
const TEXT_PAIR: KeyShape = { kind: 'fields', encodings: ['text', 'text'] }
const MIXED: KeyShape = { kind: 'fields', encodings: ['integer', 'text', 'bytes', 'uuid'] }
const DIGEST: KeyShape = { kind: 'digest' }
const keyInvalid = expect.objectContaining({ code: 'record.key-invalid' })
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[",:#\s0-9a.]{0,5}$/))

describe('addresses', () => {
  test('parseKeyAddress() reads what formatKeyAddress() prints', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n), value, fc.uuid(), (n, text, uuid) => {
        const key = encodeKey([String(n), text, '\\x00ff', uuid], MIXED.encodings)
        expect(parseKeyAddress(formatKeyAddress(key, MIXED), MIXED)).toEqual(key)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    [['Smith'], 'Smith'],
    [['a b'], 'a b'],
    [['1000', '0042'], '"1000","0042"'],
    [['', ' x'], '""," x"'],
    [['a,b', 'say "hi"'], '"a,b","say ""hi"""'],
    [['a:b', '#1'], '"a:b","#1"'],
  ])('formatKeyAddress() prints %j as %s', (values, address) => {
    const shape = values.length === 1 ? TEXT : TEXT_PAIR
    expect(formatKeyAddress(encodeKey(values, shape.encodings), shape)).toBe(address)
  })

  test('formatKeyAddress() leaves integers bare', () => {
    const shape: KeyShape = { kind: 'fields', encodings: ['integer'] }
    expect(formatKeyAddress(encodeKey(['42'], ['integer']), shape)).toBe('42')
    expect(parseKeyAddress('"42"', shape)).toEqual(encodeKey(['42'], ['integer']))
  })

  test('a digest key is # with its digits and its occurrence', () => {
    const key = encodeDigestKey(Buffer.from('00d1f6a2c4b59e83', 'hex'), 3)
    expect(formatKeyAddress(key, DIGEST)).toBe('#00d1f6a2c4b59e83.3')
    expect(parseKeyAddress('#00d1f6a2c4b59e83.3', DIGEST)).toEqual(key)
    for (const bad of ['42', '#00d1.3', '#00d1f6a2c4b59e83', '#00d1f6a2c4b59e83.4294967296']) {
      expect(() => parseKeyAddress(bad, DIGEST)).toThrow(keyInvalid)
    }
  })

  test('parseKeyAddress() says what is wanted', () => {
    const shape: KeyShape = { kind: 'fields', encodings: ['integer', 'text'] }
    expect(() => parseKeyAddress('1', shape)).toThrow(/found 1, need 2 fields joined by commas/)
    expect(() => parseKeyAddress('x,y', shape)).toThrow(/need a whole number within 64 bits/)
    expect(() => parseKeyAddress('1,"y"z', shape)).toThrow(/need a comma after a value/)
    expect(() => parseKeyAddress('1,"y', shape)).toThrow(keyInvalid)
  })

  test('addresses are split at colons outside quotes, whatever names and values hold', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 })
    fc.assert(
      fc.property(name, name, value, (table, field, text) => {
        const entity = formatEntityName(['main', table])
        const key = formatKeyAddress(encodeKey([text], ['text']), TEXT)
        expect(splitRecordAddress(`${entity}:${key}`)).toEqual({ entity, key })
        expect(splitFieldAddress(`${entity}:${key}:${formatName(field)}`)).toEqual({
          entity,
          key,
          field,
        })
      }),
      { numRuns: 500 },
    )
  })

  test('splitRecordAddress() leaves later colons to the key', () => {
    expect(splitRecordAddress('main.t:a:b').key).toBe('a:b')
  })

  test.each(['', 'main.t', 'main.t:', '"main:1'])('splitRecordAddress() refuses %j', (text) => {
    expect(() => splitRecordAddress(text)).toThrow(
      expect.objectContaining({ code: 'record.address-invalid' }),
    )
  })

  test.each(['main.t:1', 'main.t:1:', 'main.t::a', 'main.t:1:a.b', 'main.t:1:a:b'])(
    'splitFieldAddress() refuses %j',
    (text) => {
      expect(() => splitFieldAddress(text)).toThrow(
        expect.objectContaining({ code: 'record.address-invalid' }),
      )
    },
  )
})
