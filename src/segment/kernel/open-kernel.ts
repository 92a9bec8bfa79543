import { openZstd, type Zstd } from '../block/zstd.ts'
import { KERNEL_WASM_BASE64 } from './kernel-wasm.ts'

/**
 * One instance of the WebAssembly loops and its memory, and contexts of zstd beside it. Everything it
 * does is synchronous, and nothing in it outlives an await: objects that work for one purpose share
 * one. Its memory grows to what the largest batch needed (some 12 MiB for batches of 2 MiB), which
 * takes as long as scanning it twice, and is freed with its last holder.
 */
export type Kernel = {
  readonly calls: KernelCalls
  readonly zstd: Zstd
  /**
   * Lays out areas of the given sizes, each followed by room to overrun, and returns their
   * addresses. What lay there before is gone, views taken before may be too.
   */
  layOut(sizes: readonly number[]): readonly number[]
  /** A view of the whole memory, good until the next `layOut`. */
  bytes(): Uint8Array<ArrayBuffer>
}

/** The loops, as `*.as.ts` say. Addresses and sizes are bytes; results are unsigned. */
export type KernelCalls = {
  newlines(): number
  markers(): number
  longest(): number
  findFields(text: number, size: number, ends: number): number
  sipKey(key: number): void
  sipPrefix(prefix: number): void
  sipStart(): void
  sipWords(at: number, size: number): void
  sipEnd(at: number, size: number, total: number, out: number): void
  digestRows(...addresses: readonly number[]): number
  encodeKeys(...addresses: readonly number[]): number
  digestKeys(digests: number, rows: number, out: number, keyEnds: number): void
  frontSharedSize(): number
  frontRestSize(): number
  frontEqual(): number
  frontEncode(...addresses: readonly number[]): number
  frontDecode(...addresses: readonly number[]): number
  rowsToColumns(...addresses: readonly number[]): number
  columnsToRows(...addresses: readonly number[]): number
  columnsAtEnd(cursors: number, fields: number): number
  locateFields(...addresses: readonly number[]): number
  gatherRows(...addresses: readonly number[]): number
}

/** What a loop returns, made unsigned by `>>> 0`, when its input is not what it should be. */
export const KERNEL_FAILED = 0xffffffff

/** The part of WebAssembly's JavaScript interface that is used; no library of types has it alone. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports }
}
type KernelMemory = { readonly buffer: ArrayBuffer; grow(pages: number): number }
type KernelExports = KernelCalls & { readonly memory: KernelMemory }

const PAGE_BYTES = 65_536
/** Below lie the compiler's own few bytes. */
const FIRST_ADDRESS = 4_096
const OVERRUN_BYTES = 64

/** Compiled once: what has run hot in one instance is fast in the next from its first call on. */
let compiled: object | undefined

export function openKernel(): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNEL_WASM_BASE64, 'base64'))
  const { exports } = new WebAssembly.Instance(compiled, {})
  const { memory } = exports
  return {
    calls: exports,
    zstd: openZstd(),
    layOut(sizes) {
      let at = FIRST_ADDRESS
      const addresses = sizes.map((size) => {
        const address = at
        at += Math.ceil((size + OVERRUN_BYTES) / 16) * 16
        return address
      })
      const missing = at - memory.buffer.byteLength
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
      return addresses
    },
    bytes: () => new Uint8Array(memory.buffer),
  }
}
