import { join } from 'node:path'
import type { SourceCut } from '#connector/connector'
import type { SourceAt } from '#customer/map-at'
import { layIndexOver, openRowIndex } from '#customer/open-row-index'
import { entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import { atEntry } from '#record/stamp'
import { writeDifferences } from '#restore/write-differences'
import type { PlacedSegment } from '#segment/segment'
import { openTemporarySegments } from '#segment/temporary-segments'
import type { EntityAtPoint } from '#timeline/entry'
import { withFactsOf } from '#timeline/followed-point'
import type { Point } from '#timeline/timeline-state'
import { openCompareDeps } from './compare-deps.ts'
import { unreadable } from './diff-with-live.ts'
import type { LivePlace, ReadLiveDeps } from './live-sources.ts'
import { openOwnFolder } from './own-folder.ts'

/**
 * Turns sources at their newest points into the same at this moment: all are asked before any is read,
 * each at one cut. Looks at the entities of the map that the point holds.
 *
 * What a source holds otherwise than its newest point is written down sealed, as one more run of
 * versions that is newer than all others. So whoever reads a point can read this moment, too. Memory
 * does not grow with the source; the temporary folder takes what differs.
 * @param held gets what goes when nobody looks at the sources any more
 */
export async function readLive(
  deps: ReadLiveDeps,
  { held, map, vault }: LivePlace,
  newest: readonly SourceAt[],
  signal: AbortSignal,
): Promise<SourceAt[]> {
  const { tempDir } = await deps.readConfig()
  await using asking = new AsyncDisposableStack()
  const asked: Asked[] = []
  for (const at of newest) {
    const { source } = await deps.openSource(at.source, signal)
    asking.use(source)
    asked.push({ at, cut: asking.use(await source.openCut(signal)) })
  }
  const read: SourceAt[] = []
  for (const { at, cut } of asked) {
    const { path: folder } = held.use(await openOwnFolder(tempDir, 'live'))
    const own = map.entities.filter(({ source }) => source === at.source)
    const entities = new Set<string>(own.map(({ entity }) => entity))
    read.push(await readSource(deps, { at, cut }, { vault, folder, entities }, signal))
  }
  deps.progress.end()
  return read
}

type Asked = { readonly at: SourceAt; readonly cut: SourceCut }
type Place = {
  readonly vault: LivePlace['vault']
  readonly folder: string
  readonly entities: ReadonlySet<string>
}

async function readSource(
  deps: ReadLiveDeps,
  { at, cut }: Asked,
  { entities, folder, vault }: Place,
  signal: AbortSignal,
): Promise<SourceAt> {
  const { index, point, source, state } = at
  const store = await deps.createStore(join(folder, 'store'))
  const temporary = openTemporarySegments({ random: deps.random, store }, at.deps)
  const compare = await openCompareDeps(deps, vault, source, signal)
  const catalogue = await cut.readCatalogue((entity) => entities.has(entity))
  // No version of the vault is newer than the newest point.
  const seq = point.seq + 1
  const factsOf = new Map<EntityName, EntityAtPoint>()
  const laid = new Map(state.segments)
  let number = 0
  const allocateNumber = () => number++
  for (const facts of point.entities.filter(({ entity }) => entities.has(entity))) {
    const { entity } = facts
    const described = catalogue.entities.find((one) => one.entity === entity)
    if (described === undefined || described.missingGrant !== null) {
      throw unreadable(entity, source)
    }
    deps.progress.begin({ label: `Comparing ${source} ${entity}`, rows: facts.rows })
    const compared = { at: entityAt(state, point, entity), cut, described }
    const options = { source, allocateNumber, signal }
    const found = await writeDifferences({ ...compare, ...temporary }, compared, options)
    const over = found.segments.map((ref): PlacedSegment => ({ seq, ref }))
    laid.set(entity, [...(state.segments.get(entity) ?? []), ...over])
    factsOf.set(entity, { ...facts, rows: found.rows, fingerprint: null })
  }
  const place = vault.indexPlace && { ...vault.indexPlace, folder: join(folder, 'index') }
  const over = openRowIndex({ indexPlace: place }, temporary.read, { smallVersions: 0 })
  return {
    source,
    state: { ...state, segments: laid },
    point: pointAt(point, seq, { factsOf, cut: cut.cut }),
    deps: temporary.read,
    index: index && over && layIndexOver(index, over, temporary.has),
    live: { time: cut.cut.time, newest: point },
  }
}

/** What was looked at is known to be so; of other entities the point does not say anything. */
function pointAt(
  point: Point,
  seq: number,
  live: { readonly factsOf: ReadonlyMap<EntityName, EntityAtPoint>; readonly cut: Point['cut'] },
): Point {
  const { factsOf: _, ...rest } = point
  const { cut, factsOf } = live
  const entities = [...factsOf.values()]
  const asOf = atEntry(seq)
  const at = { ...rest, seq, labels: [], held: false, transaction: null, unproven: null }
  return withFactsOf({ ...at, asOf, cut, entities }, (entity) => factsOf.get(entity))
}
