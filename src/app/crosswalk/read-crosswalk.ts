import { isSameSystem, type SourceIdentity } from '#record/cut'
import { type CrosswalkLine, readCrosswalkLines } from '#restore/crosswalk'
import { crosswalkOf } from '#timeline/fold-facts'
import { type LineRestore, listLineRestores } from '#timeline/line-restores'
import type { Vault } from '#vault/vault'

/** A restore that gave records keys of the target's own, and what became of it. */
export type ReadLines = LineRestore & { readonly lines: readonly CrosswalkLine[] }

/**
 * Everything that restores wrote down about keys in one system, oldest first. Of those that were
 * interrupted the vault alone does not know whether they wrote: they are `open`.
 *
 * Holds all lines that count.
 * @throws vault.role-missing | vault.document-damaged | restore.crosswalk-invalid
 */
export async function readLines(
  vault: Vault,
  identity: SourceIdentity,
  signal: AbortSignal,
): Promise<readonly ReadLines[]> {
  const facts = await vault.readRestores(signal)
  const found = listLineRestores(facts).filter(({ begun }) =>
    isSameSystem(begun.body.identity, identity),
  )
  const read: ReadLines[] = []
  for (const one of found) {
    const pieces = vault.readPreImage(crosswalkOf(one.begun.body), signal)
    read.push({ ...one, lines: await readCrosswalkLines(pieces) })
  }
  return read
}
