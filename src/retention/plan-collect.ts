import type { SegmentRef } from '#segment/segment'
import type { ObjectName } from '#store/object-store'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import { listTables } from '#timeline/transaction-tables'

export type Which = 'vault' | 'keyring'

/** An object below the folders of a source, as its store lists it. */
export type FoundObject = {
  readonly store: Which
  /** As entries have it. */
  readonly name: ObjectName
  /** As it lies there. */
  readonly stored: ObjectName
  readonly sizeBytes: number
  readonly modifiedMs: number
}

export type CollectFacts = {
  /** Folded after the objects were listed: what it does not know was not committed then. */
  readonly state: TimelineState
  readonly objects: readonly FoundObject[]
  /** When the entries were stored, by the store's clock, by seq. */
  readonly storedMs: ReadonlyMap<number, number>
  /** By the clocks of the two stores. */
  readonly nowMs: Readonly<Record<Which, number>>
  readonly graceMs: number
}

/** An object that goes, and why. */
export type Waste = FoundObject & { readonly why: string }

export type CollectPlan = {
  /** Data before the keys that open it. */
  readonly deletes: readonly Waste[]
  /** Entries whose replacing segments have to be proved whole before. */
  readonly provesFirst: readonly number[]
  /** Writers that have committed nothing for longer than the grace: to be declared dead. */
  readonly dead: readonly string[]
  /** What goes later: its time has not come. */
  readonly waiting: { readonly objects: number; readonly bytes: number }
  /** What nobody can explain: it stays. */
  readonly unexplained: { readonly objects: number; readonly bytes: number }
}

/**
 * Which objects of a source nothing needs any more. Pure.
 *
 * An object goes only because an entry says so: it belongs to segments that a `compact` has replaced
 * longer ago than the grace, and no segment that counts, or was only just replaced, reaches it; it is
 * the table of a point that an `expire` let go longer ago than the grace; or it belongs to a writer that a `fence` has declared dead before it committed. All else stays.
 */
export function planCollect(facts: CollectFacts): CollectPlan {
  const needs = findNeeds(facts)
  const judged = facts.objects.map((object) => ({ object, verdict: judge(facts, needs, object) }))
  const dead = findDead(facts, judged)
  const deletes = judged
    .flatMap(({ object, verdict }) =>
      verdict.kind === 'goes' ? [{ ...object, why: verdict.why }] : [],
    )
    .sort((a, b) => rankOf(a) - rankOf(b))
  const proofs = judged.flatMap(({ verdict }) => (verdict.kind === 'goes' ? verdict.proofs : []))
  const countOf = (...kinds: readonly Verdict['kind'][]) =>
    count(judged.filter(({ verdict }) => kinds.includes(verdict.kind)))
  return {
    deletes,
    provesFirst: [...new Set(proofs)].sort((a, b) => a - b),
    dead,
    waiting: countOf('waits', 'uncommitted'),
    unexplained: countOf('unexplained'),
  }
}

type Verdict =
  /** `proofs`: the entries whose segments stand for it. */
  | { readonly kind: 'goes'; readonly why: string; readonly proofs: readonly number[] }
  | { readonly kind: 'stays' | 'waits' | 'unexplained' }
  | { readonly kind: 'uncommitted'; readonly session: string }

type Judged = { readonly object: FoundObject; readonly verdict: Verdict }

/** Objects by their name behind that of their store. */
type Needs = {
  /** By segments that count. */
  readonly reached: ReadonlySet<string>
  /** When the last segment that reached it has been replaced for long enough, by the vault's clock. */
  readonly dueMs: ReadonlyMap<string, number>
  /** The entries that replaced the segments whose own it is. */
  readonly replacedBy: ReadonlyMap<string, readonly number[]>
  /** The entry that let the point go whose table it is. */
  readonly letGoBy: ReadonlyMap<string, number>
  /** What a copy stands for since a repair. */
  readonly originalOf: ReadonlyMap<string, string>
}

function findNeeds({ graceMs, state, storedMs }: CollectFacts): Needs {
  const live = liveSegments(state)
  const reached = new Set(live.flatMap(({ ref }) => [...ownOf(ref), ...borrowedOf(ref)]))
  const dueMs = new Map<string, number>()
  const replacedBy = new Map<string, number[]>()
  for (const { ref, replacedBy: seq } of state.replaced) {
    const untilMs = (storedMs.get(seq) ?? Number.POSITIVE_INFINITY) + graceMs
    for (const name of [...ownOf(ref), ...borrowedOf(ref)]) {
      dueMs.set(name, Math.max(dueMs.get(name) ?? 0, untilMs))
    }
    for (const name of ownOf(ref)) replacedBy.set(name, [...(replacedBy.get(name) ?? []), seq])
  }
  const tables = listTables(state.points)
  for (const { ref } of tables.live) reached.add(`vault:${ref.name}`)
  for (const { ref, replacedBy: seq } of tables.gone) {
    dueMs.set(`vault:${ref.name}`, (storedMs.get(seq) ?? Number.POSITIVE_INFINITY) + graceMs)
  }
  const letGoBy = new Map(
    tables.gone.map(({ ref, replacedBy: seq }) => [`vault:${ref.name}`, seq] as const),
  )
  const originalOf = new Map<string, string>()
  for (const [original, by] of state.repairs) {
    originalOf.set(`${original.startsWith('keyring:') ? 'keyring' : 'vault'}:${by}`, original)
  }
  return { reached, dueMs, replacedBy, letGoBy, originalOf }
}

function ownOf({ blobs, keyring, keys, rows }: SegmentRef): string[] {
  const objects = [keys, rows, blobs].flatMap((ref) => (ref === null ? [] : [`vault:${ref.name}`]))
  return [...objects, `keyring:${keyring}`]
}

function borrowedOf({ borrowed }: SegmentRef): string[] {
  return borrowed.flatMap(({ keyring, object }) => [`vault:${object}`, `keyring:${keyring}`])
}

function judge({ nowMs, state }: CollectFacts, needs: Needs, object: FoundObject): Verdict {
  const found = `${object.store}:${object.name}`
  const name = needs.originalOf.get(found) ?? found
  if (needs.reached.has(name)) return { kind: 'stays' }
  const proofs = needs.replacedBy.get(name)
  const letGoBy = needs.letGoBy.get(name)
  const isDue = nowMs.vault >= (needs.dueMs.get(name) ?? Number.POSITIVE_INFINITY)
  if ((proofs !== undefined || letGoBy !== undefined) && !isDue) return { kind: 'waits' }
  if (letGoBy !== undefined) {
    return { kind: 'goes', why: `its point was let go by ${state.source}@${letGoBy}`, proofs: [] }
  }
  if (proofs !== undefined) {
    const entries = proofs.map((seq) => `${state.source}@${seq}`).join(', ')
    return { kind: 'goes', why: `replaced by ${entries}`, proofs }
  }
  const session = sessionOf(state.source, object)
  if (name !== found || session === undefined || state.sessions.has(session)) {
    return { kind: 'unexplained' }
  }
  if (!state.fenced.has(session)) return { kind: 'uncommitted', session }
  return { kind: 'goes', why: 'its writer was declared dead before it committed', proofs: [] }
}

/** The writer in whose folder an object lies. */
function sessionOf(source: string, { name, store }: FoundObject): string | undefined {
  const folder = store === 'vault' ? `segments/${source}/` : `${source}/`
  if (!name.startsWith(folder)) return undefined
  const [session, ...rest] = name.slice(folder.length).split('/')
  return rest.length === 0 ? undefined : session
}

/** Writers of whom everything there is has been there for longer than the grace. */
function findDead({ graceMs, nowMs }: CollectFacts, judged: readonly Judged[]): string[] {
  const alive = new Set<string>()
  const all = new Set<string>()
  for (const { object, verdict } of judged) {
    if (verdict.kind !== 'uncommitted') continue
    all.add(verdict.session)
    if (nowMs[object.store] - object.modifiedMs < graceMs) alive.add(verdict.session)
  }
  return [...all].filter((session) => !alive.has(session)).sort()
}

function rankOf({ store }: FoundObject): number {
  return store === 'vault' ? 0 : 1
}

function count(judged: readonly Judged[]): { objects: number; bytes: number } {
  const bytes = judged.reduce((sum, { object }) => sum + object.sizeBytes, 0)
  return { objects: judged.length, bytes }
}
