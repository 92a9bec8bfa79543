import { assert } from '#stdx/assert'
import { SealedSpool } from '#stdx/sealed-spool'
import type { CustomerMap } from './customer-map.ts'
import { type DecidedRecord, nameOf } from './decisions.ts'
import { findClosure } from './find-closure.ts'
import { findByKey } from './find-party.ts'
import type { EntityInMap, MapAt } from './map-at.ts'
import { type Candidate, foldCandidate, isOneByMap, keptTokens } from './match/candidate.ts'
import { judgeLikeness, type Reason, tokensOf } from './match/likeness.ts'
import { Rarity } from './match/rarity.ts'
import { readLikenesses } from './match/read-likenesses.ts'
import { type Line, sortLines } from './match/sorted-lines.ts'
import type { MeasureDeps } from './measure-links.ts'
import { isParty } from './roles.ts'

export type ProposeDeps = MeasureDeps & {
  /** Told before each part of the work. */
  readonly begin: (label: string) => void
}

/** Two parties that may be one: for a person to decide. */
export type Proposal = {
  readonly a: ProposedParty
  readonly b: ProposedParty
  /** From 0, below 1; it puts in order and proves nothing. */
  readonly score: number
  readonly reasons: readonly Reason[]
}

export type ProposedParty = DecidedRecord & { readonly name: string | null }

export type Proposals = {
  /** The likeliest first. */
  readonly proposals: readonly Proposal[]
  /** Parties that were looked at, and pairs of them that were compared. */
  readonly parties: number
  readonly compared: number
}

export type ProposeOptions = {
  readonly proposalsMax: number
  readonly scoreMin: number
  readonly signal: AbortSignal
}

const FRAME_CHARACTERS = 262_144
/** So many pairs are held for each that is asked for. */
const KEPT_PAIRS = 10

/**
 * Pairs of parties that look like one, in all systems and inside each, that the map does not find to be
 * one and nobody has decided on.
 *
 * Reads every entity that says something of parties once. Two are compared only where they share a token
 * that few have, so that the work grows with the number of parties and not with its square: of each at
 * most eight tokens, of each token at most 32 parties. Holds 16 MB of counters, what sorting holds, and the
 * best so far; the rest lies sealed on disk.
 */
export async function proposeSame(
  deps: ProposeDeps,
  { laid, map }: { readonly laid: MapAt; readonly map: CustomerMap },
  options: ProposeOptions,
): Promise<Proposals> {
  const { signal } = options
  const rarity = new Rarity()
  await using spool = new SealedSpool(deps, { memoryBytesMax: 4 * FRAME_CHARACTERS })
  const parties = await gather(deps, { laid, map, rarity, spool }, signal)
  deps.begin(`Comparing ${parties} parties`)
  const best = new BestPairs(laid, map, rarity, options)
  const lines = sortLines(deps, readTokens(spool, rarity), signal)
  for await (const { name, texts } of lines) {
    const block = texts.map((text) => JSON.parse(text) as Blocked)
    for (const [i, a] of block.entries()) {
      for (const b of block.slice(i + 1)) if (isFirstMeeting(name, a, b)) best.compare(a, b)
    }
  }
  deps.begin('Looking at what the map finds of the likeliest')
  return { proposals: await best.take(signal), parties, compared: best.compared }
}

/** A party with the tokens that it is compared by. */
type Blocked = Candidate & { readonly kept: readonly string[] }

/** Two parties that share several tokens meet under each: they are compared under the least. */
function isFirstMeeting(token: string, a: Blocked, b: Blocked): boolean {
  return !a.kept.some((one) => one < token && b.kept.includes(one))
}

/** Writes all parties down, each in one piece, and counts their tokens. */
async function gather(
  deps: ProposeDeps,
  found: {
    readonly laid: MapAt
    readonly map: CustomerMap
    readonly rarity: Rarity
    readonly spool: SealedSpool
  },
  signal: AbortSignal,
): Promise<number> {
  const { laid, map, rarity, spool } = found
  let parties = 0
  let frame = ''
  const flush = async () => {
    if (frame !== '') await spool.append(Uint8Array.from(Buffer.from(frame)))
    frame = ''
  }
  const lines = sortLines(deps, readAll(deps, laid, { match: map.match, signal }), signal)
  for await (const { name, texts } of lines) {
    const candidate = foldCandidate(name, texts)
    if (candidate === undefined) continue
    parties += 1
    for (const token of tokensOf(candidate)) rarity.add(token)
    frame += `${JSON.stringify(candidate)}\n`
    if (frame.length >= FRAME_CHARACTERS) await flush()
  }
  await flush()
  return parties
}

async function* readAll(
  { begin }: ProposeDeps,
  laid: MapAt,
  asked: Pick<CustomerMap, 'match'> & { readonly signal: AbortSignal },
): AsyncGenerator<Line> {
  for (const entity of laid.entities) {
    begin(`Reading ${entity.map.source} ${entity.map.entity}`)
    yield* readLikenesses(laid, entity, asked)
  }
}

async function* readTokens(spool: SealedSpool, rarity: Rarity): AsyncGenerator<Line> {
  for await (const frame of spool.read()) {
    for (const line of Buffer.from(frame).toString('utf8').split('\n')) {
      if (line === '') continue
      const candidate = JSON.parse(line) as Candidate
      const kept = keptTokens(candidate, rarity)
      const text = JSON.stringify({ ...candidate, kept })
      for (const name of kept) yield { name, text }
    }
  }
}

type Pair = {
  readonly a: Candidate
  readonly b: Candidate
  readonly judged: ReturnType<typeof judgeLikeness>
}

class BestPairs {
  readonly #laid: MapAt
  readonly #map: CustomerMap
  readonly #rarity: Rarity
  readonly #options: ProposeOptions
  /** More than are asked for: two customers of three systems each are nine pairs. */
  #pairs: Pair[] = []
  readonly #ones = new Map<string, readonly string[]>()
  compared = 0

  constructor(laid: MapAt, map: CustomerMap, rarity: Rarity, options: ProposeOptions) {
    this.#laid = laid
    this.#map = map
    this.#rarity = rarity
    this.#options = options
  }

  compare(one: Candidate, other: Candidate): void {
    this.compared += 1
    const [a, b] = one.ref < other.ref ? [one, other] : [other, one]
    const isSameSource = this.#placeOf(a).map.source === this.#placeOf(b).map.source
    if (isOneByMap(a, b, isSameSource)) return
    if (this.#laid.decided.parties.isDecided(this.#describe(a), this.#describe(b))) return
    const judged = judgeLikeness(a, b, (token) => this.#rarity.countOf(token))
    if (judged.score < this.#options.scoreMin) return
    this.#pairs.push({ a, b, judged })
    if (this.#pairs.length >= 4 * KEPT_PAIRS * this.#options.proposalsMax) this.#prune()
  }

  /** Of each two customers the likeliest pair of their parties. */
  async take(signal: AbortSignal): Promise<Proposal[]> {
    this.#prune()
    const proposals: Proposal[] = []
    const seen = new Set<string>()
    for (const { a, b, judged } of this.#pairs) {
      if (proposals.length >= this.#options.proposalsMax) break
      const [left, right] = [await this.#findOnes(a, signal), await this.#findOnes(b, signal)]
      if (this.#isDecided(left, right)) continue
      const pair = [left[0], right[0]].sort().join('\n')
      if (seen.has(pair)) continue
      seen.add(pair)
      const score = Math.round(judged.score * 1000) / 1000
      proposals.push({ a: this.#describe(a), b: this.#describe(b), score, reasons: judged.reasons })
    }
    return proposals
  }

  /** Whether two customers are one by all that makes parties one, or are decided to be apart. */
  #isDecided(left: readonly string[], right: readonly string[]): boolean {
    const { parties } = this.#laid.decided
    if (left.some((name) => right.includes(name))) return true
    return parties.hasApart && left.some((a) => right.some((b) => parties.isApart(a, b)))
  }

  /** Names of all parties that are one with this one, ascending: what a walk over what makes them one finds. */
  async #findOnes(candidate: Candidate, signal: AbortSignal): Promise<readonly string[]> {
    const known = this.#ones.get(candidate.ref)
    if (known !== undefined) return known
    const root = await findByKey(this.#placeOf(candidate), candidate.key, signal)
    assert(root !== null, 'A candidate was read at the same points.')
    const { decided, links: all } = this.#laid
    const links = all.filter(({ from, kind }) => kind === 'same' || from.map.role === 'crosswalk')
    const { bounds } = this.#map
    const { records } = await findClosure({ links, decided }, [root], { bounds, signal })
    const names = records.flatMap(({ entity: { map }, key, way }) => {
      const isOne = isParty(map.role) && way.kind !== 'needed'
      return isOne ? [nameOf({ source: map.source, entity: map.entity, key })] : []
    })
    this.#ones.set(candidate.ref, names.sort())
    return names
  }

  #prune(): void {
    this.#pairs.sort(
      (x, y) => y.judged.score - x.judged.score || (formatPair(x) < formatPair(y) ? -1 : 1),
    )
    this.#pairs = this.#pairs.slice(0, KEPT_PAIRS * this.#options.proposalsMax)
  }

  #placeOf({ entity }: Candidate): EntityInMap {
    const place = this.#laid.entities[entity]
    assert(place !== undefined, 'A candidate is of an entity of the map.')
    return place
  }

  #describe(candidate: Candidate): ProposedParty {
    const { entity, source } = this.#placeOf(candidate).map
    return { source, entity, key: candidate.key, name: candidate.name }
  }
}

function formatPair({ a, b }: Pair): string {
  return `${a.ref}\n${b.ref}`
}
