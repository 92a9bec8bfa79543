import type { Part } from '#seal/data-keys'
import type { ObjectRef, PlacedSegment, SegmentRef } from '#segment/segment'
import { AppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import type { ObjectName } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import { damageError } from '#timeline/damage-error'
import type { DocumentBody } from '#timeline/entry'
import { formatEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import { documentsOf, foldFacts } from '#timeline/fold-facts'
import { foldTimeline } from '#timeline/fold-timeline'
import { liveSegments, type ReplacedSegment } from '#timeline/timeline-state'
import { listTables } from '#timeline/transaction-tables'
import type { Problem } from './check-tally.ts'
import { placeOf, type Repairs } from './repaired-store.ts'
import type { KeyringRef } from './stated-keys.ts'
import type { Vault } from './vault.ts'

/** What a timeline needs to be there, and what it let go. */
export type Needed = {
  readonly headSeq: number
  /** With the hashes their entries commit to; each once. `at` is where it lies since it was repaired. */
  readonly objects: readonly (Omit<ObjectRef, 'commitment'> & Placed)[]
  readonly keyrings: readonly (NeededKeyring & Since)[]
  /** No longer needed by anything: collection may have taken them. */
  readonly replaced: readonly { readonly store: 'vault' | 'keyring'; readonly name: ObjectName }[]
  /** From an entry that needs an object to the one from which on nothing does: it may be gone. */
  readonly spans: readonly Span[]
}

/** The first entry that needs an object. */
export type Since = { readonly since: number }

export type Span = { readonly seq: number; readonly untilSeq: number }

/** What an entry says of a keyring object, besides where it lies. */
export type NeededKeyring = KeyringRef & { readonly parts: KeyringParts }

/** The objects whose data keys a keyring object holds, with what their entries commit to. */
export type KeyringParts = Readonly<Partial<Record<Part, ObjectRef | null>>>

type Placed = Since & { readonly name: ObjectName; readonly at: ObjectName }

/**
 * Every object that a sound timeline reaches.
 * @throws timeline.damaged | timeline.rolled-back
 */
export async function neededBy(
  vault: Vault,
  timeline: string,
  signal: AbortSignal,
): Promise<Needed> {
  const chain = await vault.readChain(timeline, signal)
  refuseUnsound(chain)
  return neededIn(chain)
}

/** The same, and what is wrong with the entry after `headSeq`: what comes behind it is left out. */
export type NeededPart = Needed & { readonly damage: Problem | undefined }

/**
 * Every object that a timeline reaches as far as it is whole.
 * @param upTo as if it ended there
 * @throws timeline.rolled-back | timeline.format-unsupported
 */
export async function neededByPart(
  vault: Vault,
  { timeline, upTo }: { readonly timeline: string; readonly upTo: number },
  signal: AbortSignal,
): Promise<NeededPart> {
  const chain = await vault.readChain(timeline, signal)
  const { damagedFrom, headSeq, incidents, isUnsupported, rolledBack } = chain
  if (rolledBack !== null || isUnsupported) refuseUnsound(chain)
  const wholeSeq = Math.min(damagedFrom === null ? headSeq : damagedFrom - 1, upTo)
  const entries = chain.entries.filter(({ seq }) => seq <= wholeSeq)
  const needed = neededIn({ ...chain, entries, headSeq: wholeSeq })
  if (damagedFrom === null || damagedFrom > upTo) return { ...needed, damage: undefined }
  const problem = incidents.find(({ seq }) => seq === damagedFrom)?.problem ?? 'It is damaged'
  return { ...needed, damage: { object: formatEntryName(timeline, damagedFrom), problem } }
}

function neededIn(chain: Chain): Needed {
  return chain.source === VAULT_TIMELINE ? neededByFacts(chain) : neededBySource(chain)
}

function neededByFacts({ entries, headSeq }: Chain): Needed {
  const { allDocuments: documents, resealed } = foldFacts({ entries })
  const objects = [...documents.map(({ object }) => object), ...resealed.map(({ list }) => list)]
  const sinceOf = new Map<string, number>()
  for (const { body, seq } of entries) {
    if (body.kind === 'resealed') sinceOf.set(body.list.name, seq)
    for (const { keyring, object } of documentsOf(body)) {
      sinceOf.set(object.name, seq)
      sinceOf.set(keyring, seq)
    }
  }
  const since = (name: string) => ({ since: sinceOf.get(name) ?? 0 })
  return {
    headSeq,
    objects: objects.map((object) => ({ ...object, at: object.name, ...since(object.name) })),
    keyrings: documents.map((body) => ({ ...keyringOfDocument(body), ...since(body.keyring) })),
    replaced: [],
    spans: [],
  }
}

function neededBySource(chain: Chain): Needed {
  const { points, repairs, replaced, segments } = foldTimeline(chain)
  const tables = listTables(points)
  const live = liveSegments({ segments }).map(({ ref }) => ref)
  const gone = replaced.map(({ ref }) => ref)
  const { keyrings, objects, replaced: letGo } = reach(live, gone)
  const segmentOf = new Map([...gone, ...live].map((ref) => [ref.keyring, ref]))
  const lasting = [
    ...[...liveSegments({ segments }), ...replaced].map(lastingSegment),
    ...[...tables.live, ...tables.gone].map((one) => ({ ...one, names: [one.ref.name] })),
  ]
  const sinceOf = new Map<string, number>(
    lasting.flatMap(({ names, seq }) => names.map((name) => [name, seq] as const)),
  )
  const since = (name: string) => ({ since: sinceOf.get(name) ?? 0 })
  return {
    headSeq: chain.headSeq,
    objects: [...objects, ...tables.live.map(({ ref }) => ref)].map((ref) => {
      return { ...ref, at: placeOf(repairs, 'vault', ref.name), ...since(ref.name) }
    }),
    keyrings: keyrings.flatMap((name) => {
      const ref = segmentOf.get(name)
      return ref === undefined ? [] : [{ ...keyringOfSegment(ref, repairs), ...since(name) }]
    }),
    replaced: [
      ...letGo,
      ...tables.gone.map(({ ref }) => ({ store: 'vault' as const, name: ref.name })),
    ],
    spans: [
      ...[...replaced, ...tables.gone].map(({ replacedBy, seq }) => ({
        seq,
        untilSeq: replacedBy,
      })),
      ...spansOfRepairs(chain, lasting, sinceOf),
    ],
  }
}

/**
 * Until it was repaired, an object was needed that was damaged; and from then on its copy, until
 * another one takes its place or the segment goes.
 */
function spansOfRepairs(
  { entries }: Pick<Chain, 'entries'>,
  lasting: readonly Lasting[],
  addedAt: ReadonlyMap<string, number>,
): Span[] {
  const spans: Span[] = []
  const sinceOf = new Map(addedAt)
  const repaired = new Set<string>()
  for (const { body, seq } of entries) {
    if (body.kind !== 'repair') continue
    for (const { object } of body.objects) {
      spans.push({ seq: sinceOf.get(object) ?? 0, untilSeq: seq })
      sinceOf.set(object, seq)
      repaired.add(object)
    }
  }
  for (const { names, replacedBy } of lasting) {
    if (replacedBy === undefined) continue
    for (const name of names) {
      if (!repaired.has(name)) continue
      spans.push({ seq: sinceOf.get(name) ?? 0, untilSeq: replacedBy })
    }
  }
  return spans
}

/** Objects that an entry added together, and the entry that let them go. */
type Lasting = {
  readonly names: readonly string[]
  readonly seq: number
  readonly replacedBy?: number
}

function lastingSegment(placed: PlacedSegment | ReplacedSegment): Lasting {
  const { keyring, ...parts } = placed.ref
  const objects = [parts.keys, parts.rows, parts.blobs].flatMap((object) => object?.name ?? [])
  return { ...placed, names: [keyring, ...objects] }
}

/** What a document's entry says of its keyring object. */
export function keyringOfDocument(body: DocumentBody): NeededKeyring {
  const name = parseObjectName(body.keyring)
  return { name, at: name, first: body.keyringObject, parts: { blobs: body.object } }
}

/** What a segment's entry says of its keyring object. */
export function keyringOfSegment(ref: SegmentRef, repairs: Repairs): NeededKeyring {
  const { blobs, keyring: name, keyringObject: first, keys, rows } = ref
  return { name, at: placeOf(repairs, 'keyring', name), first, parts: { keys, rows, blobs } }
}

function refuseUnsound(chain: Chain): void {
  const { damagedFrom, incidents, rolledBack, source } = chain
  if (rolledBack !== null) {
    const message = `Cannot rely on timeline "${source}": ${rolledBack}`
    throw new AppError('timeline.rolled-back', message, { source })
  }
  if (damagedFrom === null) return
  const found = incidents.find(({ seq }) => seq === damagedFrom)?.problem ?? 'an entry is damaged'
  throw damageError(chain, `Cannot rely on timeline "${source}": ${found}`)
}

/** Large values of a segment that was replaced stay as long as a live one borrows them. */
export function reach(live: readonly SegmentRef[], replaced: readonly SegmentRef[]) {
  const objects = new Map<ObjectName, ObjectRef>()
  const keyrings = new Set<ObjectName>()
  const allBlobs = [...live, ...replaced].flatMap(({ blobs }) => blobs ?? [])
  const blobsOf = new Map(allBlobs.map((ref) => [ref.name, ref]))
  for (const { blobs, borrowed, keyring, keys, rows } of live) {
    for (const ref of [keys, rows, blobs]) if (ref !== null) objects.set(ref.name, ref)
    keyrings.add(keyring)
    for (const other of borrowed) {
      const ref = blobsOf.get(other.object)
      if (ref !== undefined) objects.set(ref.name, ref)
      keyrings.add(other.keyring)
    }
  }
  const gone = replaced.flatMap(({ blobs, keyring, keys, rows }) => [
    ...[keys, rows, blobs].flatMap((ref) =>
      ref === null || objects.has(ref.name) ? [] : [{ store: 'vault' as const, name: ref.name }],
    ),
    ...(keyrings.has(keyring) ? [] : [{ store: 'keyring' as const, name: keyring }]),
  ])
  return { objects: [...objects.values()], keyrings: [...keyrings], replaced: gone }
}
