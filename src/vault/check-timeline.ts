import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { PlacedSegment, SegmentRef } from '#segment/segment'
import { isAppError } from '#stdx/app-error'
import type { Chain } from '#timeline/chain-slots'
import type { CaptureBody, DocumentBody, TableRef } from '#timeline/entry'
import { formatEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts, type Resealed } from '#timeline/fold-facts'
import { foldTimeline } from '#timeline/fold-timeline'
import { liveSegments } from '#timeline/timeline-state'
import { listTables } from '#timeline/transaction-tables'
import { guard, keyringObject, type Tally } from './check-tally.ts'
import { reach } from './needed-objects.ts'
import type { Vault } from './vault.ts'

/** What a timeline refers to and what checking that needs. */
export type Reference =
  | {
      readonly kind: 'segment'
      readonly source: string
      readonly placed: PlacedSegment
      readonly schemas: readonly SchemaVersion[]
    }
  /** Large values of a segment that was replaced, which others still borrow. */
  | { readonly kind: 'borrowed'; readonly source: string; readonly ref: SegmentRef }
  /** The transactions of a point. */
  | {
      readonly kind: 'table'
      readonly source: string
      readonly ref: TableRef
      readonly body: CaptureBody
    }
  | { readonly kind: 'document'; readonly body: DocumentBody }
  /** What keys were sealed anew as. */
  | { readonly kind: 'list'; readonly ref: Resealed['list'] }

/** Reads a timeline whole; says what is wrong with it and returns what the good part refers to. */
export async function checkTimeline(
  vault: Vault,
  { tally, timeline }: { readonly timeline: string; readonly tally: Tally },
  signal: AbortSignal,
): Promise<Reference[]> {
  let references: Reference[] = []
  for await (const { name, sizeBytes } of vault.store.list(`timelines/${timeline}/`, signal)) {
    if (tally.addObject(name)) tally.addBytes(sizeBytes)
  }
  await guard(tally, `timelines/${timeline}`, async () => {
    const chain = await vault.readChain(timeline, signal)
    const isVault = timeline === VAULT_TIMELINE
    // A vault that was only just created begins its own timeline with its first fact.
    const isNew = isVault && (await vault.listSources(signal)).length === 0
    if (chain.headSeq < 0 && !isNew) tally.addProblem(`timelines/${timeline}`, 'It has no entry')
    references = isVault ? referencesOfVault(chain) : referencesOfSource(chain)
    if (!isVault) addRepairs(chain, tally)
    if (!isVault) addReplaced(chain, tally)
    reportIncidents(chain, tally)
  })
  return references
}

/** Whole copies are looked at where they stand for what they replace. */
function addRepairs(chain: Chain, tally: Tally): void {
  for (const [damaged, by] of foldTimeline(chain).repairs) {
    tally.addObject(damaged.startsWith('keyring:') ? keyringObject(by) : by)
  }
}

/** What was replaced may have been collected, and may not; what is borrowed of it has to be there. */
function addReplaced(chain: Chain, tally: Tally): void {
  const { points, replaced, segments } = foldTimeline(chain)
  for (const { ref } of listTables(points).gone) tally.letGo(ref.name)
  const live = liveSegments({ segments }).map(({ ref }) => ref)
  const gone = replaced.map(({ ref }) => ref)
  for (const { name, store } of reach(live, gone).replaced) {
    tally.letGo(store === 'keyring' ? keyringObject(name) : name)
  }
}

/** What others have replaced since the check began is missing by right, should it be missing. */
export async function letGoSince(
  vault: Vault,
  { sources, tally }: { readonly sources: readonly string[]; readonly tally: Tally },
  signal: AbortSignal,
): Promise<void> {
  for (const source of sources) {
    try {
      addReplaced(await vault.readChain(source, signal), tally)
    } catch (error) {
      // What is wrong with the timeline was said when it was checked.
      if (!isAppError(error)) throw error
    }
  }
}

/** A void slot that a later entry chains over is history; one at the end may hide a lost point. */
function reportIncidents(chain: Chain, tally: Tally): void {
  const { damagedFrom, source, voids } = chain
  const incidents = source === VAULT_TIMELINE ? chain.incidents : foldTimeline(chain).incidents
  const isDamage = (seq: number) =>
    (damagedFrom !== null && seq >= damagedFrom) || voids.some((slot) => slot.seq === seq)
  for (const { problem, seq } of incidents) {
    const name = formatEntryName(source, seq)
    if (isDamage(seq)) tally.addProblem(name, problem)
    else tally.addIncident(name, problem)
  }
}

function referencesOfSource(chain: Chain): Reference[] {
  const { points, replaced, schemas, segments, source } = foldTimeline(chain)
  const schemasOf = (entity: EntityName) => schemas.get(entity) ?? []
  const live = liveSegments({ segments })
  const lent = new Set(live.flatMap(({ ref }) => ref.borrowed.map(({ object }) => object)))
  const lenders = replaced.filter(({ ref: { blobs } }) => blobs !== null && lent.has(blobs.name))
  return [
    ...live.map((placed) => ({
      kind: 'segment' as const,
      source,
      placed,
      schemas: schemasOf(placed.ref.entity),
    })),
    ...lenders.map(({ ref }) => ({ kind: 'borrowed' as const, source, ref })),
    ...points.flatMap(({ body }) => {
      const ref = body.follow?.transactions?.table
      return ref == null ? [] : [{ kind: 'table' as const, source, ref, body }]
    }),
  ]
}

function referencesOfVault(chain: Chain): Reference[] {
  const { allDocuments, resealed } = foldFacts(chain)
  return [
    ...allDocuments.map((body) => ({ kind: 'document' as const, body })),
    ...resealed.map(({ list: ref }) => ({ kind: 'list' as const, ref })),
  ]
}
