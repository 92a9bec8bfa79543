import type { Entry, Slot, VoidSlot } from './envelope.ts'
import type { Incident } from './timeline-state.ts'

/**
 * A timeline's slots, held against each other: everything that is not as it should be. Nothing after
 * the first damage counts.
 */
export type Links = {
  readonly source: string
  /** The last slot that holds anything; -1 when there is none. */
  readonly headSeq: number
  /** Hash of the object in it; `''` when there is none. */
  readonly headHash: string
  /** Void slots at the end, which the next entry has to name. */
  readonly voids: readonly VoidSlot[]
  readonly incidents: readonly Incident[]
  /** The first slot from which on nothing can be relied on. */
  readonly damagedFrom: number | null
  /** Whether what lies there is of a format that is not known, rather than damage. */
  readonly isUnsupported: boolean
  /** Why this is an older timeline than one that was seen, as a clause; `null` when it is not. */
  readonly rolledBack: string | null
  readonly unknownKinds: readonly string[]
  /** By certificate, the newest entry that its holder stated or agreed to. */
  readonly authors: ReadonlyMap<string, number>
}

/** The same with the entries that count, in order. */
export type Chain = Links & { readonly entries: readonly Entry[] }

/** An entry that counts, with the hash of its object. */
export type LinkedEntry = { readonly entry: Entry; readonly hash: string }

/** What somebody saw at a slot before: the head, then. */
export type SeenHead = { readonly seq: number; readonly hash: string }

/** Whether all of it can be relied on. */
export function isSound({ damagedFrom, rolledBack }: Links): boolean {
  return damagedFrom === null && rolledBack === null
}

type Damage = Incident & { readonly isUnsupported?: boolean }
type Place = { readonly seq: number; readonly hash: string }

/**
 * Chains slots one by one, ascending by seq, holding only what the next ones are held against.
 *
 * A void slot counts as one only if the next entry names its hash: then it was there when that entry
 * was made. An object that became void later is damage, and so are a hole, a wrong previous hash and
 * an object of an unknown format.
 */
export class Linker {
  readonly #source: string
  readonly #seen: readonly SeenHead[]
  readonly #incidents: Incident[]
  readonly #unknownKinds: string[]
  readonly #authors: Map<string, number>
  #before: Place | undefined
  #pending: VoidSlot[]
  /** Counts unless the next one tells that another stood in its place. */
  #last: LinkedEntry | undefined
  #damage: Damage | undefined
  /** The slot whose format is not known, until the next one tells whether it was so when that was made. */
  #unjudged: Place | undefined
  #rolledBack: string | null = null

  /** @param after what slots come after, when they are not the first: sound links */
  constructor(
    source: string,
    { after, seen }: { readonly seen: readonly SeenHead[]; readonly after?: Links | undefined },
  ) {
    this.#source = source
    this.#seen = seen
    this.#incidents = [...(after?.incidents ?? [])]
    this.#unknownKinds = [...(after?.unknownKinds ?? [])]
    this.#authors = new Map(after?.authors)
    this.#pending = [...(after?.voids ?? [])]
    const isFirst = after === undefined || after.headSeq < 0
    this.#before = isFirst ? undefined : { seq: after.headSeq, hash: after.headHash }
  }

  /** Whether nothing counts any more: only heads that were seen before, and the last slot, tell something. */
  get isBroken(): boolean {
    return this.#damage !== undefined
  }

  /** @returns the entry before, when this slot shows that it counts */
  add(slot: Slot): LinkedEntry | undefined {
    const isAltered = this.#seen.some(({ hash, seq }) => seq === slot.seq && hash !== slot.hash)
    if (isAltered && slot.kind === 'entry') {
      this.#rolledBack ??= `entry ${slot.seq} is another one than was seen before`
    }
    const before = this.#before
    this.#before = { seq: slot.seq, hash: slot.hash }
    if (this.#damage !== undefined) {
      this.#judgeUnsupported(slot)
      return undefined
    }
    const altered = {
      seq: slot.seq,
      problem: `Entry ${slot.seq} is not the one that was seen before`,
    }
    const damage = judgeSlot(slot, before, this.#pending) ?? (isAltered ? altered : undefined)
    if (damage !== undefined) {
      this.#break(damage, slot, isAltered)
      return this.#release()
    }
    if (slot.kind === 'void') {
      this.#pending.push({ seq: slot.seq, hash: slot.hash })
      this.#incidents.push({ seq: slot.seq, problem: `Slot ${slot.seq} is void: ${slot.problem}` })
      return undefined
    }
    const released = this.#release()
    if (slot.kind === 'entry') this.#last = { entry: slot.entry, hash: slot.hash }
    this.#pending = []
    return released
  }

  /** No slot comes any more. */
  finish(): { readonly links: Links; readonly last: LinkedEntry | undefined } {
    const headSeq = this.#before?.seq ?? -1
    const newest = Math.max(-1, ...this.#seen.map(({ seq }) => seq))
    if (newest > headSeq) {
      const found = `it ends at entry ${headSeq}, entry ${newest} was seen before`
      this.#rolledBack = found
      const problem = `Entry ${headSeq + 1} is missing: ${found}`
      this.#damage ??= { seq: headSeq + 1, problem }
    }
    const last = this.#release()
    const { problem, seq: damagedFrom } = this.#damage ?? {}
    const others = this.#incidents.filter(({ seq }) => seq !== damagedFrom)
    const isDamaged = damagedFrom !== undefined && problem !== undefined
    const links = {
      source: this.#source,
      headSeq,
      headHash: this.#before?.hash ?? '',
      voids: this.#pending,
      incidents: isDamaged ? [...others, { seq: damagedFrom, problem }] : others,
      damagedFrom: damagedFrom ?? null,
      isUnsupported: this.#damage?.isUnsupported === true,
      rolledBack: this.#rolledBack,
      unknownKinds: this.#unknownKinds,
      authors: this.#authors,
    }
    return { links, last }
  }

  #break(damage: Damage, slot: Slot, isAltered: boolean): void {
    const isUnsupported = slot.kind === 'unsupported' && damage.seq === slot.seq && !isAltered
    this.#damage = isUnsupported ? { ...damage, isUnsupported } : damage
    if (isUnsupported) this.#unjudged = { seq: slot.seq, hash: slot.hash }
    if (this.#last !== undefined && this.#last.entry.seq >= damage.seq) this.#last = undefined
  }

  /** Whoever wrote after it names its hash: another one means that it was something else then. */
  #judgeUnsupported(after: Slot): void {
    const wasOther = after.kind === 'entry' && after.entry.previous !== this.#unjudged?.hash
    if (this.#unjudged !== undefined && this.#damage !== undefined && wasOther) {
      this.#damage = { ...this.#damage, isUnsupported: false }
    }
    this.#unjudged = undefined
  }

  #release(): LinkedEntry | undefined {
    const last = this.#last
    this.#last = undefined
    if (last === undefined) return undefined
    const { author, body, seq } = last.entry
    if (body.kind === 'unknown') this.#unknownKinds.push(body.unknownKind)
    for (const one of 'cosigned' in body ? [author, body.cosigned.author] : [author]) {
      this.#authors.set(one, seq)
    }
    return last
  }
}

/** What is wrong with this slot or with those just before it; `undefined` when nothing is. */
function judgeSlot(
  slot: Slot,
  before: Place | undefined,
  pending: readonly VoidSlot[],
): Incident | undefined {
  const expected = before === undefined ? 0 : before.seq + 1
  if (slot.seq !== expected) {
    return { seq: expected, problem: `Entry ${expected} is missing` }
  }
  if (slot.kind === 'unsupported') {
    return { seq: slot.seq, problem: `Entry ${slot.seq} cannot be used: ${slot.problem}` }
  }
  if (slot.kind === 'void') {
    if (slot.seq > 0) return undefined
    return { seq: 0, problem: `Entry 0 is not the beginning: ${slot.problem}` }
  }
  return judgeLink(slot.entry, before, pending)
}

function judgeLink(
  entry: Entry,
  before: Place | undefined,
  pending: readonly VoidSlot[],
): Incident | undefined {
  const { previous, seq, voids } = entry
  if ((seq === 0) !== (entry.body.kind === 'genesis')) {
    return { seq, problem: `Entry ${seq} is ${entry.body.kind}, which has no place there` }
  }
  const [changed] = pending.filter(
    ({ seq: at, hash }) => !voids.some((v) => v.seq === at && v.hash === hash),
  )
  const isComplete = voids.length === pending.length && changed === undefined
  if (isComplete && previous === (before?.hash ?? null)) return undefined
  const from = pending[0]?.seq ?? Math.max(0, seq - 1)
  const problem = `Entry ${from} is not the one that entry ${seq} was written after`
  return { seq: from, problem }
}
