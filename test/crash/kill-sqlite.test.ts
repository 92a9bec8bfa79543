import { existsSync } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { aTraveller, type Traveller } from '#test/journeys/testing/traveller'
import { aChance } from './testing/chance.ts'
import { changeSome, createFewMegabytes, readRows } from './testing/few-megabytes.ts'
import { killAfter, listTemporaries } from './testing/kill.ts'

const CAPTURES = 25
const RESTORES = 16

type Point = { readonly point: string }

async function begin(): Promise<Traveller> {
  const traveller = await aTraveller()
  createFewMegabytes(traveller.at('erp.db'))
  await traveller.configure(`tempDir: ./temporary
sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`)
  await traveller.holdfast('init')
  await traveller.summary('backup')
  return traveller
}

test('a backup that is killed leaves every point, and the next one finishes', async () => {
  const traveller = await begin()
  const { answer, at, summary } = traveller
  const first = readRows(at('erp.db'))
  const chance = aChance('kills of a backup')
  let points = await answer<Point[]>('points')
  let lastMs = 1500
  let killed = 0
  for (let day = 1; day <= CAPTURES; day++) {
    changeSome(at('erp.db'), day)
    const argv = day % 5 === 0 ? ['backup', '--full'] : ['backup']
    const isKilled = await killAfter(traveller, chance.next() * lastMs * 1.1, argv)
    killed += isKilled ? 1 : 0
    const left = await answer<Point[]>('points')
    // Nothing of it, or all of it: what is there is whole.
    expect(left.slice(0, points.length), `day ${day}`).toEqual(points)
    expect(left.length - points.length, `day ${day}`).toBeLessThanOrEqual(1)
    const depth = day % 5 === 0 ? ['--read-data'] : []
    expect(await answer('check', ...depth), `day ${day}`).toMatchObject({ verdict: 'whole' })
    const startedAtMs = performance.now()
    await summary('backup')
    lastMs = performance.now() - startedAtMs
    points = await answer('points')
  }
  expect(killed, 'most runs were killed before their end').toBeGreaterThan(CAPTURES / 2)
  expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
    verdict: 'same',
  })
  await summary('restore', points[0]?.point ?? '', '--to', 'copy', '--yes')
  expect(readRows(at('copy.db'))).toEqual(first)
  expect(await listTemporaries(traveller)).toEqual([])
})

test('a restore that is killed leaves the target as it was, or complete', async () => {
  const traveller = await begin()
  const { answer, at, summary } = traveller
  const wanted = readRows(at('erp.db'))
  const living = at('living.db')
  await copyFile(at('erp.db'), living)
  for (let day = 1; day <= 20; day++) changeSome(living, day)
  const damaged = readRows(living)
  const chance = aChance('kills of a restore')
  const argv = ['restore', 'erp@1', '--to', 'copy', '--delete-added', '--confirm', 'copy']
  let lastMs = 2000
  let killed = 0
  for (let round = 1; round <= RESTORES; round++) {
    const isEmpty = round % 2 === 0
    for (const end of ['', '-journal', '-wal', '-shm'])
      await rm(`${at('copy.db')}${end}`, { force: true })
    if (!isEmpty) await copyFile(living, at('copy.db'))
    const before = isEmpty ? {} : damaged
    const isKilled = await killAfter(traveller, chance.next() * lastMs * 1.1, argv)
    killed += isKilled ? 1 : 0
    const left = existsSync(at('copy.db')) ? readRows(at('copy.db')) : {}
    const isComplete = left['log']?.length === wanted['log']?.length
    expect(left, `round ${round}`).toEqual(isComplete ? wanted : before)
    const startedAtMs = performance.now()
    expect(await summary(...argv)).toMatchObject({ verified: { different: 0 }, extra: 0 })
    lastMs = performance.now() - startedAtMs
    expect(readRows(at('copy.db')), `round ${round}`).toEqual(wanted)
  }
  expect(killed, 'most runs were killed before their end').toBeGreaterThan(RESTORES / 2)
  expect(await answer('verify', 'erp@1', '--against', 'copy')).toMatchObject({ verdict: 'same' })
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  expect(await listTemporaries(traveller)).toEqual([])
})
