import { execFile } from 'node:child_process'
import { chmod, mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const run = promisify(execFile)

/** A folder that is a disk of its own, whose size and rights a test may change. */
export type Disk = {
  readonly folder: string
  resize(sizeBytes: number): Promise<void>
  setReadOnly(isReadOnly: boolean): Promise<void>
}

/** Mounts a small disk in memory; `undefined` where this user may not mount. */
export async function mountDisk(folder: string, sizeBytes: number): Promise<Disk | undefined> {
  await mkdir(folder, { recursive: true })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'holdfast-test', folder])
  } catch {
    return undefined
  }
  onTestFinished(async () => {
    await run('umount', ['-l', folder])
  })
  const remount = async (option: string) => {
    await run('mount', ['-o', `remount,${option}`, folder])
  }
  return {
    folder,
    resize: (size) => remount(`size=${size}`),
    setReadOnly: (isReadOnly) => remount(isReadOnly ? 'ro' : 'rw'),
  }
}

/** Takes the right to write a folder away, for the superuser too; gives it back by `false`. */
export async function forbidWriting(folder: string, isForbidden: boolean): Promise<void> {
  if (process.getuid?.() !== 0) return await chmod(folder, isForbidden ? 0o500 : 0o700)
  if (isForbidden) {
    await run('mount', ['--bind', folder, folder])
    await run('mount', ['-o', 'remount,bind,ro', folder])
  } else await run('umount', ['-l', folder])
}
