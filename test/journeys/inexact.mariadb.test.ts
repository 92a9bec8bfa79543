import { expect, test } from 'vitest'
import { describeMariadb, freshMariadb } from '#test/servers/fresh-mariadb'
import { change } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

describeMariadb('values that another platform does not hold', () => {
  test('are counted by field, and become null where a person says so', async () => {
    const { answer, at, configure, holdfast, summary } = await aTraveller()
    await using plant = await freshMariadb()
    change(
      at('plant.db'),
      `CREATE TABLE reading (id INTEGER PRIMARY KEY, v REAL, w REAL, at TEXT NOT NULL);
       INSERT INTO reading VALUES (1, 1.5, 9e999, 'a'), (2, 9e999, 2.5, 'b'), (3, -9e999, NULL, 'c'), (4, 4.5, 1.0, 'd')`,
    )
    await configure(`sources:
  plant: { connector: sqlite, file: ./plant.db }
targets:
  there: { connector: mariadb, url: '${plant.url}' }
`)
    await holdfast('init')
    await summary('backup')
    const restore = ['restore', 'plant@1', '--to', 'there']
    const refused = await holdfast(...restore, '--yes')
    expectFailure(refused, 1, 'connector.value-refused')
    expect(refused.stderr).toContain('of such values there are 1 of "w", 2 of "v"')
    expect(await plant.query('SHOW TABLES')).toEqual([])
    for (const [field, code] of [
      ['main.reading:at=null', 'restore.inexact-invalid'],
      ['main.reading:v=0', 'restore.inexact-invalid'],
      ['main.reading:nobody=null', 'restore.field-unknown'],
    ] as const) {
      expectFailure(await holdfast(...restore, '--inexact', field, '--yes'), 2, code)
    }

    const inexact = ['--inexact', 'main.reading:v=null', '--inexact', 'main.reading:w=null']
    expect(await answer(...restore, ...inexact, '--plan-only')).toMatchObject({
      inexact: ['main.reading:v=null', 'main.reading:w=null'],
    })
    expect(await summary(...restore, ...inexact, '--yes')).toMatchObject({
      inserted: 4,
      verified: { records: 4, different: 0 },
    })
    expect(await plant.query('SELECT id, v, w FROM reading ORDER BY id')).toMatchObject([
      { v: 1.5, w: null },
      { v: null, w: 2.5 },
      { v: null, w: null },
      { v: 4.5, w: 1 },
    ])
    // A table that is there is repaired the same way, and what is right stays.
    await plant.query('UPDATE reading SET v = 7 WHERE id < 3')
    const repaired = await summary<{ restore: string }>(
      ...restore,
      ...inexact,
      '--confirm',
      'there',
    )
    expect(repaired).toMatchObject({ updated: 2, inserted: 0, verified: { different: 0 } })
    await summary('undo', repaired.restore, '--confirm', 'there')
    expect(await plant.query('SELECT v FROM reading WHERE id = 2')).toMatchObject([{ v: 7 }])
  })
})
