import { AppError, type ErrorSpec } from '#stdx/app-error'
import { ERROR_TABLE } from './error-table.ts'

export type Explanation = { readonly code: string } & ErrorSpec

/**
 * What a code means and what to do about it; without a code, all of them.
 *
 * @param more codes of the door that asks
 * @throws app.code-unknown
 */
export function explainCode(
  code: string | undefined,
  more: Readonly<Record<string, ErrorSpec>>,
): readonly Explanation[] {
  const table: Readonly<Record<string, ErrorSpec>> = { ...ERROR_TABLE, ...more }
  const codes = Object.keys(table)
    .sort()
    .filter((known) => code === undefined || known === code)
  if (code !== undefined && codes.length === 0) {
    throw new AppError('app.code-unknown', `Cannot explain "${code}": there is no such code`)
  }
  return codes.flatMap((known) => {
    const spec = table[known]
    return spec === undefined ? [] : [{ code: known, ...spec }]
  })
}
