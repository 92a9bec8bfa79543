import { expect, test } from 'vitest'
import { Canary } from '#capture/canary'
import type { FollowEvent } from '#capture/follow-events'
import { aFollowing } from '#capture/testing/a-following'
import { postgresCanaries } from '#connector/postgres/canary'
import { feedHarness, type freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { optionsFor } from '#connector/testing/contract-system'
import type { EntityName } from '#record/entity-name'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'

type System = Awaited<ReturnType<typeof freshFeedSystem>>

const TABLE = 'public.holdfast_canary' as EntityName

describePostgres('canary', (major) => {
  const testOnce = test.runIf(major === newestMajor())
  const harness = feedHarness(major)

  testOnce('is told of when it is durable, and when it does not come through', async () => {
    await using system = (await harness.freshSystem()) as System
    await system.exec('create table customer (id int primary key)')
    const hands = { writer: system.address, reader: system.address }
    const setup = postgresCanaries.statements({ table: TABLE, feed: system.feedName, ...hands })
    // The publication is made by the follower, of all tables there are.
    for (const statement of setup.slice(0, -1)) await system.exec(statement)
    const life = await aFollowing(harness, system)
    const heard = listener()
    const canary = new Canary(
      {
        clock: systemClock,
        random: systemRandom,
        tell: heard.tell,
        openRow: () => postgresCanaries.open(optionsFor(system.address), TABLE),
      },
      { table: TABLE, everyMs: 300, lateMs: 4000 },
    )
    const stop = new AbortController()
    const singing = canary.run(stop.signal)
    try {
      await using _follower = life.follow({ attach: (deps) => canary.attach(deps) })
      const { delayMs } = await heard.until('canary')
      expect(delayMs).toBeGreaterThan(0)
      expect(delayMs).toBeLessThan(10_000)
      const seen = (await life.state()).points.at(-1)?.entities.map(({ entity }) => entity)
      expect(seen).toContain(TABLE)

      await system.exec('delete from holdfast_canary')
      const { error } = await heard.until('canary-failed')
      expect(error).toMatchObject({ code: 'connector.canary-missing' })
      await system.exec("insert into holdfast_canary values (1, '', now())")
      await heard.until('canary')

      await system.exec(`alter publication ${system.feedName} drop table holdfast_canary`)
      expect((await heard.until('canary-late')).ageMs).toBeGreaterThanOrEqual(4000)
    } finally {
      stop.abort()
      await singing
    }
  })
})

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
