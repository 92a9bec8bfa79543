import { AppError } from '#stdx/app-error'

export type ConfirmDeps = {
  readonly isYes: boolean
  /** Asks a person; `undefined` when nobody can be asked. */
  readonly ask: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
}

export type Confirmation = {
  /** What is about to happen, as a sentence. */
  readonly what: string
  /** What must be typed, or given with `--confirm`. */
  readonly name: string
  /** What `--confirm` said. */
  readonly given: string | undefined
  /** Whether nothing can be lost, so that `--yes` suffices. */
  readonly isHarmless: boolean
}

/**
 * Resolves when the deed is confirmed: by `--confirm NAME`, by the name typed, or, where nothing can
 * be lost, by `--yes`.
 *
 * @throws cli.confirmation-missing when nobody can be asked | cli.confirmation-wrong
 */
export async function confirm(
  deps: ConfirmDeps,
  { what, name, given, isHarmless }: Confirmation,
  signal: AbortSignal,
): Promise<void> {
  if (given !== undefined) return judge(name, given)
  if (isHarmless && deps.isYes) return
  if (deps.ask === undefined) {
    const option = isHarmless ? `--yes or --confirm ${name}` : `--confirm ${name}`
    const message = `Cannot go on without a confirmation: ${what} Wanted ${option}`
    throw new AppError('cli.confirmation-missing', message, { name })
  }
  judge(name, await deps.ask(`${what}\nType ${name} to go on: `, signal))
}

function judge(name: string, found: string): void {
  if (found.trim() === name) return
  const message = `Cannot go on: found "${found.trim()}" as confirmation, wanted "${name}"`
  throw new AppError('cli.confirmation-wrong', message, { name })
}
