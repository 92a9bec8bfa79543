import { test, vi } from 'vitest'
import { proveFollowing } from '#capture/testing/follow-replay'
import { feedHarness } from '#connector/postgres/testing/feed-system'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'

const FULL = ['account', 'parcel_0', 'parcel_1']
  .map((table) => `ALTER TABLE ${table} REPLICA IDENTITY FULL;`)
  .join('\n')

// Every transaction is read back, and other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

describePostgres('following', (major) => {
  test.runIf(major === newestMajor())(
    'makes every transaction a point, whatever interrupts it',
    async () => {
      await proveFollowing(feedHarness(major), FULL)
    },
  )
})
