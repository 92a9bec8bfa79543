import { isAppError } from '#stdx/app-error'
import type { Random } from '#stdx/random'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import { parseEntryName } from '#timeline/entry-name'
import type { TimelineState } from '#timeline/timeline-state'
import { commitNext } from '#vault/commit-next'
import { parseEpochName } from '#vault/epoch-keyring'
import type { Vault } from '#vault/vault'
import {
  type CollectPlan,
  type FoundObject,
  planCollect,
  type Waste,
  type Which,
} from './plan-collect.ts'
import { proveReplacements } from './prove-replacements.ts'
import { readStoreClock } from './read-store-clock.ts'
import { refuseUnsound } from './refuse-unsound.ts'

export type CollectDeps = { readonly vault: Vault; readonly random: Random }

export type CollectRequest = {
  readonly source: string
  /** How long what was replaced or left behind stays, by the clock of the store. */
  readonly graceMs: number
  /** Says what would go, and changes nothing. */
  readonly isDryRun: boolean
}

export type CollectOutcome = {
  /** What went, or would go. */
  readonly deleted: readonly Waste[]
  /** What was to go and is locked by its store, until when as far as that is known. */
  readonly pending: readonly (Waste & { readonly untilMs: number | null })[]
  readonly waiting: CollectPlan['waiting']
  readonly unexplained: CollectPlan['unexplained']
  /** Writers that are dead now, or would be declared dead: what they left goes. */
  readonly dead: readonly string[]
  /** Seq of the `fence` that declared them so. */
  readonly fence: number | null
}

const DELETES_MAX = 8

/**
 * Deletes the objects of one source that nothing needs any more; may be repeated, and run beside
 * captures, compactions, restores and others of its kind.
 *
 * Objects are listed before the timeline is read, so that whatever it does not know was not committed
 * when it was listed. A writer is declared dead by an entry before anything of it goes: from then on
 * it cannot commit. Segments that stand for others are read whole before those go. Data goes before
 * the keys that open it. When it fails on the way, running it again does the rest.
 *
 * @throws retention.not-sound | retention.replacement-damaged | timeline.rolled-back | vault.role-missing
 */
export async function runCollect(
  { random, vault }: CollectDeps,
  request: CollectRequest,
  signal: AbortSignal,
): Promise<CollectOutcome> {
  const { graceMs, isDryRun, source } = request
  const objects = await listObjects(vault, source, signal)
  const nowMs = {
    vault: await readStoreClock(vault.store, { folder: `segments/${source}/`, random, signal }),
    keyring: await readStoreClock(vault.keyring, { folder: `${source}/`, random, signal }),
  }
  const plan = async () => {
    const state = await vault.readTimeline(source, signal)
    refuseUnsound(state)
    const storedMs = await readStoredTimes(vault, source, signal)
    return { state, ...planCollect({ state, objects, storedMs, nowMs, graceMs }) }
  }
  const first = await plan()
  if (isDryRun) return foresee(first, objects)
  const fence = await declareDead(vault, source, first.dead, signal)
  const { deletes, provesFirst, state, unexplained, waiting } =
    first.dead.length === 0 ? first : await plan()
  await proveReplacements(vault, { state, entries: provesFirst }, signal)
  const { deleted, pending } = await deleteAll(vault, deletes, signal)
  const dead = first.dead.filter((session) => state.fenced.has(session))
  return { deleted, pending, waiting, unexplained, dead, fence }
}

/** What would go once the dead are declared dead. */
function foresee(
  { dead, deletes, state, unexplained, waiting }: CollectPlan & { readonly state: TimelineState },
  objects: readonly FoundObject[],
): CollectOutcome {
  const left = objects
    .filter(({ name }) => dead.some((session) => name.includes(`${state.source}/${session}/`)))
    .map((object) => ({
      ...object,
      why: 'its writer has committed nothing for longer than the grace',
    }))
  const bytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return {
    deleted: [...deletes, ...left],
    pending: [],
    waiting: { objects: waiting.objects - left.length, bytes: waiting.bytes - bytes },
    unexplained,
    dead,
    fence: null,
  }
}

async function listObjects(
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<FoundObject[]> {
  const found: FoundObject[] = []
  // As they lie there: what was sealed for several epochs goes together.
  for await (const object of vault.storedKeyring.list(`${source}/`, signal)) {
    const { name } = parseEpochName(object.name)
    found.push({ store: 'keyring', ...object, name, stored: object.name })
  }
  for await (const object of vault.store.list(`segments/${source}/`, signal)) {
    found.push({ store: 'vault', ...object, stored: object.name })
  }
  return found
}

async function readStoredTimes(
  vault: Vault,
  source: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number>> {
  const storedMs = new Map<number, number>()
  for await (const { modifiedMs, name } of vault.store.list(`timelines/${source}/`, signal)) {
    const entry = parseEntryName(name)
    if (entry?.source === source) storedMs.set(entry.seq, modifiedMs)
  }
  return storedMs
}

/** A writer that commits in this very moment is first, and then it is not dead. */
async function declareDead(
  vault: Vault,
  source: string,
  dead: readonly string[],
  signal: AbortSignal,
): Promise<number | null> {
  if (dead.length === 0) return null
  const done = await commitNext(
    vault,
    source,
    (state) => {
      refuseUnsound(state)
      const sessions = dead.filter((one) => !state.sessions.has(one) && !state.fenced.has(one))
      return sessions.length === 0 ? undefined : { kind: 'fence', sessions }
    },
    signal,
  )
  return done?.seq ?? null
}

type Deleted = Pick<CollectOutcome, 'deleted' | 'pending'>

/** Data before the keys that open it, which stay as long as the store keeps any of it. */
export async function deleteAll(
  vault: Vault,
  deletes: readonly Waste[],
  signal: AbortSignal,
): Promise<Deleted> {
  const stores: Readonly<Record<Which, ObjectStore>> = {
    vault: vault.store,
    keyring: vault.storedKeyring,
  }
  const deleted: Waste[] = []
  const pending: CollectOutcome['pending'][number][] = []
  for (const which of ['vault', 'keyring'] as const) {
    // Keys stay as long as anything that they open.
    const locked = new Set(pending.map(folderOf))
    const due = deletes.filter((waste) => waste.store === which && !locked.has(folderOf(waste)))
    const deleting = mapConcurrent(due, DELETES_MAX, async (waste) => ({
      waste,
      lock: await deleteOne(stores[which], waste, signal),
    }))
    for await (const { lock, waste } of deleting) {
      if (lock === undefined) deleted.push(waste)
      else pending.push({ ...waste, untilMs: lock.untilMs })
    }
  }
  return { deleted, pending }
}

/** Why it is still there, when the store keeps it for a time. */
async function deleteOne(
  store: ObjectStore,
  { stored }: Waste,
  signal: AbortSignal,
): Promise<{ readonly untilMs: number | null } | undefined> {
  try {
    await store.delete(stored, signal)
    return undefined
  } catch (error) {
    if (!isAppError(error, 'store.locked')) throw error
    const { untilMs } = error.details
    return { untilMs: typeof untilMs === 'number' ? untilMs : null }
  }
}

/** Of its writer, called the same in both stores. */
function folderOf({ name }: Waste): string {
  return /^(?:segments\/)?(.*)\//.exec(name)?.[1] ?? ''
}
