import { test, vi } from 'vitest'
import { proveFollowing } from '#capture/testing/follow-replay'
import { mariadbFeedHarness } from '#connector/mysql/testing/feed-system'
import { describeMariadb } from '#test/servers/fresh-mariadb'

// Every transaction is read back, and other tests share the machine.
vi.setConfig({ testTimeout: 180_000 })

describeMariadb('following', () => {
  test('makes every transaction a point, whatever interrupts it', async () => {
    await proveFollowing(mariadbFeedHarness, '')
  })
})
