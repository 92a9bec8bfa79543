import type { Random } from '#stdx/random'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStat } from '#store/object-store'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import { listTables } from '#timeline/transaction-tables'
import type { Vault } from '#vault/vault'
import { HEADER_NAME } from '#vault/vault-header'
import { readStoreClock } from './read-store-clock.ts'

const CALLS_MAX = 8

export type ExtendLocksDeps = { readonly vault: Vault; readonly random: Random }

/**
 * Keeps locked what a source still needs, where the store locks: its entries, the objects of segments
 * that count, and what belongs to no single source. What was replaced or never committed is left
 * alone, so its lock runs out and it can be collected.
 *
 * An object's lock is renewed at most once in half the time that new objects are locked for, and
 * never has less than that half left when this is run as often.
 *
 * @returns how many objects were looked at because their first lock does not last
 */
export async function extendLocks(
  { random, vault }: ExtendLocksDeps,
  state: TimelineState,
  signal: AbortSignal,
): Promise<number> {
  const { source } = state
  const { lock } = vault.store
  if (lock === undefined) return 0
  const folder = `segments/${source}/`
  const nowMs = await readStoreClock(vault.store, { folder, random, signal })
  const untilMs = renewalOf(nowMs, lock.keepMs)
  const due = listNeeded(vault, state, signal)
  const extending = mapConcurrent(due, CALLS_MAX, async ({ modifiedMs, name }) => {
    if (modifiedMs + lock.keepMs >= untilMs) return 0
    await lock.extendRetention(name, untilMs, signal)
    return 1
  })
  let count = 0
  for await (const one of extending) count += one
  return count
}

/** The same time for all runs of half a lock, between a half and a whole lock from now. */
export function renewalOf(nowMs: number, keepMs: number): number {
  const halfMs = keepMs / 2
  return Math.ceil((nowMs + halfMs) / halfMs) * halfMs
}

async function* listNeeded(
  vault: Vault,
  state: TimelineState,
  signal: AbortSignal,
): AsyncGenerator<ObjectStat, void, undefined> {
  const needed = namesOf(state)
  for (const folder of ['roles/', 'timelines/_vault/', 'segments/_vault/']) {
    yield* vault.store.list(folder, signal)
  }
  const header = await vault.store.stat(HEADER_NAME, signal)
  if (header !== undefined) yield header
  yield* vault.store.list(`timelines/${state.source}/`, signal)
  for await (const one of vault.store.list(`segments/${state.source}/`, signal)) {
    if (needed.has(one.name)) yield one
  }
}

/** Objects that segments which count reach, tables of points, and the copies that stand for some of them. */
function namesOf({ points, repairs, segments }: TimelineState): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { ref } of liveSegments({ segments })) {
    for (const object of [ref.keys, ref.rows, ref.blobs]) {
      if (object !== null) names.add(object.name)
    }
    for (const { object } of ref.borrowed) names.add(object)
  }
  for (const { ref } of listTables(points).live) names.add(ref.name)
  for (const [original, by] of repairs) if (names.has(original)) names.add(by)
  return names
}
