import { AppError } from '#stdx/app-error'

/** Who wins where the target holds neither what the point holds nor what was captured last. */
export const POLICIES = ['ours', 'theirs', 'newer', 'ask'] as const

/**
 * - `ours`: the point's value is written
 * - `theirs`: what was done on the target since the last capture stays
 * - `newer`: whatever was changed since the point stays, also where it was captured
 * - `ask`: a conflict is listed, and nothing is written before somebody has decided
 */
export type Policy = (typeof POLICIES)[number]

/** A policy for each class of fields; `default` is for every field of none of them. */
export type Policies = {
  readonly default: Policy
  readonly byClass: Readonly<Record<string, Policy>>
}

export const ASK: Policies = { default: 'ask', byClass: {} }

/** Fields that the map has in no class are of this one. */
export const DEFAULT_CLASS = 'default'

/**
 * Policies as they are typed: `theirs`, or `bank=ours` for a class of fields.
 * @throws restore.policy-invalid for another word, and for two policies of one class
 */
export function parsePolicies(texts: readonly string[]): Policies {
  const given = new Map<string, Policy>()
  for (const text of texts) {
    const at = text.indexOf('=')
    const name = at < 0 ? DEFAULT_CLASS : text.slice(0, at)
    const word = text.slice(at + 1)
    const policy = POLICIES.find((one) => one === word)
    const refuse = (found: string) => {
      const message = `Cannot decide conflicts by "${text}": ${found}`
      return new AppError('restore.policy-invalid', message, { text })
    }
    if (policy === undefined) throw refuse(`need one of ${POLICIES.join(', ')}`)
    if (name === '') throw refuse('found no class before "=", need one of the customer map')
    if (given.has(name)) throw refuse(`found two policies for ${name}, need one`)
    given.set(name, policy)
  }
  const { default: fallback = 'ask', ...byClass } = Object.fromEntries(given)
  return { default: fallback, byClass }
}

export function policyOf({ byClass, default: fallback }: Policies, className: string): Policy {
  return (Object.hasOwn(byClass, className) ? byClass[className] : undefined) ?? fallback
}
