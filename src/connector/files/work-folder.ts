import { type FileHandle, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '#stdx/app-error'
import { isProcessRunning } from '#stdx/is-process-running'
import { makeFolder } from '#stdx/make-folder'
import { systemCode } from './file-failure.ts'

/**
 * Where a write keeps its files until it commits, inside the folder that it writes to. Once `COMMIT`
 * lies there, the write has happened, and whoever opens the folder for writing next takes its files to
 * their places, if the process that wrote it did not come to that.
 */
const PREFIX = '.holdfast-'
const COMMIT = 'commit.json'

export type WorkFolder = {
  readonly path: string
  /** Makes an empty file for the write's use. */
  create(): Promise<WorkFile>
}

export type WorkFile = { readonly path: string; readonly handle: FileHandle }

/** What is moved: from a file of the work folder to a path below the folder. */
export type Move = { readonly from: string; readonly to: string }

export async function openWorkFolder(folder: string): Promise<WorkFolder> {
  await makeFolder(folder)
  const path = await mkdtemp(join(folder, `${PREFIX}${process.pid}-`))
  let count = 0
  return {
    path,
    async create() {
      count += 1
      const file = join(path, String(count))
      return { path: file, handle: await open(file, 'wx', 0o600) }
    },
  }
}

/** Moves files, which are on disk already, to their places: all of them or, until then, none. */
export async function commitMoves({ path }: WorkFolder, moves: readonly Move[]): Promise<void> {
  const draft = join(path, `${COMMIT}.draft`)
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(JSON.stringify({ moves }))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await syncFolder(path)
  await rename(draft, join(path, COMMIT))
  await syncFolder(path)
  await finishMoves(path, moves)
}

/** May be repeated, and by several at once. */
async function finishMoves(path: string, moves: readonly Move[]): Promise<void> {
  const folder = dirname(path)
  for (const { from, to } of moves) {
    await rename(join(path, from), join(folder, to)).catch(allowMissing)
  }
  for (const below of new Set(moves.map(({ to }) => dirname(join(folder, to))))) {
    await syncFolder(below)
  }
  await rm(path, { recursive: true, force: true })
}

/** Finishes what was committed, and removes what processes of this machine that died left behind. */
export async function settleWorkFolders(folder: string): Promise<void> {
  for (const path of await listWorkFolders(folder)) {
    const moves = await readCommit(path)
    if (moves !== undefined) await finishMoves(path, moves)
    else if (!isOwnerRunning(path)) await rm(path, { recursive: true, force: true })
  }
}

/** @throws connector.file-invalid when files that were committed are not at their places yet */
export async function refuseUnfinished(folder: string): Promise<void> {
  for (const path of await listWorkFolders(folder)) {
    if ((await readCommit(path)) === undefined) continue
    const found = 'found a restore that did not take its last step, need the folder settled'
    const help = 'verify a point against it as a target, which settles it'
    const message = `Cannot read the folder: ${found}; ${help}`
    throw new AppError('connector.file-invalid', message)
  }
}

async function listWorkFolders(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names.filter((name) => name.startsWith(PREFIX)).map((name) => join(folder, name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function readCommit(path: string): Promise<readonly Move[] | undefined> {
  try {
    const { moves } = JSON.parse(await readFile(join(path, COMMIT), 'utf8'))
    return moves
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
    throw error
  }
}

function isOwnerRunning(path: string): boolean {
  const [, pid] = /^\.holdfast-([1-9][0-9]*)-/.exec(basename(path)) ?? []
  return pid === undefined || isProcessRunning(Number(pid))
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function allowMissing(error: unknown): void {
  if (systemCode(error) !== 'ENOENT') throw error
}
