import { execFileSync } from 'node:child_process'
import { chownSync, cpSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Whom the server runs as: `nobody` when we are root, which PostgreSQL refuses; else ourselves. */
export type ServerUser = { readonly uid: number; readonly gid: number } | undefined

export function findServerUser(): ServerUser {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

export function giveTo(user: ServerUser, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid)
}

/**
 * The directory of `binDir` as the server's user can reach it: itself, or, when a folder above is
 * closed to others (a clone below /root), a copy in `tempDir`.
 */
export function reachableBinDir(user: ServerUser, binDir: string, tempDir: string): string {
  if (user === undefined || isOpenToOthers(binDir)) return binDir
  cpSync(join(binDir, '..'), join(tempDir, 'native'), { recursive: true, verbatimSymlinks: true })
  return join(tempDir, 'native/bin')
}

/** A fresh folder that the server's user may pass through, removed by whoever asked for it. */
export function makeServerFolder(): string {
  return mkdtempSync(join(tmpdir(), 'holdfast-pg-'))
}

function isOpenToOthers(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o001) !== 0
  return isOpen && (dirname(path) === path || isOpenToOthers(dirname(path)))
}
