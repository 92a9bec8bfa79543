import { expect, test, vi } from 'vitest'
import { aFollowing } from '#capture/testing/a-following'
import { mariadbFeedHarness } from '#connector/mysql/testing/feed-system'
import type { EntityName } from '#record/entity-name'
import { assert } from '#stdx/assert'
import { describeMariadb } from '#test/servers/fresh-mariadb'

// Other tests share the machine.
vi.setConfig({ testTimeout: 120_000 })

describeMariadb('renames while following', () => {
  test('a table that is called otherwise is empty or unproven under its old name', async () => {
    await using system = await mariadbFeedHarness.freshSystem()
    await system.exec(`CREATE TABLE customer (id INT PRIMARY KEY, name TEXT);
      CREATE TABLE note (id INT PRIMARY KEY, said TEXT);
      INSERT INTO customer VALUES (1, 'a'); INSERT INTO note VALUES (1, 'first')`)
    const life = await aFollowing(mariadbFeedHarness, system)
    await using follower = life.follow()
    await follower.until('opened')
    const scanned = follower.until('reconciled')
    await system.exec("RENAME TABLE note TO notes; INSERT INTO notes VALUES (2, 'second')")
    await system.exec("UPDATE customer SET name = 'b' WHERE id = 1")
    await scanned
    await follower.stop()
    const points = [...(await life.state()).points]
    const note = 'note' as EntityName
    const told = points.filter(({ body }) => body.follow?.part === 'transactions')
    expect(told.length).toBeGreaterThan(0)
    for (const { entities, unproven } of told) {
      const held = entities.find(({ entity }) => entity === note)
      const isUnproven = unproven instanceof Map && unproven.has(note)
      expect(isUnproven || held?.rows === 0).toBe(true)
    }
    const last = points.at(-1)
    assert(last !== undefined, 'There is a point.')
    expect(last.unproven).toBeNull()
    expect(await life.rowsAt(last, 'notes' as EntityName)).toHaveLength(2)
  })
})
