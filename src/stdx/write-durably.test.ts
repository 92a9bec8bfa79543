import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom as random } from './random.ts'
import { writeDurably } from './write-durably.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-durably-'))
  path = join(folder, 'file')
})
afterEach(() => rm(folder, { recursive: true }))

test('writeDurably() writes for the owner alone, and leaves nothing beside', async () => {
  await writeDurably(path, 'first', { random, mayReplace: false })
  expect(await readFile(path, 'utf8')).toBe('first')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['file'])
})

test('writeDurably() writes over a file only when told to', async () => {
  await writeDurably(path, 'first', { random, mayReplace: false })
  const second = writeDurably(path, 'second', { random, mayReplace: false })
  await expect(second).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await readFile(path, 'utf8')).toBe('first')
  await writeDurably(path, 'third', { random, mayReplace: true })
  expect(await readFile(path, 'utf8')).toBe('third')
  expect(await readdir(folder)).toEqual(['file'])
})

test('writeDurably() removes what the dead left beside it, and nothing else', async () => {
  const dead = `file.${spawnSync('true').pid}-0011223344556677`
  const alive = `file.${process.pid}-0011223344556677`
  for (const name of [dead, alive]) await writeFile(join(folder, name), '')
  await writeDurably(path, 'whole', { random, mayReplace: false })
  expect((await readdir(folder)).sort()).toEqual(['file', alive].sort())
})
