import { formatCredential } from '#seal/credential'
import { type SlotCost, sealSlot } from '#seal/slot'
import { AppError } from '#stdx/app-error'
import type { Secret } from '#stdx/secret'
import { parseObjectName } from '#store/object-name'
import { type OpenVaultRequest, openWithCredential } from './open-vault.ts'
import { readSlots } from './read-slots.ts'

/** A slot that rots shuts somebody out, so there are two. */
const SLOT_COPIES = 2

/**
 * Lets a further passphrase open the vault, with what the credential in use may do: all of it before
 * the keys are split, one role's part afterwards.
 * @throws vault.keys-split with the recovery slot, which is never kept in the vault
 */
export async function addPassphrase(
  request: OpenVaultRequest & { readonly added: Secret; readonly cost?: SlotCost },
): Promise<{ readonly vault: string; readonly slot: string }> {
  const { added, cost, keyring, random, signal } = request
  const { credential, vault } = await openWithCredential(request)
  const isSplit = (await vault.readKeys(signal)).recipients !== null
  if (isSplit && credential.signing.root !== undefined) {
    const message = `Cannot add a passphrase to "${vault.store.label}" with the recovery slot: it is never kept in the vault; use the credential file of the role that the passphrase is for`
    throw new AppError('vault.keys-split', message)
  }
  const { epoch = 1, vaultId } = credential
  const text = await sealSlot(random, {
    vaultId,
    passphrase: added,
    plaintext: formatCredential(credential),
    epoch,
    ...(cost && { cost }),
  })
  let slot = ''
  for (let copy = 0; copy < SLOT_COPIES; copy++) {
    slot = Buffer.from(random.bytes(8)).toString('hex')
    await keyring.put(parseObjectName(`slots/${slot}.json`), Buffer.from(text), signal)
  }
  return { vault: vault.id, slot }
}

/**
 * Removes a slot with its copy: its passphrase opens nothing any more. What was copied of it before
 * stays what it was. May be repeated with the same id after an interruption. One of a vault that never
 * came to be may go at any time.
 * @param id as `key list` shows it
 * @throws vault.key-unknown; so too for the last slot while everything is behind passphrases
 * @throws vault.split-unfinished for every slot then: one holds the only copy of the new keys
 */
export async function removeSlot(
  request: OpenVaultRequest & { readonly id: string },
): Promise<{ readonly vault: string; readonly slot: string }> {
  const { id, keyring, signal } = request
  const { credential, vault } = await openWithCredential(request)
  const all = await readSlots(keyring, vault.id, signal)
  const slots = all.filter(({ isForeign }) => !isForeign)
  const found = all.find(({ names }) => names.some((name) => name === `slots/${id}.json`))
  if (found === undefined) {
    throw new AppError('vault.key-unknown', `Cannot remove slot "${id}": there is none`, { id })
  }
  const isWhole = (await vault.readKeys(signal)).recipients === null
  if (isWhole && slots.length === 1 && !found.isForeign) {
    const message = `Cannot remove slot "${id}": it is the last one, and nothing else opens the vault`
    throw new AppError('vault.key-unknown', message, { id })
  }
  // After a split no slot of the vault holds the root key.
  const isUnfinished =
    !(isWhole || found.isForeign || isOutside(request)) && credential.signing.root !== undefined
  if (isUnfinished) {
    const message = `Cannot remove slot "${id}": a split of the keys was interrupted, wanted \`holdfast key split\` run again first`
    throw new AppError('vault.split-unfinished', message, { id })
  }
  // The one that was named last: as long as anything is left, the same call finds it.
  const named = parseObjectName(`slots/${id}.json`)
  const copies = found.names.filter((name) => name !== named)
  for (const name of [...copies, named]) await keyring.delete(name, signal)
  return { vault: vault.id, slot: id }
}

/** Whether what opened the vault is no slot of it. */
function isOutside(request: OpenVaultRequest): boolean {
  return 'keyFile' in request || request.slot !== undefined
}
