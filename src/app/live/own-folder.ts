import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isProcessRunning } from '#stdx/is-process-running'
import { makeFolder } from '#stdx/make-folder'

/** A folder of this process alone, which is removed when it is disposed. */
export type OwnFolder = AsyncDisposable & { readonly path: string }

/**
 * Makes a folder below the temporary one, readable for this account alone. Those of the same purpose that
 * killed processes left on this machine are removed first.
 * @param purpose letters
 */
export async function openOwnFolder(tempDir: string, purpose: string): Promise<OwnFolder> {
  const prefix = `holdfast-${purpose}-`
  await makeFolder(tempDir)
  await removeLeftOvers(tempDir, prefix)
  const path = await mkdtemp(join(tempDir, `${prefix}${process.pid}-`))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

async function removeLeftOvers(tempDir: string, prefix: string): Promise<void> {
  for (const name of await readdir(tempDir)) {
    if (!name.startsWith(prefix)) continue
    const [, pid] = /^([1-9][0-9]*)-/.exec(name.slice(prefix.length)) ?? []
    if (pid === undefined || isProcessRunning(Number(pid))) continue
    // Another account's stays where it is.
    await rm(join(tempDir, name), { recursive: true, force: true }).catch(() => {})
  }
}
