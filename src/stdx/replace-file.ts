import { rename, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from './make-folder.ts'
import type { Random } from './random.ts'
import { sweepBeside, temporaryBeside } from './temporary-beside.ts'

/**
 * Puts a file, for its owner alone unless `mode` says otherwise, in the place of the one before, whole or not at all, and its folder
 * if need be. Not durable: for what can be lost. What processes of this machine that died at it left
 * beside the file is removed.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  random: Random,
  mode = 0o600,
): Promise<void> {
  const temporary = temporaryBeside(path, random)
  await makeFolder(dirname(path))
  try {
    await writeFile(temporary, content, { flag: 'wx', mode })
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await sweepBeside(path)
}
