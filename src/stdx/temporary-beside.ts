import { readdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Random } from './random.ts'

/** A file that is to take the place of `path`: `<path>.<pid>-<random>`. */
export function temporaryBeside(path: string, random: Random): string {
  return `${path}.${process.pid}-${Buffer.from(random.bytes(8)).toString('hex')}`
}

/** Removes what processes of this machine that died while they wrote `path` left beside it. */
export async function sweepBeside(path: string): Promise<void> {
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
