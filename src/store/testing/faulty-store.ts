import { AppError } from '#stdx/app-error'
import type { ObjectStore, ObjectWriter, PutResult } from '../object-store.ts'

/**
 * What happens at write `at` (from 1; a put, a commit of a writer and a delete each count as one).
 *
 * - `fails`: the store answers `store.unavailable`, once; `isApplied` says whether it did it anyway.
 * - `dies`: the process is gone: this call and every later one rejects with `ProcessDeath`.
 */
export type Fault = {
  readonly at: number
  readonly kind: 'fails' | 'dies'
  readonly isApplied: boolean
}

/** Stands for kill -9: no code of ours may catch it and go on. */
export class ProcessDeath extends Error {
  override readonly name = 'ProcessDeath'
}

export type FaultyStore = ObjectStore & {
  /** Writes begun so far, so that a test can try every one of them. */
  readonly writeCount: () => number
  readonly isDead: () => boolean
}

/** The fault of a seed: the same seed gives the same one. */
export function faultOfSeed(seed: number, writesMax: number): Fault {
  const mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  return {
    at: 1 + (mixed % writesMax),
    kind: (mixed >>> 16) % 2 === 0 ? 'fails' : 'dies',
    isApplied: (mixed >>> 17) % 2 === 0,
  }
}

/** The same store, with one fault. Stores that share a `process` die together. */
export function faultyStore(
  store: ObjectStore,
  fault: Fault,
  process: { writeCount: number; isDead: boolean } = { writeCount: 0, isDead: false },
): FaultyStore {
  function checkAlive(): void {
    if (process.isDead) throw new ProcessDeath('The process is dead.')
  }

  async function meetFault<T>(write: () => Promise<T>): Promise<T> {
    checkAlive()
    process.writeCount += 1
    if (process.writeCount !== fault.at) return await write()
    if (fault.isApplied) await write()
    if (fault.kind === 'dies') process.isDead = true
    checkAlive()
    throw new AppError('store.unavailable', 'Cannot write an object: the store did not answer')
  }

  return {
    label: store.label,
    writeCount: () => process.writeCount,
    isDead: () => process.isDead,
    put: (name, bytes, signal) => meetFault<PutResult>(() => store.put(name, bytes, signal)),
    async create(name, signal): Promise<ObjectWriter> {
      checkAlive()
      const writer = await store.create(name, signal)
      return {
        async write(bytes) {
          checkAlive()
          await writer.write(bytes)
        },
        commit: () => meetFault(() => writer.commit()),
        [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
      }
    },
    async get(name, options) {
      checkAlive()
      return await store.get(name, options)
    },
    async stat(name, signal) {
      checkAlive()
      return await store.stat(name, signal)
    },
    async *list(prefix, signal) {
      checkAlive()
      yield* store.list(prefix, signal)
    },
    delete: (name, signal) => meetFault(() => store.delete(name, signal)),
  }
}
