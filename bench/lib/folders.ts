import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type BenchFolder = Disposable & { readonly path: string }

/** A folder for vaults, dumps and the peers' stores; it goes away, also after Ctrl-C. */
export function makeBenchFolder(): BenchFolder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const remove = () => rmSync(path, { recursive: true, force: true })
  const interrupt = () => {
    remove()
    process.exit(130)
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  return {
    path,
    [Symbol.dispose]() {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      remove()
    },
  }
}

/** Bytes of all files below a folder, as `du --apparent-size` adds them up. */
export function measureFolder(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0)
}
