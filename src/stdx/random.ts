import { randomBytes } from 'node:crypto'

/** Unpredictable bytes, handed in so that tests and the demo can be repeated. */
export type Random = {
  /** Returns `n` fresh bytes that the caller owns. */
  bytes(n: number): Uint8Array
}

/** The operating system's cryptographic generator. */
export const systemRandom: Random = {
  // A copy: small Buffers are views into a pool that others read.
  bytes: (n) => new Uint8Array(randomBytes(n)),
}
