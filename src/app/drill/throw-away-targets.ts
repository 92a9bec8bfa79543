import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../context.ts'
import { openOwnFolder } from '../live/own-folder.ts'

/** Where a drill puts sources back: a file for each, of which nothing is left when it is disposed. */
export type ThrowAwayTargets = AsyncDisposable & {
  /** The target of a source. Its name is none that a configuration can have. */
  nameOf(source: string): string
  /** As the context does it, for these and for those that are configured. */
  readonly openTarget: Context['openTarget']
}

const NAME = /^drill:(.*)$/

/**
 * Makes the files, readable for this account alone, in a folder of their own below the temporary one.
 * Folders of drills that were killed on this machine are removed first.
 */
export async function openThrowAwayTargets(
  deps: Pick<Context, 'openOwnFile' | 'openTarget'>,
  { sources, tempDir }: { readonly sources: readonly string[]; readonly tempDir: string },
): Promise<ThrowAwayTargets> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await openOwnFolder(tempDir, 'drill'))
  const pathOf = (source: string) => join(folder.path, `${source}.db`)
  for (const source of sources) {
    // SQLite gives the mode of a database to the journals beside it.
    await (await open(pathOf(source), 'wx', 0o600)).close()
  }
  const kept = stack.move()
  return {
    nameOf: (source) => `drill:${source}`,
    async openTarget(name, signal) {
      const [, source] = NAME.exec(name) ?? []
      if (source === undefined) return await deps.openTarget(name, signal)
      return await deps.openOwnFile({ name, path: pathOf(source) }, signal)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
