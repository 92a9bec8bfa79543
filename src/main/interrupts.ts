import type { Interrupts } from '#cli/watch-interrupts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Ctrl-C and requests to terminate, of this process. */
export const processInterrupts: Interrupts = {
  listen(listener) {
    for (const signal of SIGNALS) process.on(signal, listener)
    return {
      [Symbol.dispose]() {
        for (const signal of SIGNALS) process.off(signal, listener)
      },
    }
  },
  exitNow: (exit) => process.exit(exit),
}
