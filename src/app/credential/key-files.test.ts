import { spawnSync } from 'node:child_process'
import { chmod, lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openKeyFolder, prepareKeyFolder, saveKeyFiles } from './key-files.ts'

let home: string
let folder: string
const files = new Map([['keeper.key', new Secret('a secret')]])
/** As a process that is gone leaves it. */
const UNFINISHED = `keeper.key.${spawnSync('true').pid}-0011223344556677`
const refused = { code: 'app.key-folder' }

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-keys-'))
  folder = join(home, 'keys')
})
afterEach(() => rm(home, { recursive: true }))

test('files are written for their owner alone, in a folder for its owner alone', async () => {
  await prepareKeyFolder(folder, [])
  await saveKeyFiles(folder, files, systemRandom)
  expect((await lstat(folder)).mode & 0o777).toBe(0o700)
  expect((await lstat(join(folder, 'keeper.key'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(folder, 'keeper.key'), 'utf8')).toBe('a secret')
})

test('what an interrupted run left is gone on with, and other keys are not written over', async () => {
  await prepareKeyFolder(folder, [])
  await writeFile(join(folder, UNFINISHED), 'a sec', { mode: 0o600 })
  await prepareKeyFolder(folder, [])
  await saveKeyFiles(folder, files, systemRandom)
  await saveKeyFiles(folder, files, systemRandom)
  expect(await readdir(folder)).toEqual(['keeper.key'])
  const others = new Map([['keeper.key', new Secret('another secret')]])
  await expect(saveKeyFiles(folder, others, systemRandom)).rejects.toMatchObject(refused)
  expect(await readFile(join(folder, 'keeper.key'), 'utf8')).toBe('a secret')
})

test('a credential has its name once it is finished', async () => {
  await prepareKeyFolder(folder, [])
  const { begin, finish, has, readBegun } = openKeyFolder(folder, systemRandom)
  expect(await readBegun('keeper.key')).toBe(undefined)
  await begin('keeper.key', new Secret('a secret'))
  await prepareKeyFolder(folder, [])
  expect(await has('keeper.key')).toBe(false)
  expect((await readBegun('keeper.key'))?.reveal()).toBe('a secret')
  await finish('keeper.key')
  expect(await has('keeper.key')).toBe(true)
  expect(await readdir(folder)).toEqual(['keeper.key'])
})

test('a folder that others may look into, or that holds something else, is refused', async () => {
  await prepareKeyFolder(folder, [])
  await chmod(folder, 0o750)
  await expect(prepareKeyFolder(folder, [])).rejects.toMatchObject(refused)
  await chmod(folder, 0o700)
  await writeFile(join(folder, 'notes.txt'), '')
  await expect(prepareKeyFolder(folder, [])).rejects.toMatchObject(refused)
})

test('a folder in the vault is refused, also behind a link', async () => {
  const vault = join(home, 'vault')
  await expect(prepareKeyFolder(join(vault, 'keys'), [vault])).rejects.toMatchObject(refused)
  await expect(prepareKeyFolder(vault, [vault])).rejects.toMatchObject(refused)
  await prepareKeyFolder(vault, [])
  await symlink(vault, join(home, 'link'))
  const linked = prepareKeyFolder(join(home, 'link', 'keys'), [vault])
  await expect(linked).rejects.toMatchObject(refused)
})
