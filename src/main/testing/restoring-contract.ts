import { expect, test } from 'vitest'
import { type ConnectorHarness, readTable } from '#connector/testing/contract-system'
import { openKit } from './restoring-kit.ts'
import { testRestoringShapes } from './restoring-shapes.ts'

/** What a restore into a living system must do, whatever kind of system it is. */
export function testRestoring(kind: string, harness: ConnectorHarness): void {
  const { expectNothingWritten, expectSame, having, name, read, start } = openKit(harness)

  const FAMILY = `CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
    CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parent (id),
      note TEXT);
    INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');
    INSERT INTO child VALUES (10, 1, 'x'), (20, 2, 'y'), (30, 3, NULL);`

  test(`${kind}: rows that moved to an added parent move back to the lost one`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    await restoring.copy.exec(`INSERT INTO parent VALUES (4, 'd');
      UPDATE child SET parent = 4 WHERE id IN (10, 20); DELETE FROM parent WHERE id = 1;
      INSERT INTO child VALUES (40, 4, 'added')`)
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 1, updated: 2, deleted: 2, extra: 0 })
    await expectSame(restoring, ['parent', 'child'])
  })

  having('constraints')(`${kind}: a unique value is free before it is taken back`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    // An added row took the value of a lost one, another that of a changed one.
    await restoring.copy.exec(`DELETE FROM child WHERE id = 10; DELETE FROM parent WHERE id = 1;
      UPDATE parent SET code = 'changed' WHERE id = 2;
      INSERT INTO parent VALUES (5, 'a'), (6, 'b')`)
    await expectNothingWritten(restoring, ['parent', 'child'], () => restoring.restore(), {
      code: 'connector.constraint-violated',
    })
    expect((await restoring.restore({ isDeleteAllowed: true })).summary).toMatchObject({
      inserted: 2,
      updated: 1,
      deleted: 2,
    })
    await expectSame(restoring, ['parent', 'child'])
  })

  having('constraints')(
    `${kind}: a unique value is free before it is taken back, also from a row that updated ones left`,
    async () => {
      const acting = 'REFERENCES parent (id) ON DELETE CASCADE'
      await using restoring = await start(FAMILY.replace('REFERENCES parent (id)', acting))
      await restoring.backUp()
      await restoring.copy.exec(`UPDATE parent SET code = 'changed' WHERE id = 2;
        INSERT INTO parent VALUES (5, 'b'); UPDATE child SET parent = 5, note = 'moved'`)
      const { summary } = await restoring.restore({ isDeleteAllowed: true })
      expect(summary).toMatchObject({ inserted: 0, deleted: 1 })
      await expectSame(restoring, ['parent', 'child'])
    },
  )

  test(`${kind}: a foreign key that acts takes nothing along, whether rows move or go`, async () => {
    const acting = (action: string) => `CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT);
      CREATE TABLE child (id INTEGER PRIMARY KEY,
        parent INTEGER REFERENCES parent (id) ON DELETE ${action}, note TEXT);
      CREATE TABLE toy (id INTEGER PRIMARY KEY, child INTEGER REFERENCES child (id) ON DELETE ${action});
      INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (10, 1, 'x'), (20, 2, 'y');
      INSERT INTO toy VALUES (100, 10), (200, 20)`
    for (const action of ['CASCADE', 'SET NULL', 'RESTRICT', 'NO ACTION']) {
      await using restoring = await start(acting(action))
      await restoring.backUp()
      await restoring.copy.exec(`INSERT INTO parent VALUES (3, 'added');
        INSERT INTO child VALUES (30, 3, 'added'); INSERT INTO toy VALUES (300, 30);
        UPDATE child SET parent = 3 WHERE id = 10; UPDATE toy SET child = 30 WHERE id = 200`)
      const { summary } = await restoring.restore({ isDeleteAllowed: true })
      expect(summary, action).toMatchObject({ updated: 2, deleted: 3, extra: 0 })
      await expectSame(restoring, ['parent', 'child', 'toy'])
    }
  })

  test(`${kind}: added rows that refer to each other go together, whatever that sets off`, async () => {
    for (const action of ['CASCADE', 'SET NULL', 'NO ACTION']) {
      await using restoring = await start(`CREATE TABLE node (id INTEGER PRIMARY KEY,
          up INTEGER REFERENCES node (id) ON DELETE ${action});
        INSERT INTO node VALUES (1, NULL), (2, 1)`)
      await restoring.backUp()
      await restoring.copy.exec('INSERT INTO node VALUES (3, 2); INSERT INTO node VALUES (4, 3)')
      await restoring.copy.exec(
        'UPDATE node SET up = 4 WHERE id = 2; INSERT INTO node VALUES (5, 5)',
      )
      const { summary } = await restoring.restore({ isDeleteAllowed: true })
      expect(summary, action).toMatchObject({ updated: 1, deleted: 3, extra: 0 })
      await expectSame(restoring, ['node'])
    }
  })

  having('constraints')(
    `${kind}: an added row that others outside the scope refer to stays, with everything else`,
    async () => {
      for (const action of ['NO ACTION', 'CASCADE', 'SET NULL']) {
        await using restoring = await start(
          FAMILY.replace(
            'NOT NULL REFERENCES parent (id)',
            `REFERENCES parent (id) ON DELETE ${action}`,
          ),
        )
        await restoring.backUp()
        await restoring.copy.exec(`INSERT INTO parent VALUES (4, 'd');
        INSERT INTO child VALUES (40, 4, 'added'); UPDATE parent SET code = 'bad' WHERE id = 1`)
        const entities = [name('parent')]
        await expectNothingWritten(
          restoring,
          ['parent', 'child'],
          () => restoring.restore({ entities, isDeleteAllowed: true }),
          { code: 'restore.still-referred' },
        )
        expect(await restoring.plan({ entities, isDeleteAllowed: true })).toMatchObject({
          referred: [{ key: '4', referredBy: { entity: name('child'), key: '40', records: 1 } }],
        })
        expect((await restoring.restore({ entities })).summary).toMatchObject({
          updated: 1,
          extra: 1,
        })
      }
    },
  )

  test(`${kind}: rows that refer to themselves and to each other come back`, async () => {
    await using restoring = await start(`${harness.cycleSql}
      CREATE TABLE node (id INTEGER PRIMARY KEY, up INTEGER NOT NULL REFERENCES node (id));
      INSERT INTO node VALUES (1, 1); INSERT INTO node VALUES (2, 1); INSERT INTO node VALUES (3, 2)`)
    for (const { exec } of [restoring.erp, restoring.copy]) {
      await exec(`INSERT INTO first VALUES (1, NULL); INSERT INTO second VALUES (1, 1);
        UPDATE first SET other = 1`)
    }
    await restoring.backUp()
    const emptied = `UPDATE first SET other = NULL; DELETE FROM second; DELETE FROM first;
      DELETE FROM node WHERE id = 3; DELETE FROM node WHERE id = 2; DELETE FROM node WHERE id = 1;
      INSERT INTO node VALUES (7, 7); INSERT INTO node VALUES (8, 7)`
    await restoring.copy.exec(harness.unchecked?.(emptied) ?? emptied)
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 5, deleted: 2 })
    await expectSame(restoring, ['first', 'second', 'node'])
  })

  having('constraints')(
    `${kind}: rows that swapped or passed on values that have to be unique get them back`,
    async () => {
      for (const type of ['TEXT', 'TEXT NOT NULL']) {
        await using restoring = await start(FAMILY.replace('TEXT UNIQUE', `${type} UNIQUE`))
        await restoring.backUp()
        await restoring.copy.exec(`UPDATE parent SET code = 'z' WHERE id = 1;
          UPDATE parent SET code = 'a' WHERE id = 2; UPDATE parent SET code = 'b' WHERE id = 3;
          UPDATE parent SET code = 'c' WHERE id = 1; UPDATE child SET note = 'bad'`)
        expect((await restoring.restore()).summary, type).toMatchObject({ updated: 6 })
        await expectSame(restoring, ['parent', 'child'])
      }
    },
  )

  having('constraints')(
    `${kind}: rows that swapped unique values get them back whatever else of them changed`,
    async () => {
      await using restoring = await start(`
        CREATE TABLE seat (id INTEGER PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE, note TEXT);
        INSERT INTO seat VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z')`)
      await restoring.backUp()
      await restoring.copy.exec(`UPDATE seat SET code = 'z' WHERE id = 1;
        UPDATE seat SET code = 'a', note = 'other' WHERE id = 2;
        UPDATE seat SET code = 'b' WHERE id = 1; UPDATE seat SET note = NULL WHERE id = 3`)
      expect((await restoring.restore()).summary).toMatchObject({ updated: 3 })
      await expectSame(restoring, ['seat'])
    },
  )

  having('constraints')(
    `${kind}: a unique value that a row beside the restore holds is refused, with nothing written`,
    async () => {
      await using restoring = await start(FAMILY)
      await restoring.backUp()
      await restoring.copy.exec(`UPDATE parent SET code = 'z' WHERE id = 1;
        INSERT INTO parent VALUES (4, 'a')`)
      await expectNothingWritten(restoring, ['parent'], () => restoring.restore(), {
        code: 'connector.constraint-violated',
        message: expect.stringContaining('parent'),
      })
    },
  )

  having('constraints')(
    `${kind}: what has other fields by now is put back as a person says`,
    async () => {
      await using restoring = await start(FAMILY)
      const { copy, restore } = restoring
      await restoring.backUp()
      await copy.exec('UPDATE child SET parent = 2 WHERE id = 30; DELETE FROM child WHERE id = 10')
      await copy.exec('ALTER TABLE child RENAME COLUMN parent TO above')
      await copy.exec('ALTER TABLE child DROP COLUMN note')
      await copy.exec(`ALTER TABLE child ADD COLUMN rank INTEGER DEFAULT 7`)
      const child = name('child')
      const fits = { leaveOut: [`${child}:note`], renamed: [`${child}:parent=above`] }
      const change = { ...fits, entities: [child] }
      const { plan, summary } = await restore(change)
      expect(summary).toMatchObject({ inserted: 1, updated: 1, verified: { different: 0 } })
      expect(await read(copy, 'child')).toEqual(['10|1|7', '20|2|7', '30|3|7'])
      expect(plan.fits).toHaveLength(2)
      await restore({ undoes: summary?.restore ?? '' })
      expect(await read(copy, 'child')).toEqual(['20|2|7', '30|2|7'])
    },
  )

  test(`${kind}: of equal rows without key exactly as many go and come as differ`, async () => {
    await using restoring = await start(`CREATE TABLE log (said TEXT, n INTEGER);
      INSERT INTO log VALUES ('a', 1), ('a', 1), ('a', 1), (NULL, NULL), (NULL, NULL), ('b', 2)`)
    await restoring.backUp()
    await restoring.copy.exec(`INSERT INTO log VALUES ('a', 1), ('a', 1), (NULL, NULL), ('c', 3);
      DELETE FROM log WHERE said = 'b'`)
    expect(await restoring.plan()).toMatchObject({ steps: [{ insert: 1, extra: 4, same: 5 }] })
    const { summary } = await restoring.restore({ isDeleteAllowed: true })
    expect(summary).toMatchObject({ inserted: 1, deleted: 4, updated: 0 })
    await expectSame(restoring, ['log'])
  })

  test(`${kind}: single fields are put back and nothing beside them`, async () => {
    await using restoring =
      await start(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT);
      INSERT INTO t VALUES (1, 'a1', 'b1', 'c1'), (2, 'a2', NULL, 'c2'), (3, 'a3', 'b3', 'c3')`)
    await restoring.backUp()
    await restoring.copy.exec(`UPDATE t SET a = 'bad', b = 'bad', c = 'bad' WHERE id < 3;
      DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (4, 'added', '', '')`)
    const t = name('t')
    const both = await restoring.plan({ fields: [`${t}:1:a`, `${t}:1:b`] })
    expect(both.steps).toMatchObject([{ update: 1, insert: 0, same: 0 }])
    const one = await restoring.plan({ fields: [`${t}:1:a`] })
    expect(one.plan).not.toBe(both.plan)
    await restoring.restore({ fields: [`${t}:1:a`, `${t}:1:b`, `${t}:2:b`, `${t}:1:a`] })
    expect(await read(restoring.copy, 't')).toEqual(['1|a1|b1|bad', '2|bad||bad', '4|added||'])
    // Right already, beside fields that are not.
    const { plan, summary } = await restoring.restore({ fields: [`${t}:1:a`, `${t}:2:b`] })
    expect(plan.steps).toMatchObject([{ update: 0, same: 2 }])
    expect(summary).toMatchObject({
      updated: 0,
      skipped: 2,
      verified: { records: 2, different: 0 },
    })
    const tables = ['t']
    const lost = { fields: [`${t}:3:a`] }
    await expectNothingWritten(restoring, tables, () => restoring.restore(lost), {
      code: 'restore.record-missing',
    })
    const added = { fields: [`${t}:4:a`], isDeleteAllowed: true }
    await expectNothingWritten(restoring, tables, () => restoring.restore(added), {
      code: 'history.record-unknown',
    })
    // A whole record beside one of its fields is the whole record.
    await restoring.restore({ records: [`${t}:1`, `${t}:3`], fields: [`${t}:1:a`] })
    expect(await read(restoring.copy, 't')).toEqual([
      '1|a1|b1|c1',
      '2|bad||bad',
      '3|a3|b3|c3',
      '4|added||',
    ])
    expect(
      (await restoring.restore({ records: [`${t}:4`], isDeleteAllowed: true })).summary,
    ).toMatchObject({ deleted: 1 })
  })

  test(`${kind}: a large value is put back alone, and recognised when it is right`, async () => {
    const large = harness.repeat('x', 200_000)
    await using restoring =
      await start(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, doc ${harness.text?.long ?? 'TEXT'});
      INSERT INTO t VALUES (1, 'a', ${large}), (2, 'b', ${harness.repeat('y', 90_000)})`)
    await restoring.backUp()
    await restoring.copy.exec(`UPDATE t SET a = 'bad', doc = ${harness.repeat('z', 150_000)} WHERE id = 1;
      UPDATE t SET a = 'bad' WHERE id = 2`)
    const t = name('t')
    const scope = { fields: [`${t}:1:doc`, `${t}:2:doc`] }
    const { summary } = await restoring.restore(scope)
    expect(summary).toMatchObject({
      updated: 1,
      skipped: 1,
      verified: { records: 2, different: 0 },
    })
    expect((await restoring.plan(scope)).steps).toMatchObject([{ update: 0, same: 2 }])
    expect((await readTable(harness, restoring.copy, t)).map(([id, a]) => [id, a])).toEqual([
      ['1', 'bad'],
      ['2', 'bad'],
    ])
    await restoring.restore()
    await expectSame(restoring, ['t'])
  })

  test(`${kind}: rows of one key are told apart by nobody, and others are put back`, async () => {
    await using restoring = await start(`CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
      INSERT INTO t VALUES (1, 'a'), (2, 'b')`)
    await restoring.backUp()
    const { copy } = restoring
    await copy.exec(`DROP TABLE t; CREATE TABLE t (id INTEGER, a TEXT);
      INSERT INTO t VALUES (1, 'a'), (1, 'z'), (1, 'y'), (2, 'bad')`)
    const t = name('t')
    for (const change of [{}, { isDeleteAllowed: true }, { records: [`${t}:1`] }]) {
      await expectNothingWritten(restoring, ['t'], () => restoring.restore(change), {
        code: 'restore.key-not-unique',
      })
    }
    expect(await restoring.verify()).toMatchObject({
      entities: [{ rows: 2, missing: 0, extra: 2, different: 1 }],
    })
    expect((await restoring.restore({ records: [`${t}:2`] })).summary).toMatchObject({ updated: 1 })
    expect(await read(copy, 't')).toEqual(['1|a', '1|y', '1|z', '2|b'])
  })

  test(`${kind}: verifying counts what is missing, extra and different`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    await restoring.copy.exec(`DELETE FROM child WHERE id = 10; UPDATE child SET note = '' WHERE id = 30;
      INSERT INTO parent VALUES (7, NULL), (8, NULL)`)
    const { entities, verdict } = await restoring.verify()
    expect(verdict).toBe('differs')
    expect(entities).toMatchObject([
      { entity: name('child'), rows: 3, missing: 1, extra: 0, different: 1 },
      { entity: name('parent'), rows: 3, missing: 0, extra: 2, different: 0 },
    ])
  })

  having('definitions')(
    `${kind}: some tables are made again while others are repaired`,
    async () => {
      await using restoring = await start(`${FAMILY}
      CREATE TABLE leaf (id INTEGER PRIMARY KEY, child INTEGER REFERENCES child (id));
      INSERT INTO leaf VALUES (1, 10), (2, 30)`)
      await restoring.backUp()
      await restoring.copy.exec(`DROP TABLE leaf; UPDATE child SET note = 'bad' WHERE id = 10;
      DELETE FROM child WHERE id = 30; DELETE FROM parent WHERE id = 3`)
      const { plan, summary } = await restoring.restore()
      expect(plan.steps.map(({ action, entity }) => [entity, action])).toEqual([
        [name('parent'), 'repair'],
        [name('child'), 'repair'],
        [name('leaf'), 'create'],
      ])
      expect(summary).toMatchObject({ inserted: 4, updated: 1, leftOut: [] })
      await expectSame(restoring, ['parent', 'child', 'leaf'])
      // Foreign keys of the new table hold.
      await restoring.copy.exec('DELETE FROM leaf WHERE id = 2; DELETE FROM child WHERE id = 30')
    },
  )

  test(`${kind}: a row that somebody changes after the plan voids it`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    const { copy } = restoring
    await copy.exec(`UPDATE child SET note = 'bad'; INSERT INTO parent VALUES (9, 'added')`)
    for (const meanwhile of [
      `UPDATE child SET note = 'worse' WHERE id = 10`,
      `DELETE FROM child WHERE id = 20`,
      `UPDATE parent SET code = 'nine' WHERE id = 9`,
    ]) {
      const agree = () => copy.exec(meanwhile)
      await expect(restoring.restore({ agree, isDeleteAllowed: true })).rejects.toMatchObject({
        code: 'connector.target-changed',
      })
      expect((await read(copy, 'child')).filter((row) => row.endsWith('|y'))).toEqual([])
      expect(await read(copy, 'parent')).toHaveLength(4)
    }
    await restoring.restore({ isDeleteAllowed: true })
    await expectSame(restoring, ['parent', 'child'])
  })

  test(`${kind}: a plan has the same hash as long as it would write the same over the same`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    const { copy } = restoring
    const hashOf = async (change = {}) => (await restoring.plan(change)).plan
    await copy.exec(`UPDATE child SET note = 'bad' WHERE id = 10; DELETE FROM child WHERE id = 20`)
    const first = await hashOf()
    expect(await hashOf()).toBe(first)
    await copy.exec(`UPDATE child SET note = 'worse' WHERE id = 10`)
    const worse = await hashOf()
    // What is left alone is no part of it.
    await copy.exec(`INSERT INTO child VALUES (50, 1, 'added')`)
    expect(await hashOf()).toBe(worse)
    const c = name('child')
    const all = [
      first,
      worse,
      await hashOf({ isDeleteAllowed: true }),
      await hashOf({ entities: [c] }),
      await hashOf({ records: [`${c}:10`] }),
      await hashOf({ records: [`${c}:20`] }),
      await hashOf({ fields: [`${c}:10:note`] }),
      await hashOf({ fields: [`${c}:10:parent`] }),
      await hashOf({ fields: [`${c}:10:note`, `${c}:10:parent`] }),
      await hashOf({ target: 'another' }),
    ]
    expect(new Set(all).size).toBe(all.length)
    await restoring.backUp()
    expect(all).not.toContain(await hashOf())
  })

  test(`${kind}: what is not as planned when it is read back is an error, though it is written`, async () => {
    await using restoring = await start(FAMILY)
    await restoring.backUp()
    const { copy } = restoring
    await copy.exec(`UPDATE child SET note = 'bad'`)
    // Somebody is quicker than the reading back.
    const attempt = restoring.restore({
      wrap: (target) => ({
        identity: target.identity,
        openCut: (until) => target.openCut(until),
        listSideEffects: (...asked) => target.listSideEffects(...asked),
        async openWrite(until, since, schemas, accepted) {
          const write = await target.openWrite(until, since, schemas, accepted)
          const commit = write.commit.bind(write)
          write.commit = async () => {
            await commit()
            await copy.exec(`UPDATE child SET note = 'mine' WHERE id = 10;
              INSERT INTO child VALUES (77, 1, 'mine too')`)
          }
          return write
        },
        [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
      }),
    })
    await expect(attempt).rejects.toMatchObject({
      code: 'app.read-back-differs',
      details: { records: 6, different: 1, extra: 1 },
    })
    expect(await read(copy, 'child')).toContain('20|2|y')
  })

  testRestoringShapes(kind, harness)
}
