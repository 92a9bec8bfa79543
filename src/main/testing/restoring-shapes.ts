import { expect, test } from 'vitest'
import type { ConnectorHarness } from '#connector/testing/contract-system'
import { openKit } from './restoring-kit.ts'

/** Restores into tables of another shape, and of the widest there are. */
export function testRestoringShapes(kind: string, harness: ConnectorHarness): void {
  const { expectNothingWritten, expectSame, having, name, read, start } = openKit(harness)

  having('definitions')(
    `${kind}: a target of another shape takes what fits and is refused what does not`,
    async () => {
      await using restoring = await start(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
      INSERT INTO t VALUES (1, 'a', 'b'), (2, 'c', 'd')`)
      await restoring.backUp()
      const { copy } = restoring
      // Another order of fields, and one more.
      await copy.exec(`DROP TABLE t; CREATE TABLE t (b TEXT, more TEXT DEFAULT 'm', id INTEGER PRIMARY KEY, a TEXT);
      INSERT INTO t VALUES ('bad', 'kept', 1, 'bad')`)
      expect((await restoring.restore()).summary).toMatchObject({ inserted: 1, updated: 1 })
      expect(await read(copy, 't')).toEqual(['b|kept|1|a', 'd|m|2|c'])
      expect(await restoring.verify()).toMatchObject({ verdict: 'same' })
      // One that must not be empty.
      await copy.exec(
        `DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, more TEXT NOT NULL)`,
      )
      await expectNothingWritten(restoring, ['t'], () => restoring.restore(), {
        code: 'connector.constraint-violated',
        message: expect.stringContaining('more'),
      })
      // One that is not there.
      await copy.exec('DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)')
      await expectNothingWritten(restoring, ['t'], () => restoring.restore(), {
        code: 'restore.schema-differs',
        message: expect.stringContaining('b'),
      })
      expect(await restoring.verify()).toMatchObject({
        verdict: 'differs',
        entities: [{ rows: 2, different: 2, reason: expect.stringContaining('no field b') }],
      })
      await copy.exec('DROP TABLE t')
      expect(await restoring.verify()).toMatchObject({
        verdict: 'differs',
        entities: [{ rows: 2, missing: 2, extra: 0, different: 0 }],
      })
    },
  )

  having('types')(
    `${kind}: a value that a field of another type would not keep stops the restore`,
    async () => {
      await using restoring = await start(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
      INSERT INTO t VALUES (1, 'a', '007'), (2, 'c', NULL)`)
      await restoring.backUp()
      const { copy } = restoring
      await copy.exec(`DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER);
      INSERT INTO t VALUES (1, 'bad', NULL)`)
      expect((await restoring.plan()).steps).toMatchObject([
        { insert: 1, update: 1, otherTypes: [{ field: 'b' }] },
      ])
      await expectNothingWritten(restoring, ['t'], () => restoring.restore(), {
        code: 'restore.value-lost',
        message: expect.stringMatching(
          /values of b \(TEXT at the point, INT(EGER|\(11\)) there\)/i,
        ),
      })
      // What it can keep it takes.
      const t = name('t')
      const { plan, summary } = await restoring.restore({ fields: [`${t}:1:a`] })
      expect(plan.steps).toMatchObject([{ otherTypes: [] }])
      expect(summary).toMatchObject({ updated: 1, verified: { different: 0 } })
      expect((await restoring.restore({ records: [`${t}:2`] })).summary).toMatchObject({
        inserted: 1,
      })
      expect(await read(copy, 't')).toEqual(['1|a|', '2|c|'])
    },
  )

  test(`${kind}: a table of very many fields is captured, repaired and made again`, async () => {
    const fields = Array.from({ length: (harness.fieldsMax ?? 1_600) - 1 }, (_, i) => `f${i}`)
    const values = fields.map((_, i) => (i % 3 === 0 ? 'NULL' : `'${i}'`)).join(', ')
    await using restoring = await start(`CREATE TABLE wide (id INTEGER PRIMARY KEY,
      ${fields.map((field) => `${field} ${harness.schema === 'main' ? 'TEXT' : 'varchar(4)'}`).join(', ')});
      INSERT INTO wide VALUES (1, ${values}), (2, ${values})`)
    await restoring.backUp()
    await restoring.copy.exec(
      `UPDATE wide SET f3 = 'x', ${fields.at(-1)} = NULL WHERE id = 1; DELETE FROM wide WHERE id = 2`,
    )
    expect((await restoring.restore()).summary).toMatchObject({ inserted: 1, updated: 1 })
    await expectSame(restoring, ['wide'])
    await restoring.copy.exec('DROP TABLE wide')
    await restoring.restore()
    await expectSame(restoring, ['wide'])
  })
}
