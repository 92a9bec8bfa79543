import { parseObjectName } from '#store/object-name'
import type { ObjectName } from '#store/object-store'
import { keyringObject, type Problem } from './check-tally.ts'
import { listEpochs, nameInEpoch } from './epoch-keyring.ts'
import { placeOf } from './repaired-store.ts'
import type { Vault } from './vault.ts'

const DATA_KEYS = /^keyring:(?!slots\/[0-9a-f]{16}\.json$)(([^/]+)\/.+)$/

/** Problems with keys by the files they lie in: entries name those of no epoch, and not their repair. */
export async function nameProblems(
  vault: Vault,
  problems: readonly Problem[],
  signal: AbortSignal,
): Promise<Problem[]> {
  const named: Problem[] = []
  for (const { object, problem } of problems) {
    const [, name, source] = DATA_KEYS.exec(object) ?? []
    if (name === undefined || source === undefined) {
      named.push({ object, problem })
      continue
    }
    const at = placeOf(await vault.repairs(source, signal), 'keyring', parseObjectName(name))
    named.push({ object: keyringObject(await nameStoredKeys(vault, at, signal)), problem })
  }
  return named
}

/** The file of these keys: the newest of an epoch that was said; where there is none, the one there should be. */
export async function nameStoredKeys(
  vault: Vault,
  at: ObjectName,
  signal: AbortSignal,
): Promise<ObjectName> {
  const epoch = await vault.keyEpoch(signal)
  const found = await listEpochs(vault.storedKeyring, at, signal)
  const newest = found.find((one) => one.epoch <= epoch) ?? found[0]
  return newest?.name ?? nameInEpoch(at, epoch)
}
