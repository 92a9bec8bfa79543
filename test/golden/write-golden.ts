/**
 * Writes the golden vaults of this format anew, with what must be read from them. They are committed
 * bytes: a new format gets new ones beside them, and these are never written again.
 */
import { mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { liveInOneHand } from './testing/golden-life.ts'
import { liveInThreeHands } from './testing/golden-three-hands.ts'
import { GOLDEN } from './testing/golden-vault.ts'

/** Git keeps none, and a vault needs none. */
async function removeEmptyFolders(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name))
  }
  if ((await readdir(folder)).length === 0) await rmdir(folder)
}

const scratch = await mkdtemp(join(tmpdir(), 'holdfast-golden-'))
try {
  await rm(GOLDEN, { recursive: true, force: true })
  for (const [name, live] of [
    ['one-hand', liveInOneHand],
    ['three-hands', liveInThreeHands],
  ] as const) {
    const folder = join(GOLDEN, name)
    const own = join(scratch, name)
    for (const path of [folder, own]) await mkdir(path, { recursive: true })
    const expected = await live(folder, own)
    await writeFile(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`)
    await removeEmptyFolders(folder)
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
