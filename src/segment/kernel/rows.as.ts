// Finds the fields of rows, and turns rows into columns and back. In AssemblyScript, for WebAssembly: no state but what is said, the caller lays out the
// memory, passes addresses, and leaves 64 bytes of room behind everything that is read or written in
// steps of 16. `tools/build-kernel.ts` compiles it, with the files beside it, into `kernel-wasm.ts`.

const TAB: u8 = 0x09
const NEWLINE: u8 = 0x0a
/** `\@`, little-endian: how a field begins that stands for a large value. */
const MARKER: u16 = 0x405c
const FAILED: u32 = 0xffffffff

let newlineCount: u32 = 0
let markerCount: u32 = 0

export function newlines(): u32 { return newlineCount }
export function markers(): u32 { return markerCount }

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
 * The opposite: `cursors` holds, per field in row order, the addresses where its column goes on and
 * where it ends, and moves on. Each row is closed by the `tailSize` bytes at `tail` instead of the mark
 * its last field has: a newline, or the values of fields added since. Where each field of a column ends
 * goes to `fieldEnds`, unless that is 0, and how many begin with a marker is counted then. Returns the
 * bytes written, or FAILED when a column has fewer fields or the rows would pass `capacity`.
 */
export function columnsToRows(
  cursors: usize, fields: u32, rows: u32, tail: usize, tailSize: u32,
  out: usize, capacity: u32, rowEnds: usize, fieldEnds: usize,
): u32 {
  const tab = i8x16.splat(TAB)
  const line = i8x16.splat(NEWLINE)
  const cursorsEnd = cursors + (fields << 3)
  const outEnd = out + capacity
  let at = out
  let marks: u32 = 0
  for (let row: u32 = 0; row < rows; row++) {
    for (let cursor = cursors; cursor < cursorsEnd; cursor += 8) {
      let from: usize = load<u32>(cursor)
      const end: usize = load<u32>(cursor, 4)
      const start = from
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
      if (fieldEnds != 0) {
        store<u32>(fieldEnds, u32(at - out) - 1)
        fieldEnds += 4
        marks += u32(load<u16>(start) == MARKER)
      }
    }
    if (fields > 0) {
      at--
    } else if (fieldEnds != 0) {
      store<u32>(fieldEnds, u32(at - out))
      fieldEnds += 4
    }
    if (usize(tailSize) > outEnd - at) return FAILED
    memory.copy(at, tail, tailSize)
    at += tailSize
    store<u32>(rowEnds + (row << 2), u32(at - out))
  }
  markerCount = marks
  return u32(at - out)
}

/** Whether every column was read to its end. */
export function columnsAtEnd(cursors: usize, fields: u32): bool {
  const cursorsEnd = cursors + (fields << 3)
  for (let cursor = cursors; cursor < cursorsEnd; cursor += 8) {
    if (load<u32>(cursor) != load<u32>(cursor, 4)) return false
  }
  return true
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
