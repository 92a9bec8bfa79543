import { existsSync } from 'node:fs'

/** `base`, or the first of `base-2`, `base-3`, ... that is not there yet: every demo has its own. */
export function freeFolder(base: string): string {
  let folder = base
  for (let number = 2; existsSync(folder); number++) folder = `${base}-${number}`
  return folder
}
