import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '#stdx/assert'
import { mapConcurrent } from '#stdx/streams'
import { isObjectName } from '../object-name.ts'
import type { ObjectStat } from '../object-store.ts'
import { isFsError, translateFsError } from './fs-error.ts'

const STATS_MAX = 32

type Child = { readonly name: string; readonly kind: 'file' | 'folder' }

/**
 * Objects below `prefix` in ascending order of their names' bytes. Holds the names of one folder at
 * each depth. What is not named like an object (temporary files) is passed over.
 */
export async function* listLocal(
  root: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<ObjectStat, void, undefined> {
  assert(prefix === '' || prefix.endsWith('/'), 'A listing begins at a folder.')
  signal.throwIfAborted()
  const children = await readFolder(root, prefix)
  yield* listChildren(root, prefix, { children, signal })
}

/** Names of objects and folders of one folder, without looking at any of them. */
export async function* listLocalFolder(
  root: string,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  assert(folder === '' || folder.endsWith('/'), 'A listing begins at a folder.')
  signal.throwIfAborted()
  for (const child of await readFolder(root, folder)) yield sortNameOf(child)
}

type Listing = { readonly children: readonly Child[]; readonly signal: AbortSignal }

async function* listChildren(
  root: string,
  prefix: string,
  { children, signal }: Listing,
): AsyncGenerator<ObjectStat, void, undefined> {
  // Files between two folders are looked at together: one after the other costs a turn each.
  for (const run of groupRuns(children)) {
    signal.throwIfAborted()
    const [first] = run
    if (first?.kind === 'folder') {
      const inner = `${prefix}${first.name}/`
      const grandchildren = await readFolder(root, inner)
      yield* listChildren(root, inner, { children: grandchildren, signal })
    } else {
      yield* statFiles(root, prefix, run)
    }
  }
}

async function* statFiles(
  root: string,
  prefix: string,
  run: readonly Child[],
): AsyncGenerator<ObjectStat, void, undefined> {
  const stats = mapConcurrent(run, STATS_MAX, ({ name }) => statFile(root, `${prefix}${name}`))
  for await (const stat of stats) if (stat !== undefined) yield stat
}

async function statFile(root: string, name: string): Promise<ObjectStat | undefined> {
  if (!isObjectName(name)) return undefined
  try {
    const { mtimeMs, size } = await lstat(join(root, name))
    return { name, sizeBytes: size, modifiedMs: mtimeMs }
  } catch (error) {
    // Deleted since its folder was read.
    if (isFsError(error, 'ENOENT')) return undefined
    throw translateFsError(error, `Cannot look at object "${name}" of "${root}"`)
  }
}

async function readFolder(root: string, prefix: string): Promise<Child[]> {
  try {
    const found = await readdir(join(root, prefix), { withFileTypes: true })
    const children: Child[] = []
    for (const entry of found) {
      if (!isObjectName(entry.name)) continue
      if (entry.isDirectory()) children.push({ name: entry.name, kind: 'folder' })
      else if (entry.isFile()) children.push({ name: entry.name, kind: 'file' })
    }
    return children.sort((a, b) => (sortNameOf(a) < sortNameOf(b) ? -1 : 1))
  } catch (error) {
    const isAbsent = isFsError(error, 'ENOENT', 'ENOTDIR')
    if (isAbsent && prefix !== '' && (await isFolder(root))) return []
    throw translateFsError(error, `Cannot list the folder "${join(root, prefix)}"`)
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(join(path, '.'))).isDirectory()
  } catch {
    // The listing's own error says what is wrong with it.
    return false
  }
}

/** A folder sorts as the names inside it do: with a slash behind its name. All of it is ASCII. */
function sortNameOf({ name, kind }: Child): string {
  return kind === 'folder' ? `${name}/` : name
}

function groupRuns(children: readonly Child[]): Child[][] {
  const runs: Child[][] = []
  for (const child of children) {
    const run = runs.at(-1)
    if (child.kind === 'file' && run?.[0]?.kind === 'file') run.push(child)
    else runs.push([child])
  }
  return runs
}
