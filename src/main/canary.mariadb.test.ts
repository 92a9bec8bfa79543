import { test } from 'vitest'
import { proveCanary } from '#capture/testing/prove-canary'
import { mysqlCanaries } from '#connector/mysql/canary'
import { mariadbFeedHarness } from '#connector/mysql/testing/feed-system'
import type { EntityName } from '#record/entity-name'
import { describeMariadb } from '#test/servers/fresh-mariadb'

describeMariadb('canary', () => {
  test('is told of when it is durable, and when it cannot be sent', async () => {
    await proveCanary({
      harness: mariadbFeedHarness,
      canaries: mysqlCanaries,
      table: 'holdfast_canary' as EntityName,
    })
  })
})
