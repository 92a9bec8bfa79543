import { lstat, readdir, rename } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AppError, isAppError } from '#stdx/app-error'
import { makeFolder } from '#stdx/make-folder'
import type { Random } from '#stdx/random'
import { readIfAny } from '#stdx/read-if-any'
import { Secret } from '#stdx/secret'
import { syncFolder, writeDurably } from '#stdx/write-durably'
import type { KeyFolder } from '#vault/rotate-keys'
import { findAround } from './lies-in.ts'

const OWN =
  /^((capture-[a-z][a-z0-9-]*|custodian|keeper|restore|auditor)\.key|recovery\.slot|recovery-kit\.html)(\.begun)?$/
/** What a process that died leaves of one of them. */
const UNFINISHED = /^(.*)\.[1-9][0-9]*-[0-9a-f]{16}$/

/**
 * Makes sure that credentials may be written to `folder` before anything else happens: it is new, or
 * nobody else may look into it and nothing but credentials is in it.
 * @throws app.key-folder | app.key-not-written
 */
export async function prepareKeyFolder(
  folder: string,
  vaultPlaces: readonly string[],
): Promise<void> {
  await refuseKeyFolder(folder, vaultPlaces)
  await explaining(folder, async () => {
    await makeFolder(resolve(folder))
    await refuseUnfit(resolve(folder))
  })
}

/** The same of a folder that is there, and nothing is made. @throws app.key-folder */
export async function refuseKeyFolder(
  folder: string,
  vaultPlaces: readonly string[],
): Promise<void> {
  await explaining(folder, () => refuseAsItIs(resolve(folder), vaultPlaces))
}

async function refuseAsItIs(path: string, vaultPlaces: readonly string[]): Promise<void> {
  const around = await findAround(path, vaultPlaces)
  if (around !== undefined) {
    throw refuse(path, `it lies in "${around}", wanted a place apart from the vault`)
  }
  try {
    await refuseUnfit(path)
  } catch (error) {
    const isNew = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isNew) throw error
  }
}

async function refuseUnfit(path: string): Promise<void> {
  const { mode } = await lstat(path)
  if ((mode & 0o077) !== 0) {
    const found = `its mode is ${(mode & 0o777).toString(8)}, wanted 700`
    throw refuse(path, `${found}: \`chmod 700 ${path}\``)
  }
  const foreign = (await readdir(path)).find((name) => !isOwn(name))
  if (foreign !== undefined) throw refuse(path, `found "${foreign}", wanted an empty folder`)
}

function isOwn(name: string): boolean {
  const [, whole = name] = UNFINISHED.exec(name) ?? []
  return OWN.test(whole)
}

/**
 * Writes credential files, readable by their owner alone; durable when it resolves, their folder
 * included. A file that is there already stays when it is the same.
 * @throws app.key-folder when another file has one of the names | app.key-not-written
 */
export async function saveKeyFiles(
  folder: string,
  files: ReadonlyMap<string, Secret>,
  random: Random,
): Promise<void> {
  await explaining(folder, async () => {
    for (const [name, text] of files) await saveOne(folder, { name, text }, random)
    await syncFolder(folder)
    await syncFoldersAbove(folder)
  })
}

/** One credential in the making. @throws app.key-not-written */
export function openKeyFolder(folder: string, random: Random): KeyFolder {
  const begunAs = (name: string) => join(folder, `${name}.begun`)
  return {
    has: async (name) => (await readIfAny(join(folder, name))) !== undefined,
    readBegun: async (name) => {
      const text = await readIfAny(begunAs(name))
      return text === undefined ? undefined : new Secret(text)
    },
    begin: (name, text) =>
      explaining(folder, async () => {
        await writeDurably(begunAs(name), text.reveal(), { random, mayReplace: true })
        await syncFoldersAbove(folder)
      }),
    finish: (name) =>
      explaining(folder, async () => {
        await rename(begunAs(name), join(folder, name))
        await syncFolder(folder)
      }),
  }
}

async function saveOne(
  folder: string,
  { name, text }: { readonly name: string; readonly text: Secret },
  random: Random,
): Promise<void> {
  const path = join(folder, name)
  const found = await readIfAny(path)
  if (found === text.reveal()) return
  if (found !== undefined) {
    throw refuse(folder, `"${name}" in it belongs to other keys, wanted an empty folder`)
  }
  // By a new name for the same file, which leaves no second one behind.
  await writeDurably(path, text.reveal(), { random, mayReplace: true })
}

/** The folder may be as new as those around it: without its name nothing in it is found. */
async function syncFoldersAbove(folder: string): Promise<void> {
  const above = dirname(resolve(folder))
  try {
    await syncFolder(above)
  } catch (error) {
    // Where this user may not look, or nothing can be synced, this user has made nothing.
    if (!isRefusal(error)) throw error
    return
  }
  if (dirname(above) !== above) await syncFoldersAbove(above)
}

function isRefusal(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EACCES' || code === 'EPERM' || code === 'EINVAL' || code === 'EROFS'
}

async function explaining<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (isAppError(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'a failure'
    const message = `Cannot write credentials to "${folder}": found ${code}, wanted a folder that can be written`
    throw new AppError('app.key-not-written', message, {}, { cause: error })
  }
}

function refuse(folder: string, found: string): AppError {
  return new AppError('app.key-folder', `Cannot write credentials to "${folder}": ${found}`)
}
