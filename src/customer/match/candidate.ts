import { type Likeness, type Sign, tokenOf, tokensOf } from './likeness.ts'
import type { Rarity } from './rarity.ts'
import type { Said } from './read-likenesses.ts'

/** A party with all that is known of it; what there is too much of is cut. */
export type Candidate = Likeness & {
  /** Number of its entity, and its key as rows spell it. */
  readonly ref: string
  readonly entity: number
  /** As an address prints it. */
  readonly key: string
  readonly matched: readonly (readonly [by: string, value: string])[]
  /** Parties that it is one with by a link. */
  readonly ones: readonly string[]
}

const PAIR = tokenOf('words', '')
const SIGNS_MAX = 24
const ONES_MAX = 16
/** A token that more parties share compares nobody. */
export const BLOCK_MAX = 32
/** A party is compared by its rarest tokens; two words of a name are rare where each is common. */
const KEPT_MAX = 5
const PAIRS_KEPT_MAX = 3

/** What all lines under the name of a party say; `undefined` where there is no such party. */
export function foldCandidate(ref: string, texts: readonly string[]): Candidate | undefined {
  const said = texts.map((text) => JSON.parse(text) as Said)
  const party = said.find((one) => one.kind === 'party')
  if (party === undefined) return undefined
  const signs = new Map<string, Sign>()
  const ones = new Set<string>()
  for (const sign of party.signs) signs.set(tokenOf(...sign), sign)
  for (const one of said) {
    if (one.kind === 'one') ones.add(one.other)
    if (one.kind === 'signs') for (const sign of one.signs) signs.set(tokenOf(...sign), sign)
  }
  const { key, matched, name } = party
  const entity = Number(ref.slice(0, ref.indexOf('\t')))
  const cut = { signs: [...signs.values()].slice(0, SIGNS_MAX), ones: [...ones].slice(0, ONES_MAX) }
  return { ref, entity, key, name, matched, ...cut }
}

/** By what it is compared with others: its rarest tokens that somebody else has, too. */
export function keptTokens(candidate: Likeness, rarity: Pick<Rarity, 'countOf'>): string[] {
  const shared = tokensOf(candidate)
    .map((token) => ({ token, count: rarity.countOf(token) }))
    .filter(({ count }) => count >= 2 && count <= BLOCK_MAX)
    .sort((a, b) => a.count - b.count || (a.token < b.token ? -1 : 1))
    .map(({ token }) => token)
  const isPair = (token: string) => token.startsWith(PAIR)
  const pairs = shared.filter(isPair).slice(0, PAIRS_KEPT_MAX)
  return [...shared.filter((token) => !isPair(token)).slice(0, KEPT_MAX), ...pairs]
}

/** Whether the map finds that two are one, as far as their own links and fields tell. */
export function isOneByMap(a: Candidate, b: Candidate, isSameSource: boolean): boolean {
  if (a.ones.includes(b.ref) || b.ones.includes(a.ref)) return true
  if (a.ones.some((one) => b.ones.includes(one))) return true
  if (isSameSource) return false
  return a.matched.some(([by, value]) =>
    b.matched.some(([other, same]) => other === by && same === value),
  )
}
