import { mkdtemp, rm, stat } from 'node:fs/promises'
import { platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

test('makeFolder() makes a folder with those above it, and is content with one that is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-folder-'))
  try {
    const path = join(folder, 'a', 'b', 'c')
    await makeFolder(path)
    await makeFolder(path)
    expect((await stat(path)).isDirectory()).toBe(true)
    expect((await stat(path)).mode & 0o777).toBe(0o700)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.skipIf(platform() !== 'linux')('makeFolder() gives up where nothing can be made', async () => {
  await expect(makeFolder('/proc/nope/a/b')).rejects.toMatchObject({ code: 'ENOENT' })
})
