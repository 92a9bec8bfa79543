import { type EntityName, parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'

/** `keep`: records have the keys of the point. `mint`: the target numbers what it has not been given yet. */
export type KeyPolicy = 'keep' | 'mint'

export type KeyPolicies = {
  /** `null`: nobody has said. */
  readonly default: KeyPolicy | null
  readonly byEntity: ReadonlyMap<EntityName, KeyPolicy>
}

/**
 * Policies as they are typed: `mint`, or `public.country=keep` for one entity.
 * @throws restore.keys-invalid | record.entity-invalid
 */
export function parseKeyPolicies(texts: readonly string[]): KeyPolicies {
  const byEntity = new Map<EntityName, KeyPolicy>()
  let fallback: KeyPolicy | null = null
  for (const text of texts) {
    const at = text.lastIndexOf('=')
    const word = text.slice(at + 1)
    if (word !== 'keep' && word !== 'mint') throw invalid(text, 'need keep or mint')
    if (at < 0) {
      if (fallback !== null) throw invalid(text, 'found it twice, need it once for all entities')
      fallback = word
      continue
    }
    const entity = parseEntityName(text.slice(0, at))
    if (byEntity.has(entity)) throw invalid(text, `found two policies for "${entity}", need one`)
    byEntity.set(entity, word)
  }
  return { default: fallback, byEntity }
}

export function keyPolicyOf(policies: KeyPolicies, entity: EntityName): KeyPolicy | null {
  return policies.byEntity.get(entity) ?? policies.default
}

export function mayMint({ byEntity, default: fallback }: KeyPolicies): boolean {
  return fallback === 'mint' || [...byEntity.values()].includes('mint')
}

function invalid(text: string, found: string): AppError {
  return new AppError('restore.keys-invalid', `Cannot give keys by "${text}": ${found}`, { text })
}
