import { test, vi } from 'vitest'
import { mariadbFeedHarness } from '#connector/mysql/testing/feed-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'
import { proveFollowing } from './testing/follow-replay.ts'

// Every transaction is read back, and other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

describeMariadb('following', () => {
  test('makes every transaction a point, whatever interrupts it', async () => {
    await proveFollowing(mariadbFeedHarness, '')
  })
})
