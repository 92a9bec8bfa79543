import type { Provenness } from '#app/unproven'
import type { Output } from './output.ts'

/** One warning for an answer of what nobody can vouch for; nothing for all others. */
export function warnUnproven(output: Output, { unproven }: Provenness): void {
  if (unproven !== undefined) output.warning({ code: 'timeline.unproven', message: unproven })
}
