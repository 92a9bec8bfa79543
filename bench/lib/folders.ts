import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'

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

/** The same of a vault by what the bytes are: by ending, and what is below `keyring` as that. */
export function measureKinds(vault: string): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>()
  for (const entry of readdirSync(vault, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const isKeyring = path.startsWith(join(vault, 'keyring/'))
    const kind = isKeyring ? 'keyring' : extname(entry.name).slice(1)
    kinds.set(kind, (kinds.get(kind) ?? 0) + lstatSync(path).size)
  }
  return kinds
}
