import { AppError } from '#stdx/app-error'

/** Where Ctrl-C and a request to terminate arrive. */
export type Interrupts = {
  /** Calls `listener` at each one until disposed. */
  listen(listener: () => void): Disposable
  /** Ends the process at once. */
  exitNow(exit: number): void
}

/**
 * Turns the first interrupt into an abort, saying so, and ends the process at once at the second.
 * Dispose it when the run is over.
 */
export function watchInterrupts(
  interrupts: Interrupts,
  say: (text: string) => void,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const listening = interrupts.listen(() => {
    if (controller.signal.aborted) {
      interrupts.exitNow(130)
      return
    }
    say(
      'Interrupted: finishing or taking back what must not be left half done. Again to stop at once.',
    )
    controller.abort(new AppError('cli.interrupted', 'Cannot finish the run: it was interrupted'))
  })
  return { signal: controller.signal, [Symbol.dispose]: () => listening[Symbol.dispose]() }
}
