import { expect } from 'vitest'
import type { Canaries } from '#connector/canary'
import { optionsFor } from '#connector/testing/contract-system'
import type { FeedHarness, FeedSystem } from '#connector/testing/feed-following'
import type { EntityName } from '#record/entity-name'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Canary } from '../canary.ts'
import type { FollowEvent } from '../follow-events.ts'
import { aFollowing } from './a-following.ts'

export type CanaryCase = {
  readonly harness: FeedHarness
  readonly canaries: Canaries
  readonly table: EntityName
  /** Lets the source tell changes of the table no more; absent where it always does. */
  readonly silence?: (system: FeedSystem) => Promise<void>
}

/** A canary that comes through, one that cannot be sent, and one that is told to nobody. */
export async function proveCanary(proved: CanaryCase): Promise<void> {
  const { canaries, harness, silence, table } = proved
  await using system = await harness.freshSystem()
  await system.exec('create table customer (id int primary key)')
  const hands = { writer: system.address, reader: system.address }
  const statements = canaries.statements({ table, feed: system.feedName, ...hands })
  // A publication is made by the follower, of all tables there are.
  const setup = statements.filter((one) => /^(CREATE TABLE|INSERT)/.test(one))
  for (const statement of setup) await system.exec(statement)
  const life = await aFollowing(harness, system)
  const heard = listener()
  const openRow = () => canaries.open(optionsFor(system.address), table)
  const deps = { clock: systemClock, random: systemRandom, tell: heard.tell, openRow }
  const canary = new Canary(deps, { table, everyMs: 300, lateMs: 4000 })
  const stop = new AbortController()
  const singing = canary.run(stop.signal)
  try {
    await using _follower = life.follow({ attach: (followed) => canary.attach(followed) })
    expect((await heard.until('canary')).delayMs).toBeGreaterThan(0)
    const seen = (await life.state()).points.at(-1)?.body.entities.map(({ entity }) => entity)
    expect(seen).toContain(table)

    await system.exec('delete from holdfast_canary')
    const { error } = await heard.until('canary-failed')
    expect(error).toMatchObject({ code: 'connector.canary-missing' })
    await system.exec(setup[1] ?? '')
    await heard.until('canary')

    if (silence === undefined) return
    await silence(system)
    expect((await heard.until('canary-late')).ageMs).toBeGreaterThanOrEqual(4000)
  } finally {
    stop.abort()
    await singing
  }
}

function listener() {
  const waiting = new Set<(event: FollowEvent) => void>()
  return {
    tell(event: FollowEvent) {
      for (const listen of waiting) listen(event)
    },
    until<K extends FollowEvent['kind']>(kind: K): Promise<Extract<FollowEvent, { kind: K }>> {
      const { promise, resolve } = Promise.withResolvers<Extract<FollowEvent, { kind: K }>>()
      waiting.add((event) => {
        if (event.kind === kind) resolve(event as Extract<FollowEvent, { kind: K }>)
      })
      return promise
    },
  }
}
