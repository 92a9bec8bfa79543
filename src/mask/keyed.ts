import { hash } from 'node:crypto'
import { assert } from '#stdx/assert'

/** 32 bytes that a key, a purpose and a value decide; nothing of the value can be told from them. */
export type Keyed = (purpose: string, value: string) => Buffer

/** HMAC-SHA256 (RFC 2104), put together by hand: making an object for each costs several times as much. */
export function openKeyed(key: Uint8Array): Keyed {
  assert(key.byteLength <= BLOCK_BYTES, 'A key is no longer than a block.')
  const [inner, outer] = [0x36, 0x5c].map((pad) => {
    return Buffer.alloc(BLOCK_BYTES).map((_, i) => (key[i] ?? 0) ^ pad)
  })
  assert(inner !== undefined && outer !== undefined, 'There are two pads.')
  return (purpose, value) => {
    const message = Buffer.from(`${purpose}\0${value}`)
    const first = hash('sha256', Buffer.concat([inner, message]), 'buffer')
    return hash('sha256', Buffer.concat([outer, first]), 'buffer')
  }
}

const BLOCK_BYTES = 64

/** A text as it is compared: case, spaces and points make no other value of it. */
export function normalize(text: string): string {
  return wordsOf(text).join('')
}

/** Its letters and digits, between everything else. */
export function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  )
}
