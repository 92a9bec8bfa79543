import { test } from 'vitest'
import { proveCanary } from '#capture/testing/prove-canary'
import { postgresCanaries } from '#connector/postgres/canary'
import { feedHarness } from '#connector/postgres/testing/feed-system'
import type { EntityName } from '#record/entity-name'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'

describePostgres('canary', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('is told of when it is durable, and when it does not come through', async () => {
    await proveCanary({
      harness: feedHarness(major),
      canaries: postgresCanaries,
      table: 'public.holdfast_canary' as EntityName,
      silence: ({ exec, feedName }) =>
        exec(`alter publication ${feedName} drop table holdfast_canary`),
    })
  })
})
