import { isAppError } from '#stdx/app-error'
import { ERROR_TABLE } from '../error-table.ts'

/** One thing that was looked at. */
export type Finding = {
  readonly check: string
  readonly verdict: 'good' | 'bad' | 'skipped'
  readonly found: string
  /** What to do, exactly; empty when good. */
  readonly fix: string
}

export function good(check: string, found: string): Finding {
  return { check, verdict: 'good', found, fix: '' }
}

/** What `act` gives, or the finding that its failure is. */
export async function attempt<T>(
  check: string,
  act: () => Promise<T>,
): Promise<[T, undefined] | [undefined, Finding]> {
  try {
    return [await act(), undefined]
  } catch (error) {
    if (!isAppError(error)) throw error
    const fix = ERROR_TABLE[error.code]?.help ?? `Run \`holdfast explain ${error.code}\`.`
    const found = `${error.message} (${error.code})`
    return [undefined, { check, verdict: 'bad', found, fix }]
  }
}
