import { compareWords, skeletonOf, wordsOf } from './party-name.ts'

/** What is known of a party, by which it may be like another. */
export type Likeness = {
  readonly name: string | null
  /** Its own and those of what belongs to it, folded; each once. */
  readonly signs: readonly Sign[]
}

export const SIGN_KINDS = ['taxId', 'iban', 'email', 'phone', 'address', 'domain'] as const
export type SignKind = (typeof SIGN_KINDS)[number]
export type Sign = readonly [kind: SignKind, value: string]

/** Why two parties are thought to be one. */
export type Reason = {
  readonly sign: SignKind | 'name' | 'otherTaxId'
  /** What both have; of names and tax ids that differ, both. */
  readonly values: readonly string[]
  /** How much it says by itself, from 0 to 1; negative: it speaks against it. */
  readonly weight: number
}

export type Judged = {
  /** From 0, below 1. */
  readonly score: number
  readonly reasons: readonly Reason[]
}

/** How much a sign says when hardly anybody else has it. */
const WEIGHTS: Readonly<Record<SignKind, number>> = {
  taxId: 0.9,
  iban: 0.9,
  email: 0.85,
  phone: 0.6,
  address: 0.5,
  domain: 0.35,
}
const NAME_WEIGHT = 0.8
const NAME_ALIKE_MIN = 0.55
/** What is left of everything else where both have a tax id, and not the same. */
const OTHER_TAX_ID = 0.5
/** A sign that more parties have says the less, the more they are. */
const SHARED_MAX = 6

/**
 * How likely two parties are one, and why. The same whichever comes first. A weight is not a probability:
 * it only puts what a person should look at first on top. Pure.
 *
 * @param countOf how many parties have a token; at least so many
 */
export function judgeLikeness(
  a: Likeness,
  b: Likeness,
  countOf: (token: string) => number,
): Judged {
  const reasons: Reason[] = []
  const alike = compareNames(a.name, b.name, countOf)
  if (alike >= NAME_ALIKE_MIN) {
    const values = [a.name ?? '', b.name ?? ''].sort()
    reasons.push({ sign: 'name', values, weight: NAME_WEIGHT * alike ** 2 })
  }
  for (const [kind, value] of sharedSigns(a, b)) {
    const rare = Math.min(1, SHARED_MAX / countOf(tokenOf(kind, value)))
    reasons.push({ sign: kind, values: [value], weight: WEIGHTS[kind] * rare })
  }
  const against = otherTaxIds(a, b)
  // In one order, so that rounding does not tell which came first.
  reasons.sort((x, y) => y.weight - x.weight || (formatReason(x) < formatReason(y) ? -1 : 1))
  const open = reasons.reduce((rest, { weight }) => rest * (1 - weight), 1)
  const score = (1 - open) * (against === undefined ? 1 : OTHER_TAX_ID)
  return { score, reasons: against === undefined ? reasons : [...reasons, against] }
}

function formatReason({ sign, values }: Reason): string {
  return [sign, ...values].join('\n')
}

/** What a sign is counted and looked up by. */
export function tokenOf(kind: SignKind | 'word' | 'words', value: string): string {
  return `${kind}:${value}`
}

/** Of a longer name only so many words are taken two by two. */
const PAIRED_WORDS_MAX = 5

/**
 * All by which a party is compared with others at all: signs, words, and any two words, of which each may be
 * common.
 */
export function tokensOf({ name, signs }: Likeness): string[] {
  const words = [...new Set((name === null ? [] : wordsOf(name)).map(skeletonOf))].sort()
  const paired = words.slice(0, PAIRED_WORDS_MAX)
  const pairs = paired.flatMap((one, i) => paired.slice(i + 1).map((other) => `${one} ${other}`))
  return [
    ...words.map((word) => tokenOf('word', word)),
    ...pairs.map((pair) => tokenOf('words', pair)),
    ...new Set(signs.map(([kind, value]) => tokenOf(kind, value))),
  ]
}

/** The address says where the domain would only say it again. */
function sharedSigns(a: Likeness, b: Likeness): Sign[] {
  const own = new Set(b.signs.map(([kind, value]) => tokenOf(kind, value)))
  const shared = a.signs.filter(([kind, value]) => own.has(tokenOf(kind, value)))
  const hasMail = shared.some(([kind]) => kind === 'email')
  return shared.filter(([kind]) => kind !== 'domain' || !hasMail)
}

function otherTaxIds(a: Likeness, b: Likeness): Reason | undefined {
  const own = (one: Likeness) =>
    one.signs.flatMap(([kind, value]) => (kind === 'taxId' ? value : []))
  const [left, right] = [own(a), own(b)]
  if (left.length === 0 || right.length === 0) return undefined
  if (left.some((value) => right.includes(value))) return undefined
  return {
    sign: 'otherTaxId',
    values: [left[0] ?? '', right[0] ?? ''].sort(),
    weight: -OTHER_TAX_ID,
  }
}

/** Words of both names, the best pairs first; a word counts the more, the rarer it is. */
function compareNames(
  a: string | null,
  b: string | null,
  countOf: (token: string) => number,
): number {
  if (a === null || b === null) return 0
  const weightOf = (word: string) => 1 / Math.log2(1 + countOf(tokenOf('word', skeletonOf(word))))
  const left = wordsOf(a).map((word) => ({ word, weight: weightOf(word), isTaken: false }))
  const right = wordsOf(b).map((word) => ({ word, weight: weightOf(word), isTaken: false }))
  const pairs = left.flatMap((one) =>
    right.map((other) => ({ one, other, alike: compareWords(one.word, other.word) })),
  )
  const nameOf = ({ one, other }: (typeof pairs)[number]) => [one.word, other.word].sort().join(' ')
  pairs.sort((x, y) => y.alike - x.alike || (nameOf(x) < nameOf(y) ? -1 : 1))
  let shared = 0
  for (const { alike, one, other } of pairs) {
    if (alike === 0 || one.isTaken || other.isTaken) continue
    one.isTaken = true
    other.isTaken = true
    shared += alike * (one.weight + other.weight)
  }
  const weights = [...left, ...right].map(({ weight }) => weight).sort((x, y) => x - y)
  const sum = weights.reduce((all, weight) => all + weight, 0)
  return sum === 0 ? 0 : shared / sum
}
