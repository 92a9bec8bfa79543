import { AppError, isAppError } from '#stdx/app-error'

/** How deep a check goes; see `CheckVaultOptions`. */
export type CheckDepth = 'hashes' | 'authenticated' | 'decoded'

/** Called with what was read since the last call. */
export type OnProgress = (read: { readonly bytes: number }) => void

export type Problem = { readonly object: string; readonly problem: string }

export type VaultCheck = {
  readonly verdict: 'whole' | 'damaged'
  readonly depth: CheckDepth
  /** What was looked at. */
  readonly objects: number
  readonly bytes: number
  readonly problems: readonly Problem[]
  /** Noted and got over: a void slot that later entries chain over. No damage. */
  readonly incidents: readonly Problem[]
  /** Objects that nothing refers to: left by interrupted runs. No damage. */
  readonly garbage: { readonly objects: number; readonly bytes: number }
  /** Objects of segments that others stand for, until they are collected. No damage. */
  readonly replaced: { readonly objects: number; readonly bytes: number }
}

/** What a check has seen so far. */
export class Tally {
  readonly #onProgress: OnProgress
  readonly #seen = new Set<string>()
  readonly #problems: Problem[] = []
  readonly #incidents: Problem[] = []
  #bytes = 0
  #garbage = { objects: 0, bytes: 0 }
  #replaced = { objects: 0, bytes: 0 }
  readonly #letGo = new Set<string>()

  constructor(onProgress: OnProgress) {
    this.#onProgress = onProgress
  }

  /** Whether the object is new to this check; `name` may carry its store's name in front. */
  addObject(name: string): boolean {
    if (this.#seen.has(name)) return false
    this.#seen.add(name)
    return true
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes
    this.#onProgress({ bytes })
  }

  addProblem(object: string, problem: string): void {
    this.#problems.push({ object, problem })
  }

  addIncident(object: string, problem: string): void {
    this.#incidents.push({ object, problem })
  }

  /** An object that may be there or not: an entry has let it go. */
  letGo(name: string): void {
    this.#letGo.add(name)
  }

  /** An object that is there and that nothing refers to any more. */
  addUnneeded(name: string, sizeBytes: number): void {
    if (this.#letGo.has(name)) this.#replaced = addOne(this.#replaced, sizeBytes)
    else this.#garbage = addOne(this.#garbage, sizeBytes)
  }

  get hasProblems(): boolean {
    return this.#problems.length > 0
  }

  hasSeen(name: string): boolean {
    return this.#seen.has(name)
  }

  report(depth: CheckDepth): VaultCheck {
    const problems = this.#problems.filter(({ object }) => !this.#letGo.has(object))
    return {
      verdict: problems.length === 0 ? 'whole' : 'damaged',
      depth,
      objects: this.#seen.size,
      bytes: this.#bytes,
      problems,
      incidents: this.#incidents,
      garbage: this.#garbage,
      replaced: this.#replaced,
    }
  }
}

function addOne({ bytes, objects }: VaultCheck['garbage'], sizeBytes: number) {
  return { objects: objects + 1, bytes: bytes + sizeBytes }
}

/** Names in the keyring's store are told apart from those in the vault's. */
export function keyringObject(name: string): string {
  return `keyring:${name}`
}

/** Turns what is wrong with one object into a problem; the store's own failures end the check. */
export async function guard(
  tally: Tally,
  object: string,
  check: () => Promise<void>,
): Promise<void> {
  try {
    await check()
  } catch (error) {
    if (!(error instanceof AppError) || isStoreFailure(error)) throw error
    tally.addProblem(object, error.message)
  }
}

function isStoreFailure(error: AppError): boolean {
  return isAppError(error, 'store.unavailable') || isAppError(error, 'store.denied')
}
