import { createHash } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { lstat, readdir, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Random } from '#stdx/random'
import { isFsError } from './fs-error.ts'

/**
 * Unfinished objects: `~tmp/<host>-<pid>-<random>`. The folder is outside every object's name, so
 * that listing never shows one.
 */
export const TEMPORARY_FOLDER = '~tmp'

/** Longer than anybody writes at one object, or is asleep at it. */
const AGE_MAX_MS = 7 * 24 * 3_600_000

const NAME = /^([0-9a-f]{8})-([1-9][0-9]*)-[0-9a-f]{32}$/

export function nameTemporary(random: Random): string {
  return `${hostId()}-${process.pid}-${Buffer.from(random.bytes(16)).toString('hex')}`
}

/**
 * Removes what processes of this machine that are gone left behind, and what has lain there for a
 * week: of other machines, or what an unlucky number makes look alive. What others write now stays.
 *
 * @param own one of them that was made just now, and says what time it is there
 */
export async function sweepTemporaries(folder: string, own: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => name !== own && NAME.test(name))
  if (others.length === 0) return
  const nowMs = await readTime(join(folder, own))
  for (const name of others) {
    const [, host, pid] = NAME.exec(name) ?? []
    const isDead = host === hostId() && !isRunning(Number(pid))
    // Another process may be sweeping too; a leftover that cannot go stays for the next time.
    const path = join(folder, name)
    if (isDead || nowMs - (await readTime(path)) > AGE_MAX_MS) await unlink(path).catch(() => {})
  }
}

/** When it was last written to, by the clock of its file system; of one that is gone, never. */
async function readTime(path: string): Promise<number> {
  return await lstat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NaN,
  )
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !isFsError(error, 'ESRCH')
  }
}

/** Where process ids mean the same: containers of one machine may share its name, not its processes. */
function hostId(): string {
  return createHash('sha256').update(`${hostname()}\n${readNamespace()}`).digest('hex').slice(0, 8)
}

function readNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: there is one.
    return ''
  }
}
