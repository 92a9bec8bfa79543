import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemRandom } from './random.ts'
import { replaceFile } from './replace-file.ts'

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-replace-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('replaceFile() puts a file in the place of the one before, its folder included', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'a/b')
    await replaceFile(path, 'first', systemRandom)
    await replaceFile(path, 'second', systemRandom)
    expect(await readFile(path, 'utf8')).toBe('second')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'a'))).toEqual(['b'])
  }))

test('replaceFile() removes what the dead left beside it, and nothing else', () =>
  inFolder(async (folder) => {
    const dead = spawnSync('true').pid
    const stay = [`b.${process.pid}-0011223344556677`, 'b.c', `c.${dead}-0011223344556677`]
    for (const name of [...stay, `b.${dead}-0011223344556677`]) {
      await writeFile(join(folder, name), '')
    }
    await replaceFile(join(folder, 'b'), 'whole', systemRandom)
    expect((await readdir(folder)).sort()).toEqual(['b', ...stay].sort())
  }))

test('replaceFile() leaves nothing where it fails', () =>
  inFolder(async (folder) => {
    await expect(replaceFile(folder, 'not a folder', systemRandom)).rejects.toMatchObject({
      code: 'EISDIR',
    })
    expect(await readdir(join(folder, '..'))).not.toContainEqual(
      expect.stringMatching(`^${folder.split('/').at(-1)}\\.`),
    )
  }))
