import { formatKeyAddress } from '#record/address'
import type { PreparedRestore } from '#restore/prepared-restore'
import type { BegunFact } from '#timeline/fold-facts'
import type { Vault } from '#vault/vault'
import { readLines } from './read-crosswalk.ts'

/**
 * An undo with the lines that it leaves in force: of records under keys of the target's own that it does
 * not delete, because somebody changed them since. Of a restore that was interrupted nothing is left: whoever
 * undoes it has said that what is there is not its own.
 */
export async function keepLeftLines(
  vault: Vault,
  begun: BegunFact,
  prepared: PreparedRestore,
  signal: AbortSignal,
): Promise<PreparedRestore> {
  if (begun.body.crosswalk === undefined) return prepared
  const all = await readLines(vault, begun.body.identity, signal)
  const own = all.find((one) => one.begun.body.restore === begun.body.restore)
  if (own?.state !== 'written') return prepared
  const left = new Set(
    prepared.entities.flatMap(({ at: { schema }, undo }) =>
      [...(undo?.conflicts ?? [])].map((hex) => {
        const key = formatKeyAddress(Buffer.from(hex, 'hex'), schema.key)
        return `${schema.entity}:${key}`
      }),
    ),
  )
  const lines = own.lines.filter(({ targetEntity, targetKey }) =>
    left.has(`${targetEntity}:${targetKey}`),
  )
  return { ...prepared, crosswalk: { lines, written: [], gone: [] } }
}
