// The hot loops over rows, keys and columns, in AssemblyScript: find fields, digest rows, encode
// keys, turn rows into columns and back. Stateless but for the digest key; the caller lays out the
// memory, passes addresses, and leaves 32 bytes of room behind everything that is read or written
// in steps of 16. Built by `tools/build-kernel.ts` into `kernel-wasm.ts`.

const TAB: u8 = 0x09
const NEWLINE: u8 = 0x0a
const BACKSLASH: u8 = 0x5c
/** `\@`, little-endian: how a field begins that stands for a large value. */
const MARKER: u16 = 0x405c
/** `\N`, little-endian: null. */
const NULL_FIELD: u16 = 0x4e5c
const FAILED: u32 = 0xffffffff

const INTEGER: u32 = 0
const UUID: u32 = 1
const BYTES: u32 = 2

let newlineCount: u32 = 0
let markerCount: u32 = 0
let longestRow: u32 = 0

export function newlines(): u32 { return newlineCount }
export function markers(): u32 { return markerCount }
export function longest(): u32 { return longestRow }

/** Writes where each field ends (the place of its tab or newline) and returns how many there are. */
export function findFields(text: usize, size: u32, ends: usize): u32 {
  const tab = i8x16.splat(TAB)
  const line = i8x16.splat(NEWLINE)
  memory.fill(text + size, 0, 32)
  let lines: u32 = 0
  let marks: u32 = size > 0 && load<u16>(text) == MARKER ? 1 : 0
  let end = ends
  for (let i: u32 = 0; i < size; i += 16) {
    const v = v128.load(text + i)
    const isLine = i8x16.eq(v, line)
    lines += popcnt<u32>(i8x16.bitmask(isLine))
    let mask: u32 = i8x16.bitmask(v128.or(i8x16.eq(v, tab), isLine))
    while (mask != 0) {
      const at = i + ctz(mask)
      store<u32>(end, at)
      end += 4
      marks += u32(load<u16>(text + at + 1) == MARKER)
      mask &= mask - 1
    }
  }
  newlineCount = lines
  markerCount = marks
  return u32((end - ends) >> 2)
}

// --- SipHash-2-4 with 64 bits of result, https://www.aumasson.jp/siphash/siphash.pdf

let s0: u64 = 0
let s1: u64 = 0
let s2: u64 = 0
let s3: u64 = 0
let p0: u64 = 0
let p1: u64 = 0
let p2: u64 = 0
let p3: u64 = 0
let prefixed: u32 = 0

@inline function round(): void {
  s0 += s1; s1 = rotl<u64>(s1, 13); s1 ^= s0; s0 = rotl<u64>(s0, 32)
  s2 += s3; s3 = rotl<u64>(s3, 16); s3 ^= s2
  s0 += s3; s3 = rotl<u64>(s3, 21); s3 ^= s0
  s2 += s1; s1 = rotl<u64>(s1, 17); s1 ^= s2; s2 = rotl<u64>(s2, 32)
}

/** Takes the 16 bytes of key at `key`; nothing hashed yet. */
export function sipKey(key: usize): void {
  const k0 = load<u64>(key)
  const k1 = load<u64>(key, 8)
  p0 = 0x736f6d6570736575 ^ k0
  p1 = 0x646f72616e646f6d ^ k1
  p2 = 0x6c7967656e657261 ^ k0
  p3 = 0x7465646279746573 ^ k1
  prefixed = 0
  sipStart()
}

/** Every message from here on begins with the 8 bytes at `prefix`. */
export function sipPrefix(prefix: usize): void {
  sipStart()
  sipWords(prefix, 8)
  p0 = s0; p1 = s1; p2 = s2; p3 = s3
  prefixed = 8
}

export function sipStart(): void {
  s0 = p0; s1 = p1; s2 = p2; s3 = p3
}

/** Hashes a middle part of a message; `size` is a multiple of 8. */
export function sipWords(at: usize, size: u32): void {
  const end = at + size
  for (; at < end; at += 8) {
    const m = load<u64>(at)
    s3 ^= m
    round(); round()
    s0 ^= m
  }
}

/** Hashes the last part of a message of `total` bytes and writes the digest. */
export function sipEnd(at: usize, size: u32, total: u32, out: usize): void {
  const whole = size & ~7
  sipWords(at, whole)
  store<u64>(out, finish(at + whole, size & 7, total))
}

@inline function finish(at: usize, rest: u32, total: u32): u64 {
  let m: u64 = 0
  if (rest != 0) m = load<u64>(at) & ((u64(1) << (rest << 3)) - 1)
  m |= u64(total + prefixed) << 56
  s3 ^= m
  round(); round()
  s0 ^= m
  s2 ^= 0xff
  round(); round(); round(); round()
  return s0 ^ s1 ^ s2 ^ s3
}

/** One message, with its state in locals: the loop over all bytes of all rows. */
function sipRow(text: usize, size: u32): u64 {
  let v0 = p0, v1 = p1, v2 = p2, v3 = p3
  const end = text + (size & ~7)
  let at = text
  for (; at < end; at += 8) {
    const m = load<u64>(at)
    v3 ^= m
    v0 += v1; v1 = rotl<u64>(v1, 13); v1 ^= v0; v0 = rotl<u64>(v0, 32)
    v2 += v3; v3 = rotl<u64>(v3, 16); v3 ^= v2
    v0 += v3; v3 = rotl<u64>(v3, 21); v3 ^= v0
    v2 += v1; v1 = rotl<u64>(v1, 17); v1 ^= v2; v2 = rotl<u64>(v2, 32)
    v0 += v1; v1 = rotl<u64>(v1, 13); v1 ^= v0; v0 = rotl<u64>(v0, 32)
    v2 += v3; v3 = rotl<u64>(v3, 16); v3 ^= v2
    v0 += v3; v3 = rotl<u64>(v3, 21); v3 ^= v0
    v2 += v1; v1 = rotl<u64>(v1, 17); v1 ^= v2; v2 = rotl<u64>(v2, 32)
    v0 ^= m
  }
  s0 = v0; s1 = v1; s2 = v2; s3 = v3
  return finish(at, size & 7, size)
}

/**
 * Digests each row without its newline and without the trailing fields that hold their missing
 * value; writes digests and where each row ends, newline included. `missing` is one pair of address
 * and size per field, size FAILED where there is none; `trimFrom` is the first field that may be
 * left out. Returns how many rows end where a row should; fewer than `rows` when one does not.
 */
export function digestRows(
  text: usize, ends: usize, rows: u32, fields: u32,
  missing: usize, trimFrom: u32, digests: usize, rowEnds: usize,
): u32 {
  let start: u32 = 0
  let long: u32 = 0
  for (let row: u32 = 0; row < rows; row++) {
    const fieldEnds = ends + (usize(row) * fields << 2)
    const end = load<u32>(fieldEnds + ((fields - 1) << 2))
    if (load<u8>(text + end) != NEWLINE) return row
    let kept = end
    for (let f = fields - 1; f >= trimFrom; f--) {
      const size = load<u32>(missing + (f << 3), 4)
      const from = load<u32>(fieldEnds + ((f - 1) << 2)) + 1
      if (kept - from != size) break
      if (memory.compare(text + from, load<u32>(missing + (f << 3)), size) != 0) break
      kept = from - 1
    }
    store<u64>(digests + (row << 3), sipRow(text + start, kept - start))
    store<u32>(rowEnds + (row << 2), end + 1)
    long = max(long, end + 1 - start)
    start = end + 1
  }
  longestRow = long
  return rows
}

// --- keys

let keyOut: usize = 0

/** `parts` pairs of field and encoding at `spec`. Returns the bytes written, or FAILED at a bad key. */
export function encodeKeys(
  text: usize, ends: usize, rows: u32, fields: u32,
  spec: usize, parts: u32, out: usize, keyEnds: usize,
): u32 {
  keyOut = out
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

// --- rows and columns

/**
 * Writes the fields of all rows field by field, each with its tab or newline, in the order of the
 * `fields` field numbers at `order`; and where each column ends. Returns the bytes written.
 */
export function rowsToColumns(
  text: usize, ends: usize, rows: u32, fields: u32, order: usize, out: usize, columnEnds: usize,
): u32 {
  let at = out
  for (let c: u32 = 0; c < fields; c++) {
    const field = load<u32>(order + (c << 2))
    const last = rows * fields
    for (let f = field; f < last; f += fields) {
      const from: u32 = f == 0 ? 0 : load<u32>(ends + ((f - 1) << 2)) + 1
      const size: u32 = load<u32>(ends + (f << 2)) + 1 - from
      const source = text + from
      let k: u32 = 0
      do {
        v128.store(at + k, v128.load(source + k))
        k += 16
      } while (k < size)
      at += size
    }
    store<u32>(columnEnds + (c << 2), u32(at - out))
  }
  return u32(at - out)
}

/**
 * The opposite: `cursors` holds, per field in row order, the addresses where its column begins and
 * ends, and is used up. Each row is closed by the `tailSize` bytes at `tail` instead of the mark its
 * last field has: a newline, or the values of fields added since. Returns the bytes written, or FAILED
 * when a column does not hold exactly `rows` fields or the rows would pass `capacity`.
 */
export function columnsToRows(
  cursors: usize, fields: u32, rows: u32, tail: usize, tailSize: u32,
  out: usize, capacity: u32, rowEnds: usize,
): u32 {
  const tab = i8x16.splat(TAB)
  const line = i8x16.splat(NEWLINE)
  const cursorsEnd = cursors + (fields << 3)
  const outEnd = out + capacity
  let at = out
  for (let row: u32 = 0; row < rows; row++) {
    for (let cursor = cursors; cursor < cursorsEnd; cursor += 8) {
      let from: usize = load<u32>(cursor)
      const end: usize = load<u32>(cursor, 4)
      let mask: u32 = 0
      for (;;) {
        if (from >= end || at >= outEnd) return FAILED
        const v = v128.load(from)
        v128.store(at, v)
        mask = i8x16.bitmask(v128.or(i8x16.eq(v, tab), i8x16.eq(v, line)))
        if (mask != 0) break
        from += 16
        at += 16
      }
      const size = ctz(mask) + 1
      from += size
      at += size
      if (from > end) return FAILED
      store<u32>(cursor, u32(from))
    }
    if (fields > 0) at--
    if (usize(tailSize) > outEnd - at) return FAILED
    memory.copy(at, tail, tailSize)
    at += tailSize
    store<u32>(rowEnds + (row << 2), u32(at - out))
  }
  for (let cursor = cursors; cursor < cursorsEnd; cursor += 8) {
    if (load<u32>(cursor) != load<u32>(cursor, 4)) return FAILED
  }
  return u32(at - out)
}

/**
 * Finds the fields of some rows in one column: for each of the `count` ascending row numbers at
 * `wanted` the address of the field goes to `out`, every `stride` bytes. False when there is none.
 */
export function locateFields(
  from: usize, end: usize, wanted: usize, count: u32, out: usize, stride: u32,
): bool {
  const tab = i8x16.splat(TAB)
  const line = i8x16.splat(NEWLINE)
  let row: u32 = 0
  let at = from
  for (let i: u32 = 0; i < count; i++) {
    let skip = load<u32>(wanted + (i << 2)) - row
    row += skip
    while (skip > 0) {
      if (at >= end) return false
      const v = v128.load(at)
      let mask: u32 = i8x16.bitmask(v128.or(i8x16.eq(v, tab), i8x16.eq(v, line)))
      const found = popcnt(mask)
      if (found < skip) {
        skip -= found
        at += 16
        continue
      }
      for (; skip > 1; skip--) mask &= mask - 1
      at += ctz(mask) + 1
      skip = 0
    }
    if (at >= end) return false
    store<u32>(out, u32(at))
    out += stride
  }
  return true
}

/**
 * Builds rows from the addresses that `locateFields` wrote (`fields` a row); `columnEnds` holds the
 * address where each column ends. Returns the bytes written, or FAILED.
 */
export function gatherRows(
  starts: usize, columnEnds: usize, fields: u32, rows: u32, tail: usize, tailSize: u32,
  out: usize, capacity: u32, rowEnds: usize,
): u32 {
  const outEnd = out + capacity
  let at = out
  for (let row: u32 = 0; row < rows; row++) {
    for (let f: u32 = 0; f < fields; f++) {
      let from: usize = load<u32>(starts)
      starts += 4
      const end: usize = load<u32>(columnEnds + (f << 2))
      for (;;) {
        if (from >= end || at >= outEnd) return FAILED
        const c = load<u8>(from++)
        if (c == TAB || c == NEWLINE) break
        store<u8>(at++, c)
      }
      if (f + 1 < fields) store<u8>(at++, TAB)
    }
    if (usize(tailSize) > outEnd - at) return FAILED
    memory.copy(at, tail, tailSize)
    at += tailSize
    store<u32>(rowEnds + (row << 2), u32(at - out))
  }
  return u32(at - out)
}
