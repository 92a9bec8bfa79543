import { tmpdir } from 'node:os'
import type { Source } from '#connector/connector'
import { optionsFor } from '#connector/testing/contract-system'
import type { FeedHarness, FeedSystem } from '#connector/testing/feed-following'
import { entityAt } from '#history/entity-at'
import { readRecordFields } from '#history/record-fields'
import type { EntityName } from '#record/entity-name'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { assert } from '#stdx/assert'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import { type CaptureEntity, captureEntity } from '../capture-entity.ts'
import type { FollowDeps, FollowRequest } from '../follow-deps.ts'
import type { FollowEvent } from '../follow-events.ts'
import { followSource } from '../follow-source.ts'
import type { CaptureRequest, RunCaptureDeps } from '../run-capture.ts'

export const SOURCE = 'erp'

/** A followed system and a vault in memory. */
export type FollowedLife = {
  readonly inHand: VaultInHand
  /** Everything that followers told, oldest first. */
  readonly events: FollowEvent[]
  /** Begins to follow; disposing stops it and waits for its end, whose failure is thrown. */
  follow(change?: FollowChange): Follower
  state(): Promise<TimelineState>
  /** For captures beside. */
  readonly scanDeps: RunCaptureDeps
  readonly scanRequest: Omit<CaptureRequest, 'connector'>
  /** What a point holds of an entity, each record as its fields. */
  rowsAt(point: Point, entity: EntityName): Promise<RecordTexts[]>
}

export type RecordTexts = Readonly<Record<string, string | null>>

export type FollowChange = {
  readonly request?: Partial<FollowRequest>
  readonly deps?: Partial<FollowDeps>
  /** Stands between the follower and the source. */
  readonly source?: (source: Source) => Source
  /** Stands between the follower and all of it. */
  readonly attach?: (deps: FollowDeps) => FollowDeps
}

export type Follower = AsyncDisposable & {
  /** Resolves when it has ended. */
  readonly done: Promise<void>
  /** Waits for the next event that is wanted, from now on. */
  until<K extends FollowEvent['kind']>(
    kind: K,
    isIt?: (event: Extract<FollowEvent, { kind: K }>) => boolean,
  ): Promise<Extract<FollowEvent, { kind: K }>>
  stop(): Promise<void>
}

export async function aFollowing(harness: FeedHarness, system: FeedSystem): Promise<FollowedLife> {
  const inHand = await aVault()
  const { vault } = inHand
  await vault.addSource(SOURCE, signal)
  const read = await vault.readDeps(SOURCE, signal)
  const digestKey = await vault.digestKey(SOURCE, signal)
  const write = await vault.writeDeps(SOURCE, signal)
  const scanDeps = { write, read, digestKey, random: systemRandom, tempDir: tmpdir() }
  const plain: CaptureEntity = (job, rows, watch) => captureEntity(scanDeps, job, rows, watch)
  const events: FollowEvent[] = []
  const state = () => vault.readTimeline(SOURCE, signal)
  return {
    inHand,
    events,
    state,
    scanDeps: {
      vault,
      clock: systemClock,
      random: systemRandom,
      captureEntity: plain,
      progress: () => {},
    },
    scanRequest: {
      source: SOURCE,
      isIncluded: () => true,
      isFull: false,
      isNewIdentityAllowed: false,
      scansMax: 2,
      sortBytesMax: 1_048_576,
    },
    follow(change = {}) {
      const listeners = new Set<(event: FollowEvent) => void>()
      const deps: FollowDeps = {
        vault,
        clock: systemClock,
        random: systemRandom,
        tempDir: tmpdir(),
        async openSource() {
          const source = await harness.connector.openSource(optionsFor(system.address))
          return change.source?.(source) ?? source
        },
        openCapturePool: async () => ({
          captureEntity: plain,
          [Symbol.asyncDispose]: async () => {},
        }),
        begun: { read: async () => false, write: async () => {} },
        progress: () => {},
        tell(event) {
          events.push(event)
          for (const listener of listeners) listener(event)
        },
        afterCommit: async () => {},
        ...change.deps,
      }
      return startFollower(
        change.attach?.(deps) ?? deps,
        { ...aRequest(harness, system), ...change.request },
        listeners,
      )
    },
    async rowsAt(point, entity) {
      const { asOf, schema, schemas, segments } = entityAt(await state(), point, entity)
      const options = { segments, schemas, schema, asOf, rows: true, signal }
      const rows: RecordTexts[] = []
      for await (const { count, large, rows: texts } of readState(read, options)) {
        for (let i = 0; i < count; i++) {
          assert(texts !== null, 'Rows were asked for.')
          const version = { row: entryOf(texts, i), large: large.get(i) ?? [] }
          rows.push({ ...(await readRecordFields(read, schema, version, signal)) })
        }
      }
      return rows
    },
  }
}

function startFollower(
  deps: FollowDeps,
  request: FollowRequest,
  listeners: Set<(event: FollowEvent) => void>,
): Follower {
  const stopping = new AbortController()
  const done = followSource(deps, request, stopping.signal)
  done.catch(() => {})
  const stop = async () => {
    stopping.abort(new Error('The test has seen enough.'))
    await done
  }
  return {
    done,
    stop,
    async until(kind, isIt = () => true) {
      const found = Promise.withResolvers<Extract<FollowEvent, { kind: typeof kind }>>()
      const listener = (event: FollowEvent) => {
        if (isKind(event, kind) && isIt(event)) found.resolve(event)
      }
      listeners.add(listener)
      const ended = done.then(() => {
        throw new Error(`The follower ended before it told "${kind}".`)
      })
      try {
        return await Promise.race([found.promise, ended])
      } finally {
        listeners.delete(listener)
      }
    },
    [Symbol.asyncDispose]: stop,
  }
}

function isKind<K extends FollowEvent['kind']>(
  event: FollowEvent,
  kind: K,
): event is Extract<FollowEvent, { kind: K }> {
  return event.kind === kind
}

function aRequest({ connector }: FeedHarness, { feedName }: FeedSystem): FollowRequest {
  return {
    source: SOURCE,
    connector: connector.kind,
    feed: feedName,
    isIncluded: () => true,
    scansMax: 2,
    sortBytesMax: 8 * 1_048_576,
    commitMs: 200,
    heartbeatMs: 300_000,
    reconcileMs: null,
  }
}
