import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Source } from '#connector/connector'
import { type FeedMessage, INSERT } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Canary } from './canary.ts'
import type { FollowDeps } from './follow-deps.ts'
import type { FollowEvent } from './follow-events.ts'

const TABLE = 'public.holdfast_canary' as EntityName
const AT = { position: '2', time: '2026-06-30T12:00:00Z' }
const OPENED: FollowEvent = { kind: 'opened', seq: 1, ...AT }
const COMMITTED: FollowEvent = {
  kind: 'committed',
  ...AT,
  seq: 2,
  transactions: 1,
  changes: 1,
  bytesStored: 1,
  lagMs: 1,
}

/** A second takes 20 ms. */
function aClock(): Clock {
  let passedMs = 0
  return {
    nowMs: () => passedMs,
    passedMs: () => passedMs,
    sleep: async (ms, stop) => {
      stop.throwIfAborted()
      passedMs += ms
      await sleep(10)
    },
  }
}

/** A source whose feed tells one update of the canary. */
function aSource(mark: () => string): Source {
  async function* read(): AsyncGenerator<FeedMessage> {
    yield { kind: 'begin', transaction: '1' } as unknown as FeedMessage
    const rows = { kind: 'rows', bytes: Buffer.from(mark()) }
    yield { kind: 'changes', entity: TABLE, rows, ops: [INSERT] } as unknown as FeedMessage
    yield { kind: 'commit', ...AT } as unknown as FeedMessage
  }
  const opened = { read, acknowledge: () => {}, [Symbol.asyncDispose]: async () => {} }
  const feed = { open: async () => opened, isUpTo: () => true }
  return { feed, [Symbol.asyncDispose]: async () => {} } as unknown as Source
}

test('a canary that cannot be sent is said again when an earlier one has come through since', async () => {
  const told: string[] = []
  let sent = ''
  let isReadOnly = false
  const row = {
    write: async (mark: string) => {
      if (isReadOnly) throw new AppError('connector.denied', 'Cannot update: it is read-only')
      sent = mark
    },
    [Symbol.asyncDispose]: async () => {},
  }
  const tell = ({ kind }: FollowEvent) => {
    told.push(kind)
  }
  const deps = { clock: aClock(), random: systemRandom, tell, openRow: async () => row }
  const canary = new Canary(deps, { table: TABLE, everyMs: 1000, lateMs: 1_000_000_000 })
  const openSource = async () => aSource(() => sent)
  const follower = canary.attach({ openSource, tell: () => {} } as unknown as FollowDeps)
  const stop = new AbortController()
  const singing = canary.run(stop.signal)
  const source = await follower.openSource(stop.signal)
  const feed = await source.feed?.open({} as never, stop.signal)
  follower.tell(OPENED)
  await expect.poll(() => sent).not.toBe('')
  isReadOnly = true
  await expect.poll(() => told).toEqual(['canary-failed'])
  for await (const _ of feed?.read(stop.signal) ?? []);
  follower.tell(COMMITTED)
  await expect.poll(() => told).toEqual(['canary-failed', 'canary', 'canary-failed'])
  stop.abort()
  await singing
})
