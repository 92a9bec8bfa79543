import { readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from './make-folder.ts'
import type { Random } from './random.ts'

/**
 * Puts a file for its owner alone in the place of the one before, whole or not at all, and its folder
 * if need be. Not durable: for what can be lost. What processes of this machine that died at it left
 * beside the file is removed.
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  random: Random,
): Promise<void> {
  const temporary = `${path}.${process.pid}-${Buffer.from(random.bytes(8)).toString('hex')}`
  await makeFolder(dirname(path))
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: 0o600 })
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
  await sweep(path)
}

async function sweep(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    const [, pid] = /^\.([1-9][0-9]*)-[0-9a-f]{16}$/.exec(name.slice(basename(path).length)) ?? []
    const isBeside = name.startsWith(basename(path)) && pid !== undefined
    // Another process may be sweeping too.
    if (isBeside && !isRunning(Number(pid))) await unlink(join(dirname(path), name)).catch(() => {})
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
