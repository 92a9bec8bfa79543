import { lstat, open, readdir, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError, isAppError } from '#stdx/app-error'
import { makeFolder } from '#stdx/make-folder'
import type { Secret } from '#stdx/secret'
import { findAround } from './lies-in.ts'
import { readIfAny } from './read-if-any.ts'

const OWN =
  /^((capture-[a-z][a-z0-9-]*|custodian|keeper|restore|auditor)\.key|recovery\.slot|recovery-kit\.html)$/
const UNFINISHED = /^\..*\.part$/

/**
 * Makes sure that credentials may be written to `folder` before anything else happens: it is new, or
 * nobody else may look into it and nothing but credentials is in it.
 * @throws app.key-folder
 */
export async function prepareKeyFolder(
  folder: string,
  vaultPlaces: readonly string[],
): Promise<void> {
  await explaining(folder, () => prepare(resolve(folder), vaultPlaces))
}

async function prepare(path: string, vaultPlaces: readonly string[]): Promise<void> {
  const around = await findAround(path, vaultPlaces)
  if (around !== undefined) {
    throw refuse(path, `it lies in "${around}", wanted a place apart from the vault`)
  }
  await makeFolder(path)
  const { mode } = await lstat(path)
  if ((mode & 0o077) !== 0) {
    const found = `its mode is ${(mode & 0o777).toString(8)}, wanted 700`
    throw refuse(path, `${found}: \`chmod 700 ${path}\``)
  }
  const foreign = (await readdir(path)).find((name) => !OWN.test(name) && !UNFINISHED.test(name))
  if (foreign !== undefined) throw refuse(path, `found "${foreign}", wanted an empty folder`)
}

/**
 * Writes credential files, readable by their owner alone; durable when it resolves. A file that is
 * there already stays when it is the same.
 * @throws app.key-folder when another file has one of the names
 */
export async function saveKeyFiles(
  folder: string,
  files: ReadonlyMap<string, Secret>,
): Promise<void> {
  await explaining(folder, async () => {
    for (const [name, text] of files) await saveOne(folder, name, text)
    await syncFolder(folder)
  })
}

async function saveOne(folder: string, name: string, text: Secret): Promise<void> {
  const path = join(folder, name)
  const found = await readIfAny(path)
  if (found === text.reveal()) return
  if (found !== undefined) {
    throw refuse(folder, `"${name}" in it belongs to other keys, wanted an empty folder`)
  }
  const unfinished = join(folder, `.${name}.part`)
  await writeDurably(unfinished, text)
  await rename(unfinished, path)
}

async function explaining(folder: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (isAppError(error)) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'a failure'
    throw refuse(folder, `found ${code}, wanted a folder that can be written`, error)
  }
}

async function writeDurably(path: string, text: Secret): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.chmod(0o600)
    await file.writeFile(text.reveal())
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function refuse(folder: string, found: string, cause?: unknown): AppError {
  const message = `Cannot write credentials to "${folder}": ${found}`
  return new AppError('app.key-folder', message, {}, { cause })
}
