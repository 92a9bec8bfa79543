import { expect, test } from 'vitest'
import { examineRestores } from '#app/examine-restores'
import { listPoints } from '#app/list-points'
import type { Target } from '#connector/connector'
import type { ConnectorHarness } from '#connector/testing/contract-system'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'
import { documentsOf } from '#timeline/fold-facts'
import { listOpenRestores } from '#timeline/open-restores'
import { signal } from '#vault/testing/a-vault'
import type { Restoring } from './a-restore.ts'
import { withChangedWrites } from './changed-writes.ts'
import { openKit } from './restoring-kit.ts'

const TABLES = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, terms TEXT, note TEXT);
  CREATE TABLE address (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), city TEXT);
  INSERT INTO customer VALUES (1, 'Ada', '30d', 'a'), (2, 'Bob', '30d', NULL), (3, 'Cy', '', 'c');
  INSERT INTO address VALUES (10, 1, 'Bonn'), (20, 2, 'Ulm'), (30, 3, NULL)`

/** What the copy has become since: a restore updates two, inserts two and deletes two. */
const LATER = `UPDATE customer SET terms = '90d' WHERE id = 1; UPDATE customer SET note = 'new' WHERE id = 2;
  DELETE FROM address WHERE id = 30; DELETE FROM customer WHERE id = 3;
  INSERT INTO customer VALUES (5, 'Eve', '90d', 'e'); INSERT INTO address VALUES (50, 5, 'Rom')`

/** What taking back a restore must do on a living system, whatever kind of system it is. */
export function testUndoingRestores(kind: string, harness: ConnectorHarness): void {
  const { expectNothingWritten, name, read, start } = openKit(harness)

  const contents = async ({ copy }: Restoring) => [
    ...(await read(copy, 'customer')),
    ...(await read(copy, 'address')),
  ]
  const undoing = (isSkippingConflicts = false) => ({
    undo: { isSkippingConflicts, refused: () => {} },
  })

  /** Puts the point back over what the copy has become. Returns the id of the restore. */
  async function restoreOver(restoring: Restoring): Promise<string> {
    await restoring.backUp()
    await restoring.copy.exec(LATER)
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    assert(summary !== null, 'It was not only planned.')
    expect(summary).toMatchObject({ inserted: 2, updated: 2, deleted: 2 })
    return summary.restore
  }

  test(`${kind}: a restore is undone, and its undoing too`, async () => {
    await using restoring = await start(TABLES)
    const before = await contents(restoring)
    const undoes = await restoreOver(restoring)
    const { begun } = await restoring.vault.readRestores(signal)
    expect(begun[0]?.body).toMatchObject({ restore: undoes, target: 'copy', point: 'erp@1' })
    expect(await contents(restoring)).toEqual(before)
    const plan = await restoring.plan({ undoes, ...undoing() })
    expect(plan).toMatchObject({ undoes, point: 'erp@1', conflicts: [] })
    const undone = await restoring.restore({ undoes, ...undoing() })
    expect(undone.plan.plan).toBe(plan.plan)
    expect(undone.summary).toMatchObject({
      ...{ inserted: 2, updated: 2, deleted: 2, conflicts: 0 },
      verified: { records: 6, different: 0 },
    })
    await restoring.copy.exec(`UPDATE customer SET name = 'Ada L' WHERE id = 1`)
    // Once more there is nothing to do.
    const again = await restoring.restore({ undoes, ...undoing() })
    expect(again.summary).toMatchObject({ inserted: 0, updated: 0, deleted: 0, skipped: 6 })
    await restoring.restore({ undoes: undone.summary?.restore ?? '', ...undoing() })
    await restoring.copy.exec(`UPDATE customer SET name = 'Ada' WHERE id = 1`)
    expect(await contents(restoring)).toEqual(before)
    const facts = await restoring.vault.readRestores(signal)
    expect(facts.restores.map(({ body }) => body.undoes)).toEqual([
      ...[undefined, undoes, undoes],
      undone.summary?.restore,
    ])
  })

  test(`${kind}: what was changed since a restore is a conflict, and stays where it is skipped`, async () => {
    await using restoring = await start(TABLES)
    const undoes = await restoreOver(restoring)
    await restoring.copy.exec(`UPDATE customer SET terms = '60d', name = 'Ada L' WHERE id = 1;
      UPDATE customer SET name = 'Bo' WHERE id = 2`)
    const refused = { code: 'app.undo-conflicts', details: { conflicts: 1 } }
    const attempt = () => restoring.restore({ undoes, ...undoing() })
    await expectNothingWritten(restoring, ['customer', 'address'], attempt, refused)
    const elsewhere = restoring.restore({ undoes, as: restoring.erp.address, ...undoing(true) })
    await expect(elsewhere).rejects.toMatchObject({ code: 'app.undo-elsewhere' })
    const { plan, summary } = await restoring.restore({ undoes, ...undoing(true) })
    expect(plan.conflicts).toEqual([
      { entity: name('customer'), key: '1', found: 'changed', fields: ['terms'] },
    ])
    expect(summary).toMatchObject({ updated: 1, conflicts: 1, verified: { different: 0 } })
    expect(await read(restoring.copy, 'customer')).toEqual([
      ...['1|Ada L|60d|a', '2|Bo|30d|new', '5|Eve|90d|e'],
    ])
  })

  test(`${kind}: what was changed since is taken back as well where the past is to win`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    await restoring.copy.exec(LATER)
    const later = await contents(restoring)
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    await restoring.copy.exec(`UPDATE customer SET terms = '60d' WHERE id = 1;
      DELETE FROM address WHERE id = 20; DELETE FROM customer WHERE id = 2;
      UPDATE customer SET name = 'Cyd' WHERE id = 3; INSERT INTO customer VALUES (5, 'Eva', '', 'e')`)
    const forced = { undo: { isSkippingConflicts: false, isForcing: true, refused: () => {} } }
    const undone = await restoring.restore({ undoes: summary?.restore ?? '', ...forced })
    expect(undone.summary).toMatchObject({ conflicts: 0, verified: { different: 0 } })
    await restoring.copy.exec(`INSERT INTO address VALUES (20, 2, 'Ulm')`)
    expect(await contents(restoring)).toEqual(later)
  })

  test(`${kind}: what came back and is referred to goes only where that may be, and somebody says so`, async () => {
    const mayDangle = harness.connector.kind === 'sqlite'
    await using restoring = await start(TABLES)
    await restoring.backUp()
    const { copy } = restoring
    const off = mayDangle ? 'PRAGMA foreign_keys = OFF' : 'DELETE FROM address WHERE id = 30'
    await copy.exec(`${off}; DELETE FROM customer WHERE id = 3`)
    const before = await contents(restoring)
    const { summary } = await restoring.restore({ records: [`${name('customer')}:3`] })
    const undoes = summary?.restore ?? ''
    if (!mayDangle) await copy.exec(`INSERT INTO address VALUES (30, 3, NULL)`)
    const expectRefused = (change: object) => {
      const attempt = () => restoring.restore({ undoes, ...undoing(), ...change })
      const refused = { code: 'restore.still-referred' }
      return expectNothingWritten(restoring, ['customer', 'address'], attempt, refused)
    }
    await expectRefused({})
    const forced = { undo: { isSkippingConflicts: false, isForcing: true, refused: () => {} } }
    if (mayDangle) {
      const { plan } = await restoring.restore({ undoes, ...forced })
      const referredBy = { entity: name('address'), key: '30', records: 1 }
      expect(plan).toMatchObject({ dangling: [{ key: '3', referredBy }] })
      expect(await contents(restoring)).toEqual(before)
    } else {
      await expectRefused(forced)
      await copy.exec('UPDATE address SET customer = NULL WHERE id = 30')
      const undone = await restoring.restore({ undoes, ...undoing() })
      expect(undone.summary).toMatchObject({ deleted: 1, verified: { different: 0 } })
    }
  })

  test(`${kind}: rows without a key come back and go as often as they were there`, async () => {
    const many = (word: string, count: number) => Array(count).fill(`('${word}')`).join(', ')
    await using restoring = await start(`CREATE TABLE log (said VARCHAR(20));
      INSERT INTO log VALUES ${many('a', 3)}, ${many('b', 2)}, ('c')`)
    const { copy } = restoring
    await restoring.backUp()
    await copy.exec(
      `DELETE FROM log; INSERT INTO log VALUES ${many('a', 5)}, ('b'), ${many('d', 2)}`,
    )
    const before = await read(copy, 'log')
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 2, deleted: 4 })
    const undoes = summary?.restore ?? ''
    expect((await restoring.restore({ undoes, ...undoing() })).summary).toMatchObject({
      ...{ inserted: 4, deleted: 2, verified: { different: 0 } },
    })
    expect(await read(copy, 'log')).toEqual(before)
    const again = await restoring.plan({ undoes, ...undoing() })
    expect(again.steps).toMatchObject([{ insert: 0, delete: 0, conflicts: 0 }])
  })

  test(`${kind}: undoing a restore that created tables empties them`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    await restoring.copy.exec('DROP TABLE address; DROP TABLE customer')
    const { summary } = await restoring.restore()
    await restoring.copy.exec(`UPDATE address SET city = 'Köln' WHERE id = 10`)
    const undoes = summary?.restore ?? ''
    const skipped = await restoring.plan({ undoes, ...undoing(true) })
    expect(skipped.steps).toMatchObject([
      { entity: name('customer'), delete: 3, conflicts: 0 },
      { entity: name('address'), delete: 2, conflicts: 1 },
    ])
    await restoring.copy.exec(`UPDATE address SET city = 'Bonn' WHERE id = 10`)
    await restoring.restore({ undoes, ...undoing() })
    expect(await contents(restoring)).toEqual([])
  })

  test(`${kind}: a restore that fails before its commit has begun, and the same command settles it`, async () => {
    await using restoring = await start(TABLES)
    await restoring.backUp()
    await restoring.copy.exec(LATER)
    const later = await contents(restoring)
    const failure = new Error('killed')
    const wrap = (target: Target) =>
      withChangedWrites(target, (write) => {
        write.deferForeignKeys = () => Promise.reject(failure)
      })
    await expect(restoring.restore({ isDeleteAllowed: true, wrap })).rejects.toBe(failure)
    expect(await contents(restoring)).toEqual(later)
    const facts = await restoring.vault.readRestores(signal)
    const [open] = listOpenRestores(facts)
    assert(open !== undefined, 'It began, and did not end.')
    expect(documentsOf(open.body)).toHaveLength(2)
    const { openRestores } = await listPoints(restoring.vault, 'erp', signal)
    expect(openRestores).toEqual([{ restore: open.body.restore, point: 'erp@1', target: 'copy' }])
    expect(await collect(examineRestores(restoring.vault, signal))).toMatchObject([
      { check: `restore ${open.body.restore}`, verdict: 'bad' },
    ])
    // It has written nothing: taking it back finds all as it was.
    const { restore } = open.body
    const plan = await restoring.plan({ undoes: restore, ...undoing() })
    expect(plan.steps).toMatchObject([
      { insert: 0, update: 0, delete: 0, same: 4, conflicts: 0 },
      { insert: 0, update: 0, delete: 0, same: 2, conflicts: 0 },
    ])
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 2, updated: 2, deleted: 2, settles: [restore] })
    expect(listOpenRestores(await restoring.vault.readRestores(signal))).toEqual([])
    expect((await listPoints(restoring.vault, 'erp', signal)).openRestores).toEqual([])
  })
}
