import { copyFile, mkdir, readdir, rm, symlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, type Traveller } from './testing/traveller.ts'

let traveller: Traveller

beforeEach(async () => {
  traveller = await aTraveller()
  createExample(traveller.at('erp.db'))
  await traveller.configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`)
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  await traveller.summary('backup')
})

test('a replica takes the place of a vault that is gone', async () => {
  const { answer, at, holdfast, summary } = traveller
  expect(await summary('replicate', './second')).toMatchObject({ surplusSlots: [] })
  change(at('erp.db'), `update customer set name = 'changed' where id = 1`)
  const wanted = readAll(at('erp.db'))
  await summary('backup')
  const { entries } = (await summary('replicate', './second')) as { entries: number }
  expect(entries).toBeGreaterThan(0)
  expect(await summary('replicate', './second')).toMatchObject({ entries: 0, objects: 0, bytes: 0 })
  const points = await answer('points')
  await rm(at('vault'), { recursive: true })
  const replica = ['--vault', './second'] as const
  expect(await answer('points', ...replica)).toEqual(points)
  expect(await answer('check', '--read-data', ...replica)).toMatchObject({ verdict: 'whole' })
  expect(
    await holdfast('restore', 'erp@latest', '--to', 'copy', '--yes', ...replica),
  ).toMatchObject({
    exit: 0,
  })
  expect(readAll(at('copy.db'))).toEqual(wanted)
})

test('what is damaged is healed from a replica', async () => {
  const { answer, at, holdfast, summary } = traveller
  await summary('replicate', './second')
  const objects = await objectsIn(at('vault/segments'))
  expect(objects.length).toBeGreaterThan(2)
  const damaged = objects.filter((object) => !object.endsWith('.document'))
  for (const object of damaged) await truncate(object, 10)
  for (const object of objects) if (!damaged.includes(object)) await rm(object)
  await rm(at('vault/timelines/erp/0000000001.entry'))
  expect(await holdfast('check')).toMatchObject({ exit: 13 })
  const healed = await answer('check', '--read-data', '--heal-from', './second')
  expect(healed).toMatchObject({ verdict: 'whole', problems: [], left: [] })
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  for (const object of objects)
    expect((await objectsIn(at('vault/segments'))).includes(object)).toBe(true)
  await summary('backup')
  expect(await holdfast('restore', 'erp@latest', '--to', 'copy', '--yes')).toMatchObject({
    exit: 0,
  })
  expect(readAll(at('copy.db'))).toEqual(readAll(at('erp.db')))
  // What was healed is replicated in its turn.
  await summary('replicate', './second')
  expect(await answer('check', '--read-data', '--vault', './second')).toMatchObject({
    verdict: 'whole',
  })
})

test('a replica is not healed from its vault, which goes on as before', async () => {
  const { answer, at, holdfast, summary } = traveller
  await summary('replicate', './second')
  for (const object of await objectsIn(at('second/segments'))) await truncate(object, 10)
  const refused = await holdfast('check', '--vault', './second', '--heal-from', './vault')
  expectFailure(refused, 2, 'vault.is-replica')
  for (const object of await objectsIn(at('second/segments'))) await rm(object)
  await summary('backup')
  expect(await summary('replicate', './second')).toMatchObject({ damaged: [] })
  const replica = ['--vault', './second'] as const
  expect(await answer('check', '--read-data', ...replica)).toMatchObject({ verdict: 'whole' })
  expect(await answer('points', ...replica)).toEqual(await answer('points'))
})

test('a damaged object keeps its points from a first replica, and nothing else', async () => {
  const { answer, at, holdfast, holdfastWith, summary } = traveller
  const before = new Set(await objectsIn(at('vault/segments')))
  change(at('erp.db'), `update customer set name = 'changed' where id = 1`)
  await summary('backup')
  const added = (await objectsIn(at('vault/segments'))).filter((object) => !before.has(object))
  const rows = added.find((object) => object.endsWith('.rows')) ?? ''
  await copyFile(rows, at('rows'))
  await truncate(rows, 10)
  const first = await holdfast('replicate', './second')
  expect(first).toMatchObject({ exit: 13 })
  expect(first.stdout).toContain(`${rows.slice(at('vault/').length)}: It is shorter`)
  expect(first.stdout).toContain('erp: entries up to 1 are in the replica, the vault has 2')
  // Another machine, which has seen nothing newer.
  const state = { HOLDFAST_STATE_DIR: at('other') }
  const seen = await holdfastWith(state, 'points', '--vault', './second')
  expect(seen).toMatchObject({ exit: 0 })
  const replica = ['--vault', './second', '--json'] as const
  const checked = await holdfastWith(state, 'check', '--read-data', ...replica)
  expect(checked).toMatchObject({ exit: 0 })
  await rm(rows)
  await copyFile(at('rows'), rows)
  expect(await summary('replicate', './second')).toMatchObject({
    damaged: [],
    timelines: [{ timeline: 'erp', seq: 2, headSeq: 2 }, { timeline: '_vault' }],
  })
  expect(await answer('points', '--vault', './second')).toEqual(await answer('points'))
  expect(await answer('check')).toMatchObject({ verdict: 'whole' })
})

test('a replica of another vault is refused', async () => {
  const { at, holdfast, summary } = traveller
  await summary('replicate', './second')
  await rm(at('vault'), { recursive: true })
  await holdfast('init')
  await summary('backup')
  expectFailure(await holdfast('replicate', './second'), 13, 'vault.replica-diverged')
})

test('a replica in the vault itself is refused, and so is healing from it', async () => {
  const { at, holdfast } = traveller
  const before = await readdir(at('vault'), { recursive: true })
  await symlink(at('vault'), at('link'))
  for (const place of ['./vault', './link/', './vault/second', './vault/keyring']) {
    expectFailure(await holdfast('replicate', place), 2, 'app.replica-place')
  }
  const shared = await holdfast('replicate', './second', '--to-keyring', './vault/keyring')
  expectFailure(shared, 2, 'app.replica-place')
  expectFailure(await holdfast('check', '--heal-from', './vault'), 2, 'app.replica-place')
  expectFailure(await holdfast('check', '--heal-from', './nowhere'), 20, 'store.unavailable')
  await mkdir(at('empty'))
  expectFailure(await holdfast('check', '--heal-from', './empty'), 10, 'vault.not-found')
  expect(await readdir(at('vault'), { recursive: true })).toEqual(before)
})

async function objectsIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
}
