import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, linesOf } from './testing/traveller.ts'

const CONFIG = `sources:
  abc: { connector: sqlite, file: ./gone.db }
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`

test('each of several sources commits alone, and the first failure is the exit status', async () => {
  const { answer, at, configure, holdfast } = await aTraveller()
  createExample(at('crm.db'))
  createExample(at('erp.db'))
  await configure(CONFIG)
  await holdfast('init')
  const run = await holdfast('backup', '--json')
  expect(run.exit, run.stderr).toBe(20)
  expect(JSON.parse(run.stderr)).toMatchObject({ code: 'connector.unreachable', exit: 20 })
  expect(JSON.parse(run.stderr).message).toContain('"abc"')
  expect(linesOf(run).filter(({ type }) => type === 'summary')).toMatchObject([
    { source: 'crm', point: 'crm@1' },
    { source: 'erp', point: 'erp@1' },
  ])
  expect(await answer('points')).toMatchObject([{ source: 'crm' }, { source: 'erp' }])
  expect(await holdfast('diff', 'crm@1', 'erp@1')).toMatchObject({ exit: 2 })
})

test('of two backups of one source at a time each commits or says that it did not', async () => {
  const { answer, at, configure, holdfast } = await aTraveller()
  createExample(at('crm.db'))
  await configure(CONFIG)
  await holdfast('init')
  await holdfast('backup', 'crm')
  const runs = await Promise.all(
    ['--full', '--full', '--full'].map((full) => holdfast('backup', 'crm', full)),
  )
  const exits = runs.map(({ exit }) => exit)
  for (const { exit, stderr } of runs)
    if (exit !== 0) expect({ exit, stderr }).toMatchObject({ exit: 11 })
  const points = await answer<unknown[]>('points')
  expect(points).toHaveLength(1 + exits.filter((exit) => exit === 0).length)
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  expect(await answer('verify', 'crm@latest', '--against', 'crm')).toMatchObject({
    verdict: 'same',
  })
})

test('values of megabytes go there and back', async () => {
  const { answer, at, configure, holdfast, summary } = await aTraveller()
  change(
    at('crm.db'),
    `CREATE TABLE doc (id INTEGER PRIMARY KEY, body BLOB, said TEXT);
     INSERT INTO doc VALUES (1, randomblob(3000000), hex(randomblob(1000000))),
       (2, randomblob(900000), 'x'), (3, NULL, NULL), (4, x'', '')`,
  )
  await configure(CONFIG)
  await holdfast('init')
  await summary('backup', 'crm')
  const before = readAll(at('crm.db'))
  change(at('crm.db'), `UPDATE doc SET said = 'y' WHERE id = 1; DELETE FROM doc WHERE id = 2`)
  expect(await summary('backup', 'crm')).toMatchObject({
    entities: [{ entity: 'main.doc', rows: 3, updated: 1, deleted: 1 }],
  })
  await summary('restore', 'crm@1', '--to', 'copy', '--yes')
  expect(readAll(at('copy.db'))).toEqual(before)
  const shown = await answer<{ fields: Record<string, string | null> }>(
    'show',
    'crm@1',
    'main.doc',
    '1',
  )
  expect(shown.fields['body']).toHaveLength(2 + 6_000_000)
  expect(await answer('show', 'crm@1', 'main.doc', '4')).toMatchObject({
    fields: { body: '\\x', said: '' },
  })
  await summary('restore', 'crm@2', '--to', 'copy', '--delete-added', '--confirm', 'copy')
  expect(readAll(at('copy.db'))).toEqual(readAll(at('crm.db')))
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
})
