import { parseCertificate } from '#seal/certificate'
import { parseSlot } from '#seal/slot'
import { AppError } from '#stdx/app-error'
import type { ObjectName } from '#store/object-store'
import { parseEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts, type VaultFacts } from '#timeline/fold-facts'
import { certificateName } from './author.ts'
import { isStored } from './keyring-list.ts'
import { keyringOfDocument } from './needed-objects.ts'
import { openersOf, proveKeyring } from './prove-keyring.ts'
import { readStatedKeys, statedBytes } from './stated-keys.ts'
import type { Vault } from './vault.ts'
import { HEADER_NAME, parseHeader } from './vault-header.ts'

/** An object that has one name for ever, as somebody else keeps it. */
export type CopyInHand = {
  readonly store: 'vault' | 'keyring'
  readonly name: ObjectName
  readonly bytes: Uint8Array
}

/**
 * Why these bytes must not be put back under their name: whoever keeps the copy may have made them.
 * `undefined` when they are what was there: entries by their seal and signature, certificates and
 * `vault.json` by the root key, documents and keys by their hash in the log. A slot
 * proves itself when it is opened; here it has to be one of this vault.
 */
export async function judgeCopy(
  vault: Vault,
  copy: CopyInHand,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return copy.store === 'vault'
      ? await judgeObject(vault, copy, signal)
      : await judgeKeys(vault, copy, signal)
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'store.unavailable') throw error
    return error.message
  }
}

async function judgeObject(
  vault: Vault,
  { bytes, name }: CopyInHand,
  signal: AbortSignal,
): Promise<string | undefined> {
  const entry = parseEntryName(name)
  if (entry !== undefined) {
    const slot = await vault.parseEntry(entry, bytes, signal)
    return slot.kind === 'entry' ? undefined : slot.problem
  }
  const text = Buffer.from(bytes).toString('utf8')
  if (name === HEADER_NAME) {
    const { rootPublicKey, vaultId } = parseHeader('the replica', text)
    const isSame = Buffer.compare(rootPublicKey, vault.rootPublicKey) === 0 && vaultId === vault.id
    return isSame ? undefined : 'it is of another vault'
  }
  if (name.startsWith('roles/')) {
    const deps = { vaultId: vault.id, rootPublicKey: vault.rootPublicKey }
    const { id } = parseCertificate(deps, name, text)
    return certificateName(id) === name ? undefined : 'it is the certificate of another key'
  }
  const { allDocuments, resealed } = await readFacts(vault, signal)
  const objects = [...allDocuments.map(({ object }) => object), ...resealed.map(({ list }) => list)]
  const object = objects.find((one) => one.name === name)
  if (object === undefined) return 'no entry names it'
  return isStored(object, bytes) ? undefined : 'it is not what its entry names'
}

async function judgeKeys(
  vault: Vault,
  { bytes, name }: CopyInHand,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (name.startsWith('slots/')) {
    const { vaultId } = parseSlot({ name, text: Buffer.from(bytes).toString('utf8') })
    return vaultId === vault.id ? undefined : 'it is of another vault'
  }
  const body = (await readFacts(vault, signal)).allDocuments.find(({ keyring }) => keyring === name)
  if (body === undefined) return 'no entry names it'
  const stated = await readStatedKeys(vault, signal)
  if (!stated.isWhole) return 'what says which keys are right is damaged'
  const needed = keyringOfDocument(body)
  if (!isStored(statedBytes(stated, needed), bytes)) return 'it is not what an entry says it is'
  const openers = await openersOf(vault, VAULT_TIMELINE, signal)
  await proveKeyring({ vaultId: vault.id, name, bytes, openers, parts: needed.parts })
  return undefined
}

async function readFacts(vault: Vault, signal: AbortSignal): Promise<VaultFacts> {
  return foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
}
