import { inspect } from 'node:util'

const HIDDEN = '[secret]'

/** A value that shows itself only to those who ask for it by name: never in a log, JSON or a trace. */
export class Secret<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  reveal(): T {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
