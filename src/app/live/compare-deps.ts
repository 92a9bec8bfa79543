import type { CompareDeps } from '#restore/compare-target'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'

/** What comparing a source's points with a living system takes. */
export async function openCompareDeps(
  deps: Pick<Context, 'progress' | 'random' | 'readConfig'>,
  vault: Pick<Vault, 'digestKey' | 'rowDeps'>,
  source: string,
  signal: AbortSignal,
): Promise<CompareDeps> {
  const { tempDir } = await deps.readConfig()
  const read = await vault.rowDeps(source, signal)
  const digestKey = await vault.digestKey(source, signal)
  const { progress, random } = deps
  return { read, digestKey, random, tempDir, progress: (done) => progress.add(done) }
}
