/** Digests of rows: docs/format/digests.md; SipHash-2-4 by its paper, on halves of 32 bits. */
import { createHmac } from 'node:crypto'
import { hkdf } from './basics.mjs'

export function digestKeysOf(digestKey) {
  const derive = (purpose, size) => hkdf(digestKey, '', `holdfast digest 1 ${purpose}`, size)
  return { row: derive('row', 16), blob: derive('blob', 32), mark: derive('fingerprint', 32) }
}

/** @param fields of a row, large values in their places */
export function digestRow(key, { fields: known, layout }, fields) {
  let kept = fields.length
  while (kept > 1 && known[kept - 1].missing === fields[kept - 1].toString('utf8')) kept -= 1
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(layout))
  const text = fields.slice(0, kept).flatMap((field, i) => (i > 0 ? [TAB, field] : [field]))
  return sipHash(key, Buffer.concat([head, ...text]))
}

export function fingerprintOf(key, digests) {
  const sum = digests.reduce((total, digest) => BigInt.asUintN(128, total + digest), 0n)
  const bytes = Buffer.alloc(24)
  bytes.writeBigUInt64BE(BigInt(digests.length))
  bytes.writeBigUInt64BE(sum >> 64n, 8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, sum), 16)
  return createHmac('sha256', key).update(bytes).digest().toString('hex', 0, 16)
}

const TAB = Buffer.of(0x09)

function sipHash(key, message) {
  const [k0, k1, k2, k3] = [0, 4, 8, 12].map((at) => key.readInt32LE(at))
  // Halves of v0 to v3, low before high.
  const v = Int32Array.of(
    0x70736575 ^ k0,
    0x736f6d65 ^ k1,
    0x6e646f6d ^ k2,
    0x646f7261 ^ k3,
    0x6e657261 ^ k0,
    0x6c796765 ^ k1,
    0x79746573 ^ k2,
    0x74656462 ^ k3,
  )
  const last = Buffer.alloc(8)
  const whole = message.length - (message.length % 8)
  message.copy(last, 0, whole)
  last[7] = message.length
  for (let at = 0; at < whole; at += 8)
    take(v, message.readInt32LE(at), message.readInt32LE(at + 4))
  take(v, last.readInt32LE(0), last.readInt32LE(4))
  v[4] ^= 0xff
  for (let i = 0; i < 4; i++) round(v)
  const low = (v[0] ^ v[2] ^ v[4] ^ v[6]) >>> 0
  const high = (v[1] ^ v[3] ^ v[5] ^ v[7]) >>> 0
  return (BigInt(high) << 32n) | BigInt(low)
}

function take(v, low, high) {
  v[6] ^= low
  v[7] ^= high
  round(v)
  round(v)
  v[0] ^= low
  v[1] ^= high
}

function round(v) {
  mix(v, 0, 2, 13)
  turn(v, 0)
  mix(v, 4, 6, 16)
  mix(v, 0, 6, 21)
  mix(v, 4, 2, 17)
  turn(v, 4)
}

/** a += b; b = rotl(b, by) ^ a */
function mix(v, a, b, by) {
  const low = (v[a] >>> 0) + (v[b] >>> 0)
  v[a + 1] = v[a + 1] + v[b + 1] + (low > 0xffff_ffff ? 1 : 0)
  v[a] = low
  const [lowBefore, highBefore] = [v[b], v[b + 1]]
  v[b] = ((lowBefore << by) | (highBefore >>> (32 - by))) ^ v[a]
  v[b + 1] = ((highBefore << by) | (lowBefore >>> (32 - by))) ^ v[a + 1]
}

function turn(v, a) {
  const low = v[a]
  v[a] = v[a + 1]
  v[a + 1] = low
}
