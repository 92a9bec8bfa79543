import { createHmac } from 'node:crypto'

/** 32 bytes that a key, a purpose and a value decide; nothing of the value can be told from them. */
export type Keyed = (purpose: string, value: string) => Buffer

export function openKeyed(key: Uint8Array): Keyed {
  return (purpose, value) => createHmac('sha256', key).update(`${purpose}\0${value}`).digest()
}

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
