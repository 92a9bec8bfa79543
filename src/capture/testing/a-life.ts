import { tmpdir } from 'node:os'
import type { SourceCut } from '#connector/connector'
import { optionsFor } from '#connector/testing/contract-system'
import { freshSqlite, type SqliteSystem, sqliteHarness } from '#connector/testing/sqlite-system'
import { diffEntities, diffEntity, type RecordChange } from '#history/diff-points'
import { entityAt } from '#history/entity-at'
import { findLastChange } from '#history/find-last-change'
import { findRecord } from '#history/find-record'
import { readRecordFields } from '#history/record-fields'
import { type RecordVersion, recordHistory } from '#history/record-history'
import type { EntityName } from '#record/entity-name'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { aVault, signal, stillClock, type VaultInHand } from '#vault/testing/a-vault'
import { type CaptureEntity, type CaptureProgress, captureEntity } from '../capture-entity.ts'
import { type CaptureRequest, type CaptureSummary, runCapture } from '../run-capture.ts'

/** A database file and a vault in memory that it is captured into, in this thread. */
export type Life = AsyncDisposable & {
  readonly system: SqliteSystem
  readonly inHand: VaultInHand
  exec(sql: string): Promise<void>
  capture(change?: CaptureChange): Promise<CaptureSummary>
  state(): Promise<TimelineState>
  /** What a point holds of an entity, each record as its fields. */
  rowsAt(seq: number, entity: string): Promise<Readonly<Record<string, string | null>>[]>
  changesBetween(left: number, right: number, entity: string): Promise<RecordChange[]>
  /** Of a timeline that has only the points that are kept. */
  historyOf(
    entity: string,
    address: string,
    isKept?: (seq: number) => boolean,
  ): Promise<readonly RecordVersion[]>
  /** Since when a record is what it is at the newest of the points that are kept. */
  lastChangeOf(entity: string, address: string, isKept?: (seq: number) => boolean): Promise<number>
}

export type CaptureChange = {
  readonly request?: Partial<CaptureRequest>
  /** Stands between the capture and the source. */
  readonly cut?: (cut: SourceCut) => SourceCut
  readonly captureEntity?: (plain: CaptureEntity) => CaptureEntity
  readonly progress?: CaptureProgress
  readonly signal?: AbortSignal
}

export const SOURCE = 'erp'

export async function aLife(sql: string): Promise<Life> {
  const system = await freshSqlite()
  await system.exec(sql)
  const inHand = await aVault()
  const { vault } = inHand
  await vault.addSource(SOURCE, signal)
  const read = await vault.readDeps(SOURCE, signal)
  const digestKey = await vault.digestKey(SOURCE, signal)
  const write = await vault.writeDeps(SOURCE, signal)
  const deps = { write, read, digestKey, random: systemRandom, tempDir: tmpdir() }
  const plain: CaptureEntity = (job, rows, watch) => captureEntity(deps, job, rows, watch)
  const state = () => vault.readTimeline(SOURCE, signal)
  return {
    system,
    inHand,
    exec: (more) => system.exec(more),
    state,
    async capture(change = {}) {
      const options = optionsFor(system.address)
      await using source = await sqliteHarness.connector.openSource(options)
      await using cut = await source.openCut(signal)
      const run = {
        vault,
        clock: stillClock,
        random: systemRandom,
        captureEntity: change.captureEntity?.(plain) ?? plain,
        progress: change.progress ?? (() => {}),
      }
      const request = { ...aRequest(), ...change.request }
      const facts = { cut: change.cut?.(cut) ?? cut, request, state: await state() }
      return await runCapture(run, facts, change.signal ?? signal)
    },
    async rowsAt(seq, entity) {
      const timeline = await state()
      const point = pointOf(timeline, seq)
      const { asOf, schema, schemas, segments } = entityAt(timeline, point, nameOf(entity))
      const options = { segments, schemas, schema, asOf, rows: true, signal }
      const rows: Readonly<Record<string, string | null>>[] = []
      for await (const { count, large, rows: texts } of readState(read, options)) {
        for (let i = 0; i < count; i++) {
          assert(texts !== null, 'Rows were asked for.')
          const version = { row: entryOf(texts, i), large: large.get(i) ?? [] }
          rows.push({ ...(await readRecordFields(read, schema, version, signal)) })
        }
      }
      return rows
    },
    async changesBetween(left, right, entity) {
      const timeline = await state()
      const points = { left: pointOf(timeline, left), right: pointOf(timeline, right) }
      const diff = diffEntities(timeline, points).find((one) => one.entity === entity)
      assert(diff !== undefined, 'A point holds the entity.')
      return (await collect(diffEntity(read, diff, signal))).flat()
    },
    async historyOf(entity, address, isKept = () => true) {
      const timeline = await state()
      const points = timeline.points.filter(({ seq }) => isKept(seq))
      const request = { state: { ...timeline, points }, entity: nameOf(entity), address }
      return (await recordHistory(read, request, signal)).versions
    },
    async lastChangeOf(entity, address, isKept = () => true) {
      const timeline = await state()
      const points = timeline.points.filter(({ seq }) => isKept(seq))
      const point = points.at(-1)
      assert(point !== undefined, 'A point is kept.')
      const kept = { ...timeline, points }
      const at = entityAt(kept, point, nameOf(entity))
      const found = await findRecord(read, at, address, signal)
      return (await findLastChange(read, { state: kept, point, at, address, found }, signal)).seq
    },
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  }
}

function pointOf({ points }: TimelineState, seq: number): Point {
  const point = points.bySeq(seq)
  assert(point !== undefined, 'The timeline has the point.')
  return point
}

export function nameOf(text: string): EntityName {
  return text as EntityName
}

function aRequest(): CaptureRequest {
  return {
    source: SOURCE,
    connector: 'sqlite',
    isIncluded: () => true,
    isFull: false,
    isNewIdentityAllowed: false,
    scansMax: 2,
    sortBytesMax: 1_048_576,
  }
}
