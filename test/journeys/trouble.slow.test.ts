import { createHash } from 'node:crypto'
import { chmod, copyFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { forbidWriting, mountDisk } from './testing/disks.ts'
import { change, createExample, readAll } from './testing/example-database.ts'
import {
  aTraveller,
  expectFailure,
  HOLDFAST,
  runCommand,
  type Traveller,
} from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`
/** Large enough that its objects do not fit what is left. */
const MUCH = `WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 20999)
  INSERT INTO customer (id, name) SELECT i, hex(randomblob(40)) FROM n`

let traveller: Traveller

beforeEach(async () => {
  traveller = await aTraveller()
  createExample(traveller.at('erp.db'))
  await traveller.configure(CONFIG)
})

async function begin(): Promise<unknown> {
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  await traveller.summary('backup')
  return await traveller.answer('points')
}

/** What was there is there, whole, and the next backup works. */
async function expectRecovery(points: unknown): Promise<void> {
  const { answer, summary } = traveller
  expect(await answer('points')).toEqual(points)
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  await summary('backup')
  expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
    verdict: 'same',
  })
}

test('a vault on a full disk', async () => {
  const { at, environment, folder, holdfast } = traveller
  const disk = await mountDisk(at('vault'), 400 * 1024)
  const points = await begin()
  change(at('erp.db'), MUCH)
  if (disk !== undefined) {
    expectFailure(await holdfast('backup'), 1, 'store.full')
    await disk.resize(20 * 1024 * 1024)
  } else {
    // Without the right to mount: a limit on the size of files, in blocks of 1024 bytes.
    const argv = ['-c', `ulimit -f 16; exec "${HOLDFAST}" backup`]
    const run = await runCommand('bash', argv, { folder, environment: { ...environment } })
    expectFailure(run, 1, 'store.full')
  }
  await expectRecovery(points)
})

test('a vault that may not be written', async () => {
  const { answer, at, holdfast } = traveller
  const points = await begin()
  change(at('erp.db'), 'DELETE FROM address')
  await forbidWriting(at('vault'), true)
  const run = await holdfast('backup')
  expectFailure(run, 1, 'store.denied')
  // Looking back needs no right to write.
  expect(await answer('points')).toEqual(points)
  expect(await answer('check')).toMatchObject({ verdict: 'whole' })
  await forbidWriting(at('vault'), false)
  await expectRecovery(points)
})

test('a target on a full disk, and one that may not be written', async () => {
  const { at, configure, holdfast, summary } = traveller
  const disk = await mountDisk(at('disk'), 256 * 1024)
  change(at('erp.db'), MUCH)
  await begin()
  await configure(CONFIG.replace('./copy.db', './disk/copy.db'))
  if (disk !== undefined) {
    createExample(at('disk/copy.db'))
    const before = readAll(at('disk/copy.db'))
    const argv = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy']
    expectFailure(await holdfast(...argv), 1, 'connector.write-failed')
    expect(readAll(at('disk/copy.db'))).toEqual(before)
    await disk.resize(20 * 1024 * 1024)
    await disk.setReadOnly(true)
    expectFailure(await holdfast(...argv), 1, 'connector.read-only')
    await disk.setReadOnly(false)
    expect(readAll(at('disk/copy.db'))).toEqual(before)
    expect(await summary(...argv)).toMatchObject({ inserted: 20000 })
  } else {
    await chmod(at('disk'), 0o500)
    expect((await holdfast('restore', 'erp@1', '--to', 'copy', '--yes')).exit).not.toBe(0)
    await chmod(at('disk'), 0o700)
    expect(await readdir(at('disk'))).toEqual([])
  }
})

test('a source that is gone, is no database, or is another one', async () => {
  const { answer, at, configure, holdfast } = traveller
  const points = await begin()
  await copyFile(at('erp.db'), at('kept.db'))
  // Truncated it is the same file, and no database whose tables were all dropped.
  await truncate(at('erp.db'), 0)
  expectFailure(await holdfast('backup'), 20, 'connector.unreachable')
  await rm(at('erp.db'))
  const gone = await holdfast('backup')
  expectFailure(gone, 20, 'connector.unreachable')
  expect(gone.stderr).toContain('"erp"')
  await writeFile(
    at('erp.db'),
    'This is no database, however much one may wish it were. '.repeat(99),
  )
  expectFailure(await holdfast('backup'), 20, 'connector.unreachable')
  // The file was put back by a copy: that is another file, and somebody has to say so.
  await configure(CONFIG.replace('./erp.db', './kept.db'))
  expectFailure(await holdfast('backup'), 5, 'capture.other-system')
  expect(await answer('points')).toEqual(points)
  expect(await holdfast('backup', '--new-identity')).toMatchObject({ exit: 0 })
  expect(await answer('points')).toHaveLength(2)
})

test('rows that the target refuses leave it as it was', async () => {
  const { at, holdfast } = traveller
  await begin()
  createExample(at('copy.db'))
  change(
    at('copy.db'),
    `DELETE FROM address WHERE customer_id = 77; DELETE FROM customer WHERE id = 77;
     UPDATE customer SET terms = 'x' WHERE id < 50;
     INSERT INTO customer (id, name, iban) VALUES (9000, 'has the number of another', 'DE77')`,
  )
  const before = await hashOf(at('copy.db'))
  const argv = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy']
  const run = await holdfast(...argv)
  expectFailure(run, 1, 'connector.constraint-violated')
  expect(run.stderr).toContain('customer')
  expect(run.stderr, 'no value of a row').not.toContain('DE77')
  expect(await hashOf(at('copy.db'))).toBe(before)
  expect(await holdfast(...argv, '--delete-added')).toMatchObject({ exit: 0 })
})

test('a target without a field that the point has', async () => {
  const { at, holdfast } = traveller
  await begin()
  createExample(at('copy.db'))
  change(at('copy.db'), 'ALTER TABLE customer DROP COLUMN terms')
  const before = await hashOf(at('copy.db'))
  const run = await holdfast('restore', 'erp@1', '--to', 'copy', '--confirm', 'copy')
  expectFailure(run, 1, 'restore.schema-differs')
  expect(run.stderr).toContain('terms')
  expect(await hashOf(at('copy.db'))).toBe(before)
  expect(await holdfast('verify', 'erp@1', '--against', 'copy')).toMatchObject({ exit: 4 })
})

test('objects that were lost are named, and the rest restores', async () => {
  const { answer, answerWith, at, configure, holdfast } = traveller
  await begin()
  const names = await readdir(at('vault/segments/erp'), { recursive: true })
  const rows = names.filter((name) => name.endsWith('.rows')).sort()
  expect(rows).toHaveLength(3)
  const [lost = ''] = rows
  await rm(join(at('vault/segments/erp'), lost))
  const report = await answerWith<{ problems: { object: string }[] }>(13, 'check')
  expect(report).toMatchObject({ verdict: 'damaged' })
  expect(report.problems.map(({ object }) => object)).toEqual([`segments/erp/${lost}`])
  const outcomes = await Promise.all(
    ['main.customer', 'main.address', 'main."Call Log"'].map((entity) =>
      holdfast('export', 'erp@1', entity, '--format', 'jsonl'),
    ),
  )
  expect(outcomes.map(({ exit }) => exit).sort()).toEqual([0, 0, 13])
  const failed = outcomes.find(({ exit }) => exit === 13)
  expect(failed?.stderr).toContain(lost)
  await configure(CONFIG)
  expect(await answer('entities', 'erp@1')).toHaveLength(3)
})

test('a timeline that was rolled back is noticed', async () => {
  const { at, holdfast, summary } = traveller
  await begin()
  await summary('backup')
  const folder = at('vault/timelines/erp')
  const entries = (await readdir(folder)).sort()
  await rm(join(folder, entries.at(-1) ?? ''))
  const run = await holdfast('points')
  expectFailure(run, 13, 'timeline.rolled-back')
  expectFailure(await holdfast('backup'), 13, 'timeline.rolled-back')
  // A machine that never saw it has the vault's own word for it.
  const stranger = await traveller.holdfastWith({ HOLDFAST_STATE_DIR: at('elsewhere') }, 'check')
  expect(stranger.exit, stranger.stderr).toBe(13)
})

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
