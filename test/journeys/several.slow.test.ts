import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, linesOf } from './testing/traveller.ts'

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

test('garbage in the next slot may hide a point until a backup gets over it', async () => {
  const { answer, answerWith, at, configure, holdfast } = await aTraveller()
  createExample(at('erp.db'))
  await configure('sources:\n  erp: { connector: sqlite, file: ./erp.db }\n')
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  const name = 'timelines/erp/0000000002.entry'
  await writeFile(at(`vault/${name}`), 'garbage')
  expect(await answerWith(13, 'points')).toHaveLength(1)
  expect(await answerWith(13, 'check')).toMatchObject({ verdict: 'damaged' })
  expect(await holdfast('doctor')).toMatchObject({ exit: 1 })
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  expect(await answer('points')).toHaveLength(2)
  expect((await holdfast('points')).stderr).toContain('Slot 2 is void')
  const check = await holdfast('check')
  expect(check).toMatchObject({ exit: 0 })
  expect(check.stdout).toMatch(/0000000002\.entry: Slot 2 is void.*\(no damage\)/)
  expect(await holdfast('doctor')).toMatchObject({ exit: 0 })
})

test('a time without a source is put back for every source, each into its own target', async () => {
  const { at, configure, holdfast, summary } = await aTraveller()
  createExample(at('crm.db'))
  createExample(at('erp.db'))
  await configure(
    `${CONFIG.replace(/^ {2}abc.*\n/m, '')}  other: { connector: sqlite, file: ./other.db }\n`,
  )
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  const wanted = { crm: readAll(at('crm.db')), erp: readAll(at('erp.db')) }
  const now = '@2999-01-01T00:00:00Z'
  for (const argv of [
    [now, '--to', 'copy'],
    [now, '--to', 'erp=copy'],
    [now, '--to', 'erp=copy', '--to', 'erp=other'],
    [now, '--to', 'erp=copy', '--to', 'web=other'],
    ['erp@1', '--to', 'crm=copy'],
    ['erp@1', '--to', 'copy', '--to', 'other'],
  ]) {
    const run = await holdfast('restore', ...argv, '--yes')
    expectFailure(run, 2, 'app.targets-unclear')
  }
  const none = await holdfast(
    'restore',
    '@nobody',
    '--to',
    'erp=copy',
    '--to',
    'crm=other',
    '--yes',
  )
  expectFailure(none, 2, 'timeline.point-unknown')
  const argv = ['restore', now, '--to', 'erp=copy', '--to', 'crm=other']
  expect(linesOf(await holdfast(...argv, '--plan-only', '--json'))).toMatchObject([
    { type: 'plan', point: 'erp@1', target: 'copy' },
    { type: 'plan', point: 'crm@1', target: 'other' },
  ])
  const run = await holdfast(...argv, '--yes', '--json')
  expect(run.exit, run.stderr).toBe(0)
  expect(linesOf(run).filter(({ type }) => type === 'summary')).toMatchObject([
    { point: 'erp@1', target: 'copy', inserted: 1004 },
    { point: 'crm@1', target: 'other', inserted: 1004 },
  ])
  expect({ crm: readAll(at('other.db')), erp: readAll(at('copy.db')) }).toEqual(wanted)
  // All are planned before any is written.
  change(at('copy.db'), 'UPDATE customer SET terms = NULL WHERE id < 9')
  change(at('other.db'), 'ALTER TABLE customer DROP COLUMN terms')
  const both = await holdfast(...argv, '--confirm', 'copy', '--confirm', 'other', '--json')
  expect(both.exit).toBe(1)
  expect(both.stderr).toContain('restore.schema-differs')
  expect(await summary('restore', 'erp@1', '--to', 'erp=copy', '--confirm', 'copy')).toMatchObject({
    updated: 6,
  })
  expect(readAll(at('copy.db'))).toEqual(wanted.erp)
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
