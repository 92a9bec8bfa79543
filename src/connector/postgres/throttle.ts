import type { Clock } from '#stdx/clock'

/** Keeps a number of streams together under one rate. */
export class Throttle {
  readonly #clock: Clock
  readonly #bytesPerSecondMax: number
  /** When the bytes taken so far are paid for. */
  #paidAtMs = 0

  /** @param bytesPerSecondMax 0: no limit */
  constructor(clock: Clock, bytesPerSecondMax: number) {
    this.#clock = clock
    this.#bytesPerSecondMax = bytesPerSecondMax
  }

  /** Resolves when `sizeBytes` more may be taken. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecondMax === 0) return
    const nowMs = this.#clock.nowMs()
    const waitMs = this.#paidAtMs - nowMs
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (sizeBytes / this.#bytesPerSecondMax) * 1000
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
  }
}
