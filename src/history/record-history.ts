import { parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import { type FoundVersion, findVersions } from '#segment/find-versions'
import type { SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { AppError, isAppError } from '#stdx/app-error'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { compareFields, type ReadRecord } from './compare-fields.ts'
import { type RecordFields, readRecordFields } from './record-fields.ts'

/** One version of a record, as people ask for it. */
export type RecordVersion = {
  /** The point that first held it. */
  readonly seq: number
  readonly time: string
  readonly op: 'insert' | 'update' | 'delete'
  /** All fields; empty for a delete. */
  readonly fields: RecordFields
  /** Names of the fields that are not what they were in the version before, or were not there. */
  readonly changed: readonly string[]
}

/**
 * All versions of one record over the whole timeline, newest first, each under the schema of its
 * time. A generation that starts without the record, and a point without the entity, are deletes.
 *
 * @throws history.record-unknown when no point ever held it
 * @throws record.key-invalid when the address fits no key the entity ever had
 */
export async function recordHistory(
  deps: SegmentReadDeps,
  { address, entity, state }: { state: TimelineState; entity: EntityName; address: string },
  signal: AbortSignal,
): Promise<RecordVersion[]> {
  const schemas = new Map((state.schemas.get(entity) ?? []).map((one) => [one.version, one]))
  const told = new Telling()
  let misfit: unknown
  for (const stretch of findStretches(state.points, entity)) {
    const search = { address, entity, schemas, state, stretch }
    try {
      told.stretch(stretch, await findInStretch(deps, search, signal))
    } catch (error) {
      // The key may fit another generation, whose key has other fields.
      if (!isAppError(error, 'record.key-invalid')) throw error
      misfit = error
      told.stretch(stretch, [])
    }
  }
  if (told.versions.length > 0) return told.versions.reverse()
  throw misfit ?? unknownRecord(state.source, entity, address)
}

/** Tells found states, oldest first, as versions: what is said twice is said once. */
class Telling {
  readonly versions: RecordVersion[] = []
  #before: ReadRecord | null = null

  stretch({ after, first }: Stretch, found: readonly FoundAt[]): void {
    if (found[0]?.seq !== first.seq) this.#tell(first, null)
    for (const { point, record } of found) this.#tell(point, record)
    if (after !== undefined) this.#tell(after, null)
  }

  #tell({ body, seq }: Point, record: ReadRecord | null): void {
    const before = this.#before
    if (before === null && record === null) return
    const changed = before && record ? listChanged(before, record) : []
    if (before && record && changed.length === 0) return
    const op = record === null ? 'delete' : before === null ? 'insert' : 'update'
    const fields = record?.fields ?? {}
    this.versions.push({ seq, time: body.cut.time, op, fields, changed })
    this.#before = record
  }
}

/** Points in a row that hold the entity in one generation. */
type Stretch = {
  readonly generation: number
  readonly first: Point
  readonly lastSeq: number
  /** The next point, when the source did not have the entity any more; one that left it out tells nothing. */
  readonly after: Point | undefined
}

function findStretches(points: readonly Point[], entity: EntityName): Stretch[] {
  const stretches: Stretch[] = []
  for (const [index, point] of points.entries()) {
    const generation = point.body.entities.find((one) => one.entity === entity)?.generation
    if (generation === undefined) continue
    const next = points[index + 1]
    const isGone = next !== undefined && !mayHold(next, entity)
    const after = isGone ? next : undefined
    const open = stretches.at(-1)
    if (open?.generation === generation && open.after === undefined) {
      stretches[stretches.length - 1] = { ...open, lastSeq: point.seq, after }
    } else {
      stretches.push({ generation, first: point, lastSeq: point.seq, after })
    }
  }
  return stretches
}

/** Whether the source may have had the entity at a point: the point holds it, or left it out. */
function mayHold({ body }: Point, entity: EntityName): boolean {
  return body.entities.some((one) => one.entity === entity) || body.leftOut.includes(entity)
}

type FoundAt = { readonly point: Point; readonly seq: number; readonly record: ReadRecord | null }

/** The record's versions in one stretch, oldest first; `record` is null for a delete. */
async function findInStretch(
  deps: SegmentReadDeps,
  search: {
    readonly address: string
    readonly entity: EntityName
    readonly schemas: ReadonlyMap<number, SchemaVersion>
    readonly state: TimelineState
    readonly stretch: Stretch
  },
  signal: AbortSignal,
): Promise<FoundAt[]> {
  const { entity, schemas, state, stretch } = search
  const schema = [...schemas.values()].findLast((one) => one.generation === stretch.generation)
  if (schema === undefined) return []
  const key = parseKeyAddress(search.address, schema.key)
  const segments = (state.segments.get(entity) ?? []).filter(
    ({ ref, seq }) => ref.generation === stretch.generation && seq <= stretch.lastSeq,
  )
  const versions = await findVersions(deps, { segments, schemas, key, signal })
  const found: FoundAt[] = []
  for (const version of versions.toReversed()) {
    const point = state.points.find(({ seq }) => seq === version.seq)
    if (point === undefined) continue
    found.push({ point, seq: point.seq, record: await readRecord(deps, schemas, version, signal) })
  }
  return found
}

async function readRecord(
  deps: SegmentReadDeps,
  schemas: ReadonlyMap<number, SchemaVersion>,
  version: FoundVersion,
  signal: AbortSignal,
): Promise<ReadRecord | null> {
  const schema = schemas.get(version.schema)
  if (version.op === OP_DELETE || schema === undefined) return null
  return { schema, fields: await readRecordFields(deps, schema, version, signal) }
}

function listChanged(before: ReadRecord, after: ReadRecord): string[] {
  const { shared, single } = compareFields(before, after)
  return [...shared, ...single]
}

function unknownRecord(source: string, entity: EntityName, address: string): AppError {
  const message = `Cannot find record ${address} of "${entity}": no point of "${source}" ever held it`
  return new AppError('history.record-unknown', message, { entity, key: address })
}
