import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { change } from './testing/example-database.ts'
import { aTraveller, linesOf } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
`
const NASTY = `char(27) || '[2J' || char(27) || ']0;title' || char(7)`

/** One point of a table whose keys and values would rule the terminal that shows them. */
async function aNastySource() {
  const traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  change(
    at('erp.db'),
    `CREATE TABLE note (code TEXT PRIMARY KEY, "fi${'\u001b'}eld" TEXT);
     INSERT INTO note VALUES (${NASTY}, ${NASTY}), ('0042', 'plain'), ('A1', 'plain')`,
  )
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  return traveller
}

test('no value reaches the terminal as anything but text', async () => {
  const { at, holdfast, summary } = await aNastySource()
  change(at('erp.db'), `UPDATE note SET "fi${'\u001b'}eld" = ${NASTY} || 'x'`)
  await summary('backup')
  const key = '"\u001b[2J\u001b]0;title\u0007"'
  const runs = await Promise.all([
    holdfast('show', 'erp@1', 'main.note', key),
    holdfast('history', 'erp', 'main.note', key),
    holdfast('diff', 'erp@1', 'erp@2'),
    holdfast('diff', 'erp@1', 'erp@live'),
  ])
  expect(runs.map(({ exit }) => exit)).toEqual([0, 0, 4, 4])
  for (const { stdout } of runs) {
    expect(stdout).toContain('\\u001b[2J')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  }
})

test('a key is printed as its address, however it was typed', async () => {
  const { answer, at, holdfast } = await aNastySource()
  expect(await answer('show', 'erp@1', 'main.note', '0042')).toMatchObject({ key: '"0042"' })
  expect(await answer('show', 'erp@1', 'main.note', '"A1"')).toMatchObject({ key: 'A1' })
  expect(await answer('history', 'erp', 'main.note', '0042')).toMatchObject({ key: '"0042"' })
  expect(await answer('history', 'erp', 'main.note', '"A1"')).toMatchObject({ key: 'A1' })
  change(at('erp.db'), `DELETE FROM note WHERE code = '0042'`)
  const [change0] = linesOf(await holdfast('diff', 'erp@1', 'erp@live', '--json'))
  expect(change0).toMatchObject({ key: '"0042"', op: 'delete' })
})

test('points of a timeline that lost an entry are no empty list', async () => {
  const { at, holdfast, summary } = await aNastySource()
  await summary('backup')
  const folder = at('vault/timelines/erp')
  const [, first = ''] = (await readdir(folder)).sort()
  await rm(join(folder, first))
  const run = await holdfast('points')
  expect(run).toMatchObject({ exit: 13 })
  expect(run.stdout).not.toContain('No points yet')
  expect(run.stderr).toContain('Entry 1 is missing')
})
