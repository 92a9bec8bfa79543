// Encodes the keys of rows, and keys by what differs from the key before. In AssemblyScript, for WebAssembly: no state but what is said, the caller lays out the
// memory, passes addresses, and leaves 64 bytes of room behind everything that is read or written in
// steps of 16. `tools/build-kernel.ts` compiles it, with the files beside it, into `kernel-wasm.ts`.

const BACKSLASH: u8 = 0x5c
/** `\N`, little-endian: null. */
const NULL_FIELD: u16 = 0x4e5c
const FAILED: u32 = 0xffffffff

const INTEGER: u32 = 0
const UUID: u32 = 1
const BYTES: u32 = 2

let keyOut: usize = 0

/**
 * `parts` pairs of field and encoding at `spec`; behind the `written` bytes of the keys of earlier
 * rows. Returns the bytes written with them, or FAILED at a bad key.
 */
export function encodeKeys(
  text: usize, ends: usize, rows: u32, fields: u32,
  spec: usize, parts: u32, out: usize, keyEnds: usize, written: u32,
): u32 {
  keyOut = out + written
  for (let row: u32 = 0; row < rows; row++) {
    for (let part: u32 = 0; part < parts; part++) {
      const field = row * fields + load<u32>(spec + (part << 3))
      const from = text + (field == 0 ? 0 : load<u32>(ends + ((field - 1) << 2)) + 1)
      const to = text + load<u32>(ends + (field << 2))
      if (!encodePart(from, to, load<u32>(spec + (part << 3), 4))) return FAILED
    }
    store<u32>(keyEnds + (row << 2), u32(keyOut - out))
  }
  return u32(keyOut - out)
}

function encodePart(from: usize, to: usize, encoding: u32): bool {
  if (to - from == 2 && load<u16>(from) == NULL_FIELD) return false
  if (encoding == INTEGER) return encodeInteger(from, to)
  if (encoding == UUID) return encodeUuid(from, to)
  if (encoding == BYTES) return encodeBytes(from, to)
  return encodeText(from, to)
}

function encodeInteger(from: usize, to: usize): bool {
  const negative = from < to && load<u8>(from) == 0x2d
  if (negative) from++
  const digits = u32(to - from)
  if (digits == 0 || digits > 20) return false
  if (load<u8>(from) == 0x30 && (digits > 1 || negative)) return false
  let value: u64 = 0
  for (let at = from; at < to; at++) {
    const digit = u32(load<u8>(at)) - 0x30
    if (digit > 9) return false
    if (value > 1844674407370955161 || (value == 1844674407370955161 && digit > 5)) return false
    value = value * 10 + digit
  }
  if (negative && value > 0x8000000000000000) return false
  store<u8>(keyOut, negative ? 0 : 1)
  store<u64>(keyOut + 1, bswap<u64>(negative ? 0 - value : value))
  keyOut += 9
  return true
}

/** A lower-case hex digit, or FAILED. */
@inline function hexDigit(at: usize): u32 {
  const c = u32(load<u8>(at))
  if (c - 0x30 < 10) return c - 0x30
  if (c - 0x61 < 6) return c - 0x57
  return FAILED
}

function encodeUuid(from: usize, to: usize): bool {
  if (to - from != 36) return false
  let at = from
  for (let i: u32 = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (load<u8>(at) != 0x2d) return false
      at++
    }
    const high = hexDigit(at)
    const low = hexDigit(at + 1)
    if ((high | low) > 15) return false
    store<u8>(keyOut + i, high << 4 | low)
    at += 2
  }
  keyOut += 16
  return true
}

/** The row holds `\\x` and hex digits: the backslash of the value is escaped there. */
function encodeBytes(from: usize, to: usize): bool {
  const size = u32(to - from)
  if (size < 3 || (size & 1) == 0) return false
  if (load<u8>(from) != BACKSLASH || load<u8>(from + 1) != BACKSLASH || load<u8>(from + 2) != 0x78) return false
  for (let at = from + 3; at < to; at += 2) {
    const high = hexDigit(at)
    const low = hexDigit(at + 1)
    if ((high | low) > 15) return false
    put(u8(high << 4 | low))
  }
  store<u16>(keyOut, 0x0100)
  keyOut += 2
  return true
}

function encodeText(from: usize, to: usize): bool {
  for (let at = from; at < to; at++) {
    const c = load<u8>(at)
    if (c != BACKSLASH) {
      put(c)
      continue
    }
    at++
    if (at == to) return false
    const plain = unescape(load<u8>(at))
    if (plain == 0) return false
    put(plain)
  }
  store<u16>(keyOut, 0x0100)
  keyOut += 2
  return true
}

function unescape(c: u8): u8 {
  if (c == BACKSLASH) return BACKSLASH
  if (c == 0x62) return 0x08
  if (c == 0x66) return 0x0c
  if (c == 0x6e) return 0x0a
  if (c == 0x72) return 0x0d
  if (c == 0x74) return 0x09
  if (c == 0x76) return 0x0b
  return 0
}

@inline function put(c: u8): void {
  store<u8>(keyOut, c)
  keyOut++
  if (c == 0) {
    store<u8>(keyOut, 0xff)
    keyOut++
  }
}

/** Keys of rows that nothing identifies: the digest, big-endian, and occurrence 0. */
export function digestKeys(digests: usize, rows: u32, out: usize, keyEnds: usize): void {
  for (let row: u32 = 0; row < rows; row++) {
    store<u64>(out, bswap<u64>(load<u64>(digests + (row << 3))))
    store<u32>(out + 8, 0)
    out += 12
    store<u32>(keyEnds + (row << 2), (row + 1) * 12)
  }
}

// --- front coding: of each key only what differs from the key before it

@inline function putVarint(at: usize, value: u32): usize {
  while (value >= 0x80) {
    store<u8>(at++, value | 0x80)
    value >>= 7
  }
  store<u8>(at++, value)
  return at
}

let varintAt: usize = 0

@inline function takeVarint(end: usize): u32 {
  let value: u32 = 0
  for (let shift: u32 = 0; shift < 32; shift += 7) {
    if (varintAt >= end) return FAILED
    const c = u32(load<u8>(varintAt++))
    value |= (c & 0x7f) << shift
    if (c < 0x80) return value
  }
  return FAILED
}

let sharedSize: u32 = 0
let restSize: u32 = 0
let equalCount: u32 = 0

export function frontSharedSize(): u32 { return sharedSize }
export function frontRestSize(): u32 { return restSize }
/** How many keys equal the one before them. */
export function frontEqual(): u32 { return equalCount }

/**
 * Writes, per key, how many bytes it shares with the one before and how many follow, as varints into
 * `shared` and `rests`, and those bytes into `out`. Returns the bytes in `out`, or FAILED when a key
 * is smaller than the one before.
 */
export function frontEncode(
  keys: usize, ends: usize, count: u32, shared: usize, rests: usize, out: usize,
): u32 {
  let sharedAt = shared
  let restAt = rests
  let at = out
  let previous: usize = keys
  let previousSize: u32 = 0
  let start: u32 = 0
  equalCount = 0
  for (let i: u32 = 0; i < count; i++) {
    const end = load<u32>(ends + (i << 2))
    const size = end - start
    const key = keys + start
    const least = min(size, previousSize)
    let same: u32 = 0
    while (same < least && load<u8>(key + same) == load<u8>(previous + same)) same++
    if (i > 0) {
      if (same == size && same == previousSize) equalCount++
      else if (same == size) return FAILED
      else if (same < previousSize && load<u8>(key + same) < load<u8>(previous + same)) return FAILED
    }
    sharedAt = putVarint(sharedAt, same)
    restAt = putVarint(restAt, size - same)
    memory.copy(at, key + same, size - same)
    at += size - same
    previous = key
    previousSize = size
    start = end
  }
  sharedSize = u32(sharedAt - shared)
  restSize = u32(restAt - rests)
  return u32(at - out)
}

/** The opposite. `input` is shared, rests and bytes one after the other. FAILED when it is not. */
export function frontDecode(
  input: usize, sharedBytes: u32, restBytes: u32, inputBytes: u32,
  count: u32, out: usize, capacity: u32, ends: usize,
): u32 {
  let sharedAt = input
  const sharedEnd = input + sharedBytes
  let restAt = sharedEnd
  const restEnd = restAt + restBytes
  let from = restEnd
  const inputEnd = input + inputBytes
  let previous: u32 = 0
  let previousSize: u32 = 0
  let at: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    varintAt = sharedAt
    const same = takeVarint(sharedEnd)
    sharedAt = varintAt
    varintAt = restAt
    const rest = takeVarint(restEnd)
    restAt = varintAt
    if (same > previousSize || rest > u32(inputEnd - from)) return FAILED
    if (same + rest > capacity - at) return FAILED
    memory.copy(out + at, out + previous, same)
    memory.copy(out + at + same, from, rest)
    from += rest
    previous = at
    previousSize = same + rest
    at += previousSize
    store<u32>(ends + (i << 2), at)
  }
  return sharedAt == sharedEnd && restAt == restEnd && from == inputEnd ? at : FAILED
}

