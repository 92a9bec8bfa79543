import type { Entry, Slot, VoidSlot } from './envelope.ts'
import type { Incident } from './timeline-state.ts'

/**
 * A timeline's slots, held against each other: the entries that count, in order, and everything
 * that is not as it should be. Nothing after the first damage counts.
 */
export type Chain = {
  readonly source: string
  /** The last slot that holds anything; -1 when there is none. */
  readonly headSeq: number
  /** Hash of the object in it; `''` when there is none. */
  readonly headHash: string
  readonly entries: readonly Entry[]
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
}

/** What somebody saw at a slot before: the head, then. */
export type SeenHead = { readonly seq: number; readonly hash: string }

/**
 * Chains the slots of one timeline.
 *
 * A void slot counts as one only if the next entry names its hash: then it was there when that entry
 * was made. An object that became void later is damage, and so are a hole, a wrong previous hash and
 * an object of an unknown format.
 * @param slots ascending by seq
 * @param seen heads seen before, wherever they were remembered
 */
export function chainSlots(
  source: string,
  slots: readonly Slot[],
  seen: readonly SeenHead[] = [],
): Chain {
  const linking = linkSlots(slots)
  const rollback = findRollback(slots, seen)
  const altered = findAltered(slots, seen)
  const found = [linking.damage, altered, rollback].filter(
    (one): one is Damage => one !== undefined,
  )
  const [damage] = found.sort((a, b) => a.seq - b.seq)
  const damagedFrom = damage?.seq ?? null
  const entries = linking.entries.filter(({ seq }) => seq < (damagedFrom ?? Infinity))
  const head = slots.at(-1)
  const others = linking.incidents.filter(({ seq }) => seq !== damage?.seq)
  const incidents =
    damage === undefined ? others : [...others, { seq: damage.seq, problem: damage.problem }]
  return {
    source,
    headSeq: head?.seq ?? -1,
    headHash: head?.hash ?? '',
    entries,
    voids: linking.pending,
    incidents,
    damagedFrom,
    isUnsupported: damage?.isUnsupported === true && altered?.seq !== damage.seq,
    rolledBack: rollback?.found ?? null,
    unknownKinds: entries.flatMap(({ body }) =>
      body.kind === 'unknown' ? [body.unknownKind] : [],
    ),
  }
}

type Linking = {
  readonly entries: readonly Entry[]
  readonly incidents: readonly Incident[]
  readonly pending: readonly VoidSlot[]
  readonly damage?: Damage
}

type Damage = Incident & { readonly isUnsupported?: boolean }

function linkSlots(slots: readonly Slot[]): Linking {
  const entries: Entry[] = []
  const incidents: Incident[] = []
  let pending: VoidSlot[] = []
  let before: Slot | undefined
  for (const [i, slot] of slots.entries()) {
    const problem = judgeSlot(slot, { after: slots[i + 1], before, pending })
    if (problem !== undefined) return { entries, incidents, pending, damage: problem }
    if (slot.kind === 'void') {
      pending.push({ seq: slot.seq, hash: slot.hash })
      incidents.push({ seq: slot.seq, problem: `Slot ${slot.seq} is void: ${slot.problem}` })
    } else if (slot.kind === 'entry') {
      entries.push(slot.entry)
      pending = []
    }
    before = slot
  }
  return { entries, incidents, pending }
}

type Neighbours = { readonly before: Slot | undefined; readonly after: Slot | undefined }

/** What is wrong with this slot or with those just before it; `undefined` when nothing is. */
function judgeSlot(
  slot: Slot,
  { after, before, pending }: Neighbours & { readonly pending: readonly VoidSlot[] },
): Damage | undefined {
  const expected = before === undefined ? 0 : before.seq + 1
  if (slot.seq !== expected) {
    return { seq: expected, problem: `Entry ${expected} is missing` }
  }
  if (slot.kind === 'unsupported') {
    // Whoever wrote after it names its hash: another one means that it was something else then.
    const isUnsupported = after?.kind !== 'entry' || after.entry.previous === slot.hash
    const problem = `Entry ${slot.seq} cannot be used: ${slot.problem}`
    return { seq: slot.seq, problem, isUnsupported }
  }
  if (slot.kind === 'void') {
    if (slot.seq > 0) return undefined
    return { seq: 0, problem: `Entry 0 is not the beginning: ${slot.problem}` }
  }
  return judgeLink(slot.entry, before, pending)
}

function judgeLink(
  entry: Entry,
  before: Slot | undefined,
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

/** A slot that holds something else than when it was the head. */
function findAltered(slots: readonly Slot[], seen: readonly SeenHead[]): Incident | undefined {
  const altered = seen
    .filter(({ hash, seq }) => slots.some((slot) => slot.seq === seq && slot.hash !== hash))
    .sort((a, b) => a.seq - b.seq)[0]
  if (altered === undefined) return undefined
  return { seq: altered.seq, problem: `Entry ${altered.seq} is not the one that was seen before` }
}

/** A timeline that ends before a head that was seen, or goes on with another entry in its place. */
function findRollback(
  slots: readonly Slot[],
  seen: readonly SeenHead[],
): (Damage & { readonly found: string }) | undefined {
  const headSeq = slots.at(-1)?.seq ?? -1
  const newest = Math.max(-1, ...seen.map(({ seq }) => seq))
  if (newest > headSeq) {
    const found = `it ends at entry ${headSeq}, entry ${newest} was seen before`
    return { seq: headSeq + 1, problem: `Entry ${headSeq + 1} is missing: ${found}`, found }
  }
  const isOther = (slot: Slot) =>
    seen.some(({ hash, seq }) => seq === slot.seq && hash !== slot.hash)
  const other = slots.find((slot) => slot.kind === 'entry' && isOther(slot))
  if (other === undefined) return undefined
  const found = `entry ${other.seq} is another one than was seen before`
  return {
    seq: other.seq,
    problem: `Entry ${other.seq} is another one than was seen before`,
    found,
  }
}
