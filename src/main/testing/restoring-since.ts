import { expect, test } from 'vitest'
import type { ConnectorHarness } from '#connector/testing/contract-system'
import { openKit } from './restoring-kit.ts'

/** What a restore must do about what happened since, and about what rows need. */
export function testRestoringSince(kind: string, harness: ConnectorHarness): void {
  const { expectNothingWritten, expectSame, having, name, read, start } = openKit(harness)

  test(`${kind}: a third value is a conflict in the source itself, and a policy decides it`, async () => {
    await using restoring = await start(`CREATE TABLE item (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
      INSERT INTO item VALUES (1, 'p', 'p'), (2, 'p', 'p'), (3, 'p', 'p'), (4, 'p', 'p'), (5, 'p', 'p')`)
    const { erp, restore } = restoring
    const point = await restoring.backUp()
    await erp.exec(`UPDATE item SET a = 'k' WHERE id IN (1, 2); DELETE FROM item WHERE id = 5`)
    await restoring.backUp()
    await erp.exec(`UPDATE item SET a = 'u' WHERE id IN (1, 3); DELETE FROM item WHERE id = 4;
      INSERT INTO item VALUES (5, 'u', 'p')`)
    const change = { as: erp.address, point }
    await expect(restore(change)).rejects.toMatchObject({
      code: 'restore.conflicts',
      details: { conflicts: 2 },
    })
    expect((await restoring.plan(change)).conflicts).toMatchObject([
      { key: '1', found: 'changed', values: [{ point: 'p', captured: 'k', live: 'u' }] },
      { key: '5', found: 'back', values: [{ point: 'p', live: 'u', becomes: 'open' }] },
    ])
    const theirs = await restore({ ...change, onConflict: ['theirs'] })
    expect(theirs.summary).toMatchObject({ inserted: 1, updated: 1, stay: 3 })
    expect(await read(erp, 'item')).toEqual(['1|u|p', '2|p|p', '3|u|p', '4|p|p', '5|u|p'])
    const ours = await restore({ ...change, onConflict: ['ours'] })
    expect(ours.summary).toMatchObject({ inserted: 0, updated: 3, verified: { different: 0 } })
    expect(await read(erp, 'item')).toEqual(['1|p|p', '2|p|p', '3|p|p', '4|p|p', '5|p|p'])
  })

  having('constraints')(
    `${kind}: rows bring what they need, and that what it needs, or let it go`,
    async () => {
      await using restoring = await start(`CREATE TABLE parent (id INTEGER PRIMARY KEY,
          code VARCHAR(9) UNIQUE, above INTEGER REFERENCES parent (id));
        CREATE TABLE child (id INTEGER PRIMARY KEY, code VARCHAR(9) REFERENCES parent (code),
          other INTEGER NOT NULL REFERENCES parent (id));
        INSERT INTO parent VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 2), (4, 'd', NULL);
        INSERT INTO child VALUES (10, 'c', 4), (20, 'd', 4)`)
      const { copy, restore } = restoring
      await restoring.backUp()
      await copy.exec('DELETE FROM child; DELETE FROM parent WHERE id = 3')
      await copy.exec('DELETE FROM parent WHERE id = 2; DELETE FROM parent WHERE id = 1')
      const change = { records: [`${name('child')}:10`] }
      await expectNothingWritten(restoring, ['parent', 'child'], () => restore(change), {
        code: 'restore.parents-missing',
      })
      expect((await restore({ ...change, missingParents: 'null' })).summary).toMatchObject({
        inserted: 1,
        verified: { different: 0 },
      })
      expect(await read(copy, 'child')).toEqual(['10||4'])
      await copy.exec('DELETE FROM child')
      const whole = { entities: [name('child')], missingParents: 'create' as const }
      expect((await restore(whole)).summary).toMatchObject({
        inserted: 5,
        verified: { different: 0 },
      })
      await expectSame(restoring, ['parent', 'child'])
    },
  )
}
