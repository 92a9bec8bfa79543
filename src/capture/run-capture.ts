import type { SourceCut } from '#connector/connector'
import { type Cut, isSameSystem } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { atEntry } from '#record/stamp'
import { openBlobIndex } from '#segment/blob-index'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import { collect, mapConcurrent } from '#stdx/streams'
import type { CaptureBody, EntityAtPoint, Follow } from '#timeline/entry'
import { refuseUnfit } from '#timeline/refuse-unfit'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { CaptureEntity, CaptureProgress, EntityResult } from './capture-entity.ts'
import { commitPoint } from './commit-point.ts'
import { type EntityPlan, planEntities } from './plan-entities.ts'

export type RunCaptureDeps = {
  readonly vault: Vault
  readonly clock: Clock
  readonly random: Random
  readonly captureEntity: CaptureEntity
  readonly progress: CaptureProgress
}

export type CaptureRequest = {
  readonly source: string
  readonly connector: string
  readonly isIncluded: (entity: EntityName) => boolean
  /** Copies everything again, as if nothing had been there. */
  readonly isFull: boolean
  /** Another system may take the place of the recorded one. */
  readonly isNewIdentityAllowed: boolean
  /** Entities that a person has looked at: no doubt about them stops the capture. */
  readonly accepted?: readonly EntityName[]
  readonly scansMax: number
  readonly sortBytesMax: number
  /** Of a scan that a feed goes on behind. */
  readonly follow?: FollowedScan
}

export type FollowedScan = {
  readonly feed: string
  readonly part: 'begin' | 'reconcile'
  /** Entities that the feed tells; the others are seen by scans only. */
  readonly followed: ReadonlySet<EntityName>
}

export type CaptureSummary = {
  readonly seq: number
  readonly cut: Cut
  readonly entities: readonly EntityAtPoint[]
  /** Held by the point before, still in the source, and left out by the configuration from now on. */
  readonly noLongerCovered: readonly EntityName[]
  readonly bytesStored: number
  readonly durationMs: number
}

/**
 * Captures one source at one cut: a snapshot the first time, afterwards only what changed.
 *
 * All or nothing: objects are written first, and one entry makes them a point. When it resolves, the
 * entry has been read back. A failure at any moment leaves the earlier points as they were.
 *
 * @throws capture.other-system | capture.nothing-covered | capture.unreadable | capture.doubtful
 * @throws capture.conflict
 * @throws timeline.damaged | timeline.format-unsupported before anything is read or written
 */
export async function runCapture(
  deps: RunCaptureDeps,
  { cut, request, state }: { cut: SourceCut; request: CaptureRequest; state: TimelineState },
  signal: AbortSignal,
): Promise<CaptureSummary> {
  const startedAtMs = deps.clock.passedMs()
  refuseUnfit(state)
  const isOtherSystem = judgeSystem(state, cut.cut, request)
  const catalogue = await cut.readCatalogue(request.isIncluded)
  const included = catalogue.entities.filter(({ entity }) => request.isIncluded(entity))
  refuseNothing(catalogue.entities, included, request.source)
  refuseUnreadable(included, request.source)
  await refuseDoubts(cut, state, request)
  const plans = planEntities(state, included, { isFull: request.isFull, isOtherSystem })
  const session = Buffer.from(deps.random.bytes(16)).toString('hex')
  const results = await captureAll(deps, { cut, plans, request, session, state }, signal)
  const body = {
    ...formatBody({ catalogue, cut: cut.cut, request, state, session }, results),
    durationMs: deps.clock.passedMs() - startedAtMs,
    ...(request.follow && { follow: formatFollow(request.follow, included) }),
  }
  const { seq } = await commitPoint(deps.vault, state, body, signal)
  const { bytesStored, durationMs, entities } = body
  const noLongerCovered = listNoLongerCovered(state, catalogue.entities, request)
  return { seq, cut: cut.cut, entities, noLongerCovered, bytesStored, durationMs }
}

/** A source that cannot say that records were deleted may only have lost them. */
async function refuseDoubts(
  cut: SourceCut,
  { points, schemas }: TimelineState,
  { accepted = [], isIncluded, source }: CaptureRequest,
): Promise<void> {
  const held = points.at(-1)?.entities ?? []
  const before = held.flatMap(({ entity, rows, schema: version }) => {
    const schema = schemas.get(entity)?.find((one) => one.version === version)
    const isAsked = schema !== undefined && isIncluded(entity) && !accepted.includes(entity)
    return isAsked ? [{ schema, rows }] : []
  })
  const all = (await cut.findDoubts?.(before)) ?? []
  const doubts = all.filter(({ entity }) => isIncluded(entity) && !accepted.includes(entity))
  if (doubts.length === 0) return
  const list = doubts.map(({ entity, found }) => `  ${entity}: found ${found}`)
  const doubtful = [...new Set(doubts.map(({ entity }) => entity))]
  const options = doubtful.map((entity) => `--accept '${entity.replaceAll("'", `'\\''`)}'`)
  const message = [
    `Cannot back up "${source}" without a person's word: it is not as the backup before it`,
    ...list,
    'if that is right:',
    `  holdfast backup ${source} ${options.join(' ')}`,
  ].join('\n')
  throw new AppError('capture.doubtful', message, { source, entities: doubtful })
}

type Planned = { readonly plan: EntityPlan; readonly result: EntityResult }

async function captureAll(
  deps: RunCaptureDeps,
  run: {
    readonly cut: SourceCut
    readonly plans: readonly EntityPlan[]
    readonly request: CaptureRequest
    readonly session: string
    readonly state: TimelineState
  },
  signal: AbortSignal,
): Promise<Planned[]> {
  const { cut, plans, request } = run
  const { progress, vault } = deps
  const live = liveSegments(run.state)
  const blobs = openBlobIndex(await vault.readDeps(request.source, signal), live)
  // One that fails ends the others: what they would still read is void.
  const stopping = new AbortController()
  const both = AbortSignal.any([signal, stopping.signal])
  const indexed = plans.map((plan, index) => ({ plan, index }))
  const running = mapConcurrent(indexed, request.scansMax, async ({ index, plan }) => {
    const job = {
      source: request.source,
      session: run.session,
      schema: plan.schema,
      schemas: plan.schemas,
      segments: plan.segments,
      asOf: atEntry(run.state.headSeq),
      isOrdered: plan.described.scanOrder === 'key',
      firstNumber: index,
      numberStep: plans.length,
      sortBytesMax: request.sortBytesMax,
    }
    const rows = cut.scan(plan.described, scanFields(plan.schema), both)
    try {
      return {
        plan,
        result: await deps.captureEntity(job, rows, { progress, blobs, signal: both }),
      }
    } catch (error) {
      stopping.abort(error)
      throw error
    }
  })
  try {
    return await collect(running)
  } catch (error) {
    throw stopping.signal.aborted ? stopping.signal.reason : error
  }
}

function formatBody(
  facts: {
    readonly catalogue: Catalogue
    readonly cut: Cut
    readonly request: CaptureRequest
    readonly state: TimelineState
    readonly session: string
  },
  planned: readonly Planned[],
): Omit<CaptureBody, 'durationMs'> {
  const { cut, request, session, state } = facts
  const { definition, notRestored, sequences } = facts.catalogue
  const before = state.points.at(-1)
  const catalogue = { definition, notRestored: [...notRestored] }
  const isSame =
    before !== undefined && formatCanonicalJson(before.catalogue) === formatCanonicalJson(catalogue)
  const segments = planned.flatMap(({ result }) => [...result.segments])
  const objects = segments.flatMap(({ blobs, keys, rows }) => [keys, rows, blobs])
  return {
    kind: 'capture',
    session,
    base: before?.seq ?? null,
    connector: request.connector,
    cut,
    catalogue: isSame ? null : catalogue,
    sequences: { ...sequences },
    entities: planned.map(formatEntity),
    leftOut: facts.catalogue.entities.flatMap(({ entity }) =>
      request.isIncluded(entity) ? [] : [entity],
    ),
    schemas: planned.flatMap(({ plan }) => (plan.isNewSchema ? [plan.schema] : [])),
    segments,
    bytesStored: objects.reduce((sum, object) => sum + (object?.sizeBytes ?? 0), 0),
  }
}

function formatFollow(
  { feed, followed, part }: FollowedScan,
  included: readonly DescribedEntity[],
): Follow {
  const notFollowed = included.flatMap(({ entity }) => (followed.has(entity) ? [] : [entity]))
  return { feed, part, scan: null, notFollowed, transactions: null }
}

function formatEntity({ plan, result }: Planned): EntityAtPoint {
  const { entity, generation, version } = plan.schema
  const { deleted, fingerprint, inserted, rowCount, updated } = result
  return {
    entity,
    schema: version,
    generation,
    rows: rowCount,
    inserted,
    updated,
    deleted,
    fingerprint,
  }
}

/** Whether the source is another system than before, which has to be allowed. */
function judgeSystem(state: TimelineState, cut: Cut, request: CaptureRequest): boolean {
  const now = cut.identity
  const before = state.points.at(-1)?.body.cut.identity ?? now
  if (isSameSystem(before, now)) return false
  if (request.isNewIdentityAllowed) return true
  throw new AppError(
    'capture.other-system',
    `Cannot back up "${request.source}": found ${formatIdentity(now)}, the vault holds ${formatIdentity(before)}`,
    { source: request.source, before, now },
  )
}

function formatIdentity({ database, system }: Cut['identity']): string {
  return `system ${system} database ${database}`
}

/** A misspelt glob must not look like a source that lost all its tables. */
function refuseNothing(
  entities: readonly DescribedEntity[],
  included: readonly DescribedEntity[],
  source: string,
): void {
  if (included.length > 0 || entities.length === 0) return
  throw new AppError(
    'capture.nothing-covered',
    `Cannot back up "${source}": include and exclude leave none of its ${entities.length} tables`,
    { source },
  )
}

function listNoLongerCovered(
  state: TimelineState,
  entities: readonly DescribedEntity[],
  { isIncluded }: CaptureRequest,
): EntityName[] {
  const before = new Set(state.points.at(-1)?.entities.map(({ entity }) => entity))
  return entities.flatMap(({ entity }) =>
    before.has(entity) && !isIncluded(entity) ? [entity] : [],
  )
}

/** Rights that were lost are never a deletion: a table that cannot be read fails the whole run. */
function refuseUnreadable(entities: readonly DescribedEntity[], source: string): void {
  const unreadable = entities.filter(({ missingGrant }) => missingGrant !== null)
  if (unreadable.length === 0) return
  const grants = unreadable.map(({ missingGrant }) => `  ${missingGrant}`)
  const excludes = unreadable.map(({ entity }) => `'${entity.replaceAll("'", "''")}'`)
  const message = [
    `Cannot back up "${source}": ${unreadable.length} of ${entities.length} tables may not be read`,
    'either grant, on the source:',
    ...grants,
    'or leave them out, in holdfast.yaml:',
    `  exclude: [${excludes.join(', ')}]`,
  ].join('\n')
  throw new AppError('capture.unreadable', message, {
    source,
    entities: unreadable.map((one) => one.entity),
  })
}
