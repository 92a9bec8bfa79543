import { type EntityName, parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'

/**
 * `keep`: records have the keys of the point. `mint`: the target numbers what it has not been given yet.
 * `mint-moved`: so it does, but a record that carries what is unique in the row of one that is gone is that one.
 */
export type KeyPolicy = 'keep' | 'mint' | 'mint-moved'

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
    if (!isPolicy(word)) throw invalid(text, 'need keep, mint or mint-moved')
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
  return [fallback, ...byEntity.values()].some(isOfMint)
}

export function isMinted(policies: KeyPolicies, entity: EntityName): boolean {
  return isOfMint(keyPolicyOf(policies, entity))
}

function isOfMint(policy: KeyPolicy | null): boolean {
  return policy === 'mint' || policy === 'mint-moved'
}

function isPolicy(word: string): word is KeyPolicy {
  return word === 'keep' || word === 'mint' || word === 'mint-moved'
}

function invalid(text: string, found: string): AppError {
  return new AppError('restore.keys-invalid', `Cannot give keys by "${text}": ${found}`, { text })
}
