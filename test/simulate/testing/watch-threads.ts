import nodeCrypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Work that goes on in other threads, whose end may come at any moment. */
export type Threads = Disposable & {
  /** Resolves when none is left. */
  idle(): Promise<void>
  readonly isIdle: () => boolean
}

type Call = (this: unknown, ...args: unknown[]) => Promise<unknown>

/**
 * Counts what Web Crypto and Argon2 have not answered yet: the two things that the vault leaves to
 * other threads (HPKE, and keys made of passphrases). Everything else it does between two awaits, or asks of a store, a clock or a source. Code
 * that begins to use threads of another kind has to be counted here, or runs cannot be repeated;
 * a test notices.
 */
export function watchThreads(): Threads {
  let running = 0
  let wakers: (() => void)[] = []
  const finish = () => {
    running -= 1
    if (running > 0) return
    for (const wake of wakers) wake()
    wakers = []
  }
  const subtle = crypto.subtle as unknown as Record<string, Call>
  const names = Object.getOwnPropertyNames(SubtleCrypto.prototype).filter(
    (name) => name !== 'constructor' && typeof subtle[name] === 'function',
  )
  for (const name of names) {
    const plain = subtle[name] as Call
    subtle[name] = async (...args) => {
      running += 1
      try {
        return await plain.apply(crypto.subtle, args)
      } finally {
        finish()
      }
    }
  }
  const plainArgon2 = nodeCrypto.argon2
  nodeCrypto.argon2 = (algorithm, parameters, answer) => {
    running += 1
    plainArgon2(algorithm, parameters, (error, key) => {
      answer(error, key)
      finish()
    })
  }
  syncBuiltinESMExports()
  return {
    isIdle: () => running === 0,
    idle: () =>
      running === 0 ? Promise.resolve() : new Promise<void>((resolve) => wakers.push(resolve)),
    [Symbol.dispose]() {
      // What was set on the object hid what its prototype has.
      for (const name of names) delete subtle[name]
      nodeCrypto.argon2 = plainArgon2
      syncBuiltinESMExports()
    },
  }
}
