// Digests rows. In AssemblyScript, for WebAssembly: no state but what is said, the caller lays out the
// memory, passes addresses, and leaves 64 bytes of room behind everything that is read or written in
// steps of 16. `tools/build-kernel.ts` compiles it, with the files beside it, into `kernel-wasm.ts`.

const NEWLINE: u8 = 0x0a

let longestRow: u32 = 0

export function longest(): u32 { return longestRow }

// SipHash-2-4 with 64 bits of result, https://www.aumasson.jp/siphash/siphash.pdf

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
  let v0 = s0, v1 = s1, v2 = s2, v3 = s3
  let m: u64 = 0
  if (rest != 0) m = load<u64>(at) & ((u64(1) << (rest << 3)) - 1)
  m |= u64(total + prefixed) << 56
  v3 ^= m
  for (let i: u32 = 0; i < 6; i++) {
    if (i == 2) {
      v0 ^= m
      v2 ^= 0xff
    }
    v0 += v1; v1 = rotl<u64>(v1, 13); v1 ^= v0; v0 = rotl<u64>(v0, 32)
    v2 += v3; v3 = rotl<u64>(v3, 16); v3 ^= v2
    v0 += v3; v3 = rotl<u64>(v3, 21); v3 ^= v0
    v2 += v1; v1 = rotl<u64>(v1, 17); v1 ^= v2; v2 = rotl<u64>(v2, 32)
  }
  return v0 ^ v1 ^ v2 ^ v3
}

/** One message, from `size` bytes of its end on, with its state in locals: the loop over all bytes. */
function sipRest(text: usize, size: u32, total: u32): u64 {
  let v0 = s0, v1 = s1, v2 = s2, v3 = s3
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
  return finish(at, size & 7, total)
}

/** Two messages at a time: each round waits for the one before it, so that one leaves half the core idle. */
function sipRows(a: usize, aSize: u32, b: usize, bSize: u32, out: usize): void {
  let v0 = p0, v1 = p1, v2 = p2, v3 = p3
  let w0 = p0, w1 = p1, w2 = p2, w3 = p3
  const both = min(aSize, bSize) & ~7
  let at: u32 = 0
  for (; at < both; at += 8) {
    const m = load<u64>(a + at)
    const n = load<u64>(b + at)
    v3 ^= m; w3 ^= n
    v0 += v1; v1 = rotl<u64>(v1, 13); v1 ^= v0; v0 = rotl<u64>(v0, 32)
    w0 += w1; w1 = rotl<u64>(w1, 13); w1 ^= w0; w0 = rotl<u64>(w0, 32)
    v2 += v3; v3 = rotl<u64>(v3, 16); v3 ^= v2
    w2 += w3; w3 = rotl<u64>(w3, 16); w3 ^= w2
    v0 += v3; v3 = rotl<u64>(v3, 21); v3 ^= v0
    w0 += w3; w3 = rotl<u64>(w3, 21); w3 ^= w0
    v2 += v1; v1 = rotl<u64>(v1, 17); v1 ^= v2; v2 = rotl<u64>(v2, 32)
    w2 += w1; w1 = rotl<u64>(w1, 17); w1 ^= w2; w2 = rotl<u64>(w2, 32)
    v0 += v1; v1 = rotl<u64>(v1, 13); v1 ^= v0; v0 = rotl<u64>(v0, 32)
    w0 += w1; w1 = rotl<u64>(w1, 13); w1 ^= w0; w0 = rotl<u64>(w0, 32)
    v2 += v3; v3 = rotl<u64>(v3, 16); v3 ^= v2
    w2 += w3; w3 = rotl<u64>(w3, 16); w3 ^= w2
    v0 += v3; v3 = rotl<u64>(v3, 21); v3 ^= v0
    w0 += w3; w3 = rotl<u64>(w3, 21); w3 ^= w0
    v2 += v1; v1 = rotl<u64>(v1, 17); v1 ^= v2; v2 = rotl<u64>(v2, 32)
    w2 += w1; w1 = rotl<u64>(w1, 17); w1 ^= w2; w2 = rotl<u64>(w2, 32)
    v0 ^= m; w0 ^= n
  }
  s0 = v0; s1 = v1; s2 = v2; s3 = v3
  store<u64>(out, sipRest(a + at, aSize - at, aSize))
  s0 = w0; s1 = w1; s2 = w2; s3 = w3
  store<u64>(out, sipRest(b + at, bSize - at, bSize), 8)
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
  let heldAt: usize = 0
  let heldSize: u32 = 0
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
    if ((row & 1) == 0) {
      heldAt = text + start
      heldSize = kept - start
    } else {
      sipRows(heldAt, heldSize, text + start, kept - start, digests + ((row - 1) << 3))
    }
    store<u32>(rowEnds + (row << 2), end + 1)
    long = max(long, end + 1 - start)
    start = end + 1
  }
  if ((rows & 1) == 1) {
    sipStart()
    store<u64>(digests + ((rows - 1) << 3), sipRest(heldAt, heldSize, heldSize))
  }
  longestRow = long
  return rows
}

