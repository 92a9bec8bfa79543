import { expect, test, vi } from 'vitest'
import { aFollowing } from '#capture/testing/a-following'
import { mariadbFeedHarness } from '#connector/mysql/testing/feed-system'
import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import { describeMariadb } from '#test/servers/fresh-mariadb'

// Other tests share the machine.
vi.setConfig({ testTimeout: 120_000 })

describeMariadb('XA transactions while following', () => {
  test('a table that one changed is scanned as soon as the next row of it is told', async () => {
    await using system = await mariadbFeedHarness.freshSystem()
    await system.exec(`CREATE TABLE account (id INT PRIMARY KEY, balance INT);
      INSERT INTO account VALUES (1, 10), (2, 20)`)
    const life = await aFollowing(mariadbFeedHarness, system)
    await using follower = life.follow()
    await follower.until('opened')
    const scanned = follower.until('reconciled')
    // Without a pause between: both are told together.
    await system.exec(`XA START 'x'; UPDATE account SET balance = 11 WHERE id = 1; XA END 'x';
      XA PREPARE 'x'; XA COMMIT 'x'; UPDATE account SET balance = 21 WHERE id = 2`)
    await scanned
    await follower.stop()
    const last = (await life.state()).points.at(-1)
    assert(last !== undefined, 'There is a point.')
    expect(last.unproven).toBeNull()
    const rows = await life.rowsAt(last, 'account' as EntityName)
    expect(rows.map(({ balance }) => balance).sort()).toEqual(['11', '21'])
  })
})
