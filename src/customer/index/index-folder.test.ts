import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { stillClock } from '#vault/testing/a-vault'
import { IndexFolder } from './index-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-index-folder-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const HOUR_S = 3600

/** Files of 100 bytes, by when they were used last, in hours. */
function fill(hoursByName: Readonly<Record<string, number>>): void {
  const nowS = stillClock.nowMs() / 1000
  for (const [name, hours] of Object.entries(hoursByName)) {
    writeFileSync(join(folder, name), Buffer.alloc(100))
    utimesSync(join(folder, name), nowS, nowS - hours * HOUR_S)
  }
}

const open = (bytesMax: number) => {
  const key = new Uint8Array(32).fill(1)
  return new IndexFolder({ folder, key, random: systemRandom, clock: stillClock, bytesMax })
}

test('makeRoom() lets go what was not used for longest, but nothing of the last hour', async () => {
  fill({ old: 48, older: 72, recent: 0.5 })
  expect(await open(400).makeRoom(100)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['old', 'older', 'recent'])
  expect(await open(300).makeRoom(100)).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['old', 'recent'])
  // There is no room for it beside what is in use: then nothing is made, and all is read.
  expect(await open(150).makeRoom(100)).toBe(false)
  expect(readdirSync(folder)).toEqual(['recent'])
})

test('makeRoom() forgets after a month what nobody asks for any more, however much room there is', async () => {
  fill({ forgotten: 24 * 31, known: 24 * 29 })
  expect(await open(1e9).makeRoom(100)).toBe(true)
  expect(readdirSync(folder)).not.toContain('forgotten')
  expect(readdirSync(folder)).toContain('known')
})

test('what is opened counts as used, and a file is what its name says or nothing', async () => {
  const index = open(1e9)
  const name = index.nameOf(['some', 'facts'])
  expect(name).toMatch(/^[0-9a-f]{40}$/)
  await using writer = await index.create(name)
  await writer.add({ run: 0, first: 7 }, Buffer.from('a page'))
  expect(await index.open(name)).toBeUndefined()
  await writer.finish()
  const nowS = stillClock.nowMs() / 1000
  utimesSync(join(folder, name), nowS, nowS - 24 * 40 * HOUR_S)
  const pages = await index.open(name)
  expect(pages?.marks).toEqual([{ run: 0, first: 7 }])
  expect(pages?.reading((read) => read(0).toString())).toBe('a page')
  await index.makeRoom(1)
  expect(readdirSync(folder)).toContain(name)

  await using abandoned = await index.create(index.nameOf('never whole'))
  await abandoned.add({ run: 0, first: 0 }, Buffer.from('x'))
  await abandoned[Symbol.asyncDispose]()
  expect(readdirSync(folder).filter((one) => one.startsWith(index.nameOf('never whole')))).toEqual(
    [],
  )
})
