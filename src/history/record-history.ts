import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { type KeyForms, parseKeyForms } from '#record/key-forms'
import type { SchemaVersion } from '#record/schema'
import type { FoundVersion } from '#segment/find-versions'
import { type SegmentReadDeps, seqsOf } from '#segment/segment'
import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { compareFields } from './compare-fields.ts'
import { findByForms, unknownRecord } from './find-record.ts'
import { presentUnder } from './present-under.ts'
import { type ReadRecord, type RecordFields, readVersion } from './record-fields.ts'

/** One version of a record, as people ask for it. */
export type RecordVersion = {
  /** The point that first held it. */
  readonly seq: number
  /** The transaction of a feed in it that did; `null`: the point is one transaction. */
  readonly ordinal: number | null
  /** Of the point's cut: when its last transaction was, where it has several. */
  readonly time: string
  readonly op: 'insert' | 'update' | 'delete'
  /** All fields; empty for a delete. */
  readonly fields: RecordFields
  /** All fields at the point before, as they were called there; `null` where it was not there. */
  readonly before: RecordFields | null
  /** Names of the fields that are not what they were at the point before, or were not there. */
  readonly changed: readonly string[]
}

export type RecordHistory = {
  /** The address as it is printed. */
  readonly key: string
  /** Newest first. */
  readonly versions: readonly RecordVersion[]
}

/** A timeline with the points that are asked about, ascending. */
export type PointsInTime = Pick<TimelineState, 'schemas' | 'segments' | 'source'> & {
  readonly points: Iterable<Point>
}

export type HistoryRequest = {
  readonly state: PointsInTime
  readonly entity: EntityName
  readonly address: string
}

/**
 * All versions of one record over all points of a timeline, newest first, each under the schema of its
 * time. A version is a change of what the record says: copying it again, another type that prints
 * the same text, a proved rename and a field that every row holds at once make none. A generation that
 * starts without the record, and a point without the entity, are deletes.
 *
 * @throws history.record-unknown when no point ever held it
 * @throws record.key-invalid when the address fits no key the entity ever had
 */
export async function recordHistory(
  deps: SegmentReadDeps,
  { address, ...request }: HistoryRequest,
  signal: AbortSignal,
): Promise<RecordHistory> {
  const asked = { ...request, addresses: [address] }
  const [history] = await recordHistories(deps, asked, signal)
  assert(history !== undefined, 'Every address is answered.')
  return history
}

export type HistoriesRequest = Omit<HistoryRequest, 'address'> & {
  readonly addresses: readonly string[]
}

/**
 * The same of many records, in their order, at little more cost than of one where they lie together.
 * All that is read of them is held at once.
 */
export async function recordHistories(
  deps: SegmentReadDeps,
  request: HistoriesRequest,
  signal: AbortSignal,
): Promise<RecordHistory[]> {
  const { addresses, entity, state } = request
  const asked: Asked[] = addresses.map((address) => ({ address, told: new Telling() }))
  for (const stretch of findStretches(state, entity)) {
    const fitting = fitTo(stretch, asked, state)
    const found = await findInStretch(deps, request, { stretch, fitting }, signal)
    for (const [i, { one }] of fitting.entries()) {
      const { key, records } = found[i] ?? { key: one.address, records: NOTHING }
      one.told.stretch(stretch, records)
      if (records.size > 0) one.key = key
    }
  }
  return asked.map(({ address, key, misfit, told }) => {
    const versions = told.versions.toReversed()
    if (key !== undefined && versions.length > 0) return { key, versions }
    throw misfit ?? unknownRecord(entity, address, `: no point of "${state.source}" ever held it`)
  })
}

/** A record with what is told of it so far. */
type Asked = {
  readonly address: string
  readonly told: Telling
  /** As it is printed, once it was found. */
  key?: string
  misfit?: unknown
}

type Fitting = { readonly one: Asked; readonly forms: KeyForms }

/** Those whose addresses fit the key of a generation; it holds none of the others. */
function fitTo(
  stretch: Stretch,
  asked: readonly Asked[],
  { schemas }: Pick<PointsInTime, 'schemas'>,
): Fitting[] {
  const schema = schemaOf(stretch, schemas)
  return asked.flatMap((one) => {
    try {
      return [{ one, forms: parseKeyForms(one.address, schema) }]
    } catch (error) {
      // The key may fit another generation, whose key has other fields.
      if (!isAppError(error, 'record.key-invalid')) throw error
      one.misfit = error
      one.told.stretch(stretch, NOTHING)
      return []
    }
  })
}

/** What a record was from a point or a transaction in it on; `null` where it was deleted. */
type Told = { readonly ordinal: number | null; readonly record: ReadRecord | null }
/** By the point's seq, oldest first. */
type Records = ReadonlyMap<number, readonly Told[]>

const NOT_THERE: readonly Told[] = [{ ordinal: null, record: null }]

const NOTHING: Records = new Map()

/** Tells found states, oldest first, as versions: what is said twice is said once. */
class Telling {
  readonly versions: RecordVersion[] = []
  #before: ReadRecord | null = null
  /** Of the point before. */
  #schema: SchemaVersion | undefined

  stretch({ after, held }: Stretch, records: Records): void {
    for (const [index, { point, schema }] of held.entries()) {
      const shown = records.get(point.seq) ?? []
      const told = index === 0 ? fromBeginning(point, schema, shown) : shown
      for (const one of told) {
        this.#tell(point, one)
        // The next transaction comes after this one, not after the point before.
        this.#schema = schema
      }
      this.#schema = schema
    }
    if (after !== undefined) this.#tell(after, { ordinal: null, record: null })
  }

  #tell({ cut: { time }, seq }: Point, { ordinal, record }: Told): void {
    const before = this.#schema && this.#before && presentUnder(this.#before, this.#schema)
    this.#before = record
    if (!before && record === null) return
    const changed = before && record ? listChanged(before, record) : []
    if (before && record && changed.length === 0) return
    const op = record === null ? 'delete' : before ? 'update' : 'insert'
    const fields = record?.fields ?? {}
    this.versions.push({ seq, ordinal, time, op, fields, before: before?.fields ?? null, changed })
  }
}

/**
 * A generation begins without the record. Where a feed told of a TRUNCATE, that was in the first
 * transaction of its entry, and the record may have come back in a later one.
 */
function fromBeginning(
  { body, kind }: Point,
  { entity, generation }: SchemaVersion,
  shown: readonly Told[],
): readonly Told[] {
  const isTold = body.schemas.some((one) => one.entity === entity && one.generation === generation)
  if (kind !== 'feed' || !isTold) return shown.length === 0 ? NOT_THERE : shown
  return shown[0]?.ordinal === 1 ? shown : [{ ordinal: 1, record: null }, ...shown]
}

type HeldAt = { readonly point: Point; readonly schema: SchemaVersion }

/** Points in a row that hold the entity in one generation. */
type Stretch = {
  readonly generation: number
  readonly held: readonly HeldAt[]
  /** The next point, when the source did not have the entity any more; one that left it out tells nothing. */
  readonly after: Point | undefined
}

function findStretches({ points: asked, schemas }: PointsInTime, entity: EntityName): Stretch[] {
  const points = [...asked]
  const stretches: { generation: number; held: HeldAt[]; after: Point | undefined }[] = []
  for (const [index, point] of points.entries()) {
    const facts = point.factsOf(entity)
    if (facts === undefined) continue
    const { generation } = facts
    const schema = schemas.get(entity)?.find(({ version }) => version === facts.schema)
    assert(schema !== undefined, 'A point names only schema versions that the timeline holds.')
    const next = points[index + 1]
    const isGone = next !== undefined && !mayHold(next, entity)
    const after = isGone ? next : undefined
    const open = stretches.at(-1)
    if (open?.generation === generation && open.after === undefined) {
      open.held.push({ point, schema })
      open.after = after
    } else {
      stretches.push({ generation, held: [{ point, schema }], after })
    }
  }
  return stretches
}

/** Whether the source may have had the entity at a point: the point holds it, or left it out. */
function mayHold({ factsOf, leftOut }: Point, entity: EntityName): boolean {
  return factsOf(entity) !== undefined || leftOut.includes(entity)
}

/** The newest of its generation. */
function schemaOf(
  { generation, held: [first] }: Stretch,
  schemas: PointsInTime['schemas'],
): SchemaVersion {
  const known = first && schemas.get(first.schema.entity)
  const schema = known?.findLast((one) => one.generation === generation)
  assert(schema !== undefined, 'A stretch has points, which have schemas.')
  return schema
}

type FoundInStretch = { readonly key: string; readonly records: Records }

/** What the points of a stretch tell of the records, in their order. */
async function findInStretch(
  deps: SegmentReadDeps,
  { entity, state }: HistoriesRequest,
  { fitting, stretch }: { readonly stretch: Stretch; readonly fitting: readonly Fitting[] },
  signal: AbortSignal,
): Promise<FoundInStretch[]> {
  const { generation, held } = stretch
  const schemas = new Map((state.schemas.get(entity) ?? []).map((one) => [one.version, one]))
  const last = held.at(-1)
  assert(last !== undefined, 'A stretch has points.')
  const { asOf } = last.point
  const segments = (state.segments.get(entity) ?? []).filter(
    (one) => one.ref.generation === generation && seqsOf(one).min <= asOf.seq,
  )
  const schema = schemaOf(stretch, state.schemas)
  const forms = fitting.map((one) => one.forms)
  const found: FoundInStretch[] = []
  for (const { key, versions } of await findByForms(deps, forms, {
    segments,
    schemas,
    asOf,
    signal,
  })) {
    const read = (version: FoundVersion) => readVersion(deps, schemas, version, signal)
    const records = await tellVersions(versions, held, read)
    found.push({ key: formatKeyAddress(key, schema.key), records })
  }
  return found
}

/** What the points tell of a record. A version that no point shows is none. */
async function tellVersions(
  versions: readonly FoundVersion[],
  held: readonly HeldAt[],
  read: (version: FoundVersion) => Promise<ReadRecord | null>,
): Promise<Records> {
  const records = new Map<number, readonly Told[]>()
  let seqMin = 0
  for (const { point, schema } of held) {
    const told: Told[] = []
    for (const { ordinal, version } of listShown(point, { versions, seqMin })) {
      const record = await read(version)
      told.push({ ordinal, record: record && presentUnder(record, schema) })
    }
    if (told.length > 0) records.set(point.seq, told)
    seqMin = point.seq
  }
  return records
}

type Shown = { readonly version: FoundVersion; readonly ordinal: number | null }

/**
 * The versions that a point shows and none before it, oldest first: of a feed's point those that its
 * transactions show, of others the last.
 * @param seen newest first; `seqMin` is the point before
 */
function listShown(
  { body, kind, seq }: Point,
  seen: { readonly versions: readonly FoundVersion[]; readonly seqMin: number },
): Shown[] {
  const versions = seen.versions.filter((one) => one.seq > seen.seqMin && one.seq <= seq)
  if (kind !== 'feed') return versions.slice(0, 1).map((version) => ({ version, ordinal: null }))
  const own = versions.filter((one) => one.seq === seq).reverse()
  const shown = own.map((version) => ({ version, ordinal: version.ordinal }))
  // What was done between the two points is there at its first transaction, unless that did more.
  const older = versions.find((one) => one.seq < seq)
  const isOlderShown = older !== undefined && own[0]?.ordinal !== 1
  const ordinal = body.follow?.transactions?.count === 0 ? null : 1
  return isOlderShown ? [{ version: older, ordinal }, ...shown] : shown
}

function listChanged(before: ReadRecord, after: ReadRecord): string[] {
  const { shared, single } = compareFields(before, after)
  return [...shared, ...single]
}
