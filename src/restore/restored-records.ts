import type { EntityAt } from '#history/entity-at'
import { pairVersions, type RecordPair } from '#history/pair-versions'
import type { VersionBatch } from '#segment/version-batch'
import { type CompareDeps, type Compared, pairWithNothing, scanTarget } from './compare-target.ts'
import { PairWalk } from './pair-walk.ts'
import type { PreImage } from './pre-image.ts'
import { scanRows } from './scan-rows.ts'
import { pairUndone, type UndoneEntity, type UndoneRecord } from './undone-records.ts'

/** What a restore wrote to one entity, to be undone. */
export type RestoredEntity = {
  /** Under which schema rows are compared; of a table that the restore created, what it holds at the point. */
  readonly before: EntityAt
  /** `null`: the restore created the table, with every row of the point. */
  readonly preImage: PreImage | null
}

/** What is undone of one entity: what a transaction did, or a restore. */
export type Undone = UndoneEntity | RestoredEntity

export type ComparedUndone = Omit<Compared, 'at'> & { readonly undone: Undone }

/**
 * The records that are to be undone, in key order, each with what the system has of it. Reads the
 * entity on the system whole. Returns how many rows the system has.
 *
 * A record is good until the next one is asked for.
 */
export async function* pairToUndo(
  deps: CompareDeps,
  { undone, ...compared }: ComparedUndone,
  signal: AbortSignal,
): AsyncGenerator<UndoneRecord, number, undefined> {
  if (!('preImage' in undone)) return yield* pairUndone(deps, { ...compared, undone }, signal)
  const options = { rows: true, isTwinRefused: () => true, signal }
  const scanned = scanTarget(deps, { at: undone.before, ...compared }, options)
  await using walk = new PairWalk(pairVersions(nothing(), scanned))
  for await (const list of pairWritten(deps, undone, signal)) {
    for (const { key, left, right } of list) {
      const found = await walk.moveTo(key)
      yield { key, before: left, after: right, live: found?.right ?? null }
    }
  }
  return (await walk.finish())?.right ?? 0
}

/** The records that a restore wrote, in key order: as they were before it, and after it. */
export async function* pairWritten(
  deps: CompareDeps,
  { before: at, preImage }: RestoredEntity,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordPair[], void, undefined> {
  if (preImage !== null) {
    const { after, before, schema } = preImage
    const sides = [before, after].map((rows) => scanRows(deps, schema, rows.read(), signal))
    const [left = nothing(), right = nothing()] = sides
    yield* pairVersions(left, right)
    return
  }
  for await (const list of pairWithNothing(deps, at, { signal })) {
    yield list.map(({ key, left }) => ({ key, left: null, right: left }))
  }
}

async function* nothing(): AsyncGenerator<VersionBatch, void, undefined> {}
