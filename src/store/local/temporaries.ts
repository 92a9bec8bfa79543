import { createHash } from 'node:crypto'
import { readdir, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Random } from '#stdx/random'
import { isFsError } from './fs-error.ts'

/**
 * Unfinished objects: `~tmp/<host>-<pid>-<random>`. The folder is outside every object's name, so
 * that listing never shows one.
 */
export const TEMPORARY_FOLDER = '~tmp'

const NAME = /^([0-9a-f]{8})-([1-9][0-9]*)-[0-9a-f]{32}$/

export function nameTemporary(random: Random): string {
  return `${hostId()}-${process.pid}-${Buffer.from(random.bytes(16)).toString('hex')}`
}

/**
 * Removes what processes of this machine that are gone left behind. What others write, here or on
 * another machine, stays; so does what an unlucky number makes look alive.
 */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, host, pid] = NAME.exec(name) ?? []
    const isDead = host === hostId() && pid !== undefined && !isRunning(Number(pid))
    // Another process may be sweeping too; a leftover that cannot go stays for the next time.
    if (isDead) await unlink(join(folder, name)).catch(() => {})
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !isFsError(error, 'ESRCH')
  }
}

function hostId(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
}
