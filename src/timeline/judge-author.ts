import type { Certificate } from '#seal/certificate'
import type { Role } from '#seal/keys'
import { describeKind } from './describe-kind.ts'
import { VAULT_TIMELINE } from './entry-name.ts'

type Place = 'source' | 'vault'
type Rule = { readonly in: Place | 'both'; readonly by: readonly Role[] }

/** Which roles may state which kind, and where. */
const RULES: Readonly<Record<string, Rule>> = {
  capture: { in: 'source', by: ['capture'] },
  reconcile: { in: 'source', by: ['capture'] },
  gap: { in: 'source', by: ['capture'] },
  compact: { in: 'source', by: ['keeper'] },
  hold: { in: 'source', by: ['custodian'] },
  label: { in: 'source', by: ['root', 'capture', 'custodian', 'keeper', 'restore'] },
  // With a custodian's word beside the keeper's: `proposal.ts`.
  expire: { in: 'source', by: ['keeper'] },
  release: { in: 'source', by: ['keeper'] },
  erase: { in: 'source', by: ['keeper'] },
  fence: { in: 'both', by: ['custodian'] },
  repair: { in: 'source', by: ['custodian', 'keeper'] },
  certificate: { in: 'vault', by: ['root'] },
  recipients: { in: 'vault', by: ['root'] },
  resealed: { in: 'vault', by: ['root'] },
  revoke: { in: 'vault', by: ['root'] },
  'restore-begun': { in: 'vault', by: ['restore'] },
  restore: { in: 'vault', by: ['restore'] },
  drill: { in: 'vault', by: ['restore'] },
  identity: { in: 'vault', by: ['restore'] },
  'audit-head': { in: 'vault', by: ['custodian'] },
  heads: { in: 'vault', by: ['root', 'capture', 'custodian', 'keeper', 'restore'] },
  document: { in: 'vault', by: ['root', 'restore', 'capture'] },
}

/**
 * Why this author may not state this kind on this timeline; `undefined` when they may.
 *
 * A kind that is not known here cannot be judged and is let through: readers go on past it.
 */
export function judgeAuthor(
  said: { readonly kind: string; readonly source: string },
  author: Certificate,
): string | undefined {
  const { kind, source } = said
  const place: Place = source === VAULT_TIMELINE ? 'vault' : 'source'
  if (author.source !== null && place === 'source' && author.source !== source) {
    return `its author is certified for "${author.source}", not for "${source}"`
  }
  if (author.role === 'auditor') return 'an auditor states nothing'
  const rule = kind === 'genesis' ? genesisRule(place) : RULES[kind]
  if (rule === undefined) return undefined
  if (rule.in !== place && rule.in !== 'both')
    return `${describeKind(kind)} on this timeline is out of place`
  if (rule.by.includes(author.role)) return undefined
  return `its author is ${author.role}, who may not state ${describeKind(kind)}`
}

function genesisRule(place: Place): Rule {
  return { in: place, by: place === 'vault' ? ['root'] : ['capture'] }
}
