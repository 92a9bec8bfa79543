import type { Role } from '#seal/keys'
import { isAppError } from '#stdx/app-error'
import { listCertificates } from './change-keys.ts'
import type { OpenedVault } from './opened-vault.ts'
import { readSlots } from './read-slots.ts'

export type ListedKey = {
  /** Of the certificate. */
  readonly id: string
  readonly role: Role
  readonly source: string | null
  readonly epoch: number
  readonly isRevoked: boolean
  /** What is sealed to its holder now. */
  readonly opens: 'rows' | 'record keys' | 'nothing'
}

export type ListedKeys = {
  readonly vault: string
  readonly rootKey: string
  /** Of the recipients; 1 until the keys were split. */
  readonly epoch: number
  /** What passphrases open, each listed once. */
  readonly slots: readonly { readonly id: string; readonly epoch: number }[]
  readonly keys: readonly ListedKey[]
}

/** Who holds which keys, by what the root said; any credential may ask. */
export async function listKeys(vault: OpenedVault, signal: AbortSignal): Promise<ListedKeys> {
  const { epoch, recipients, revoked } = await vault.readKeys(signal)
  const readers = new Set(recipients?.read.map(({ certificate }) => certificate))
  const capturers = new Set(
    Object.values(recipients?.capture ?? {}).flatMap((list) =>
      list.map(({ certificate }) => certificate),
    ),
  )
  const opensOf = (id: string, role: Role): ListedKey['opens'] => {
    // Before a split whoever holds the passphrase holds the one read key.
    const isReader = recipients === null ? /root|keeper|restore/.test(role) : readers.has(id)
    if (isReader) return 'rows'
    const isCapturer = recipients === null ? role === 'capture' : capturers.has(id)
    return isCapturer ? 'record keys' : 'nothing'
  }
  const keys = (await listCertificates(vault, signal)).map(({ certificate }): ListedKey => {
    const { id, role, source } = certificate
    const isRevoked = revoked.has(id)
    const opens = opensOf(id, role)
    return { id, role, source, epoch: certificate.epoch, isRevoked, opens }
  })
  const slots = await listSlots(vault, signal)
  const rootKey = Buffer.from(vault.rootPublicKey).toString('hex')
  return { vault: vault.id, rootKey, epoch, slots, keys: keys.sort(byRole) }
}

async function listSlots(vault: OpenedVault, signal: AbortSignal): Promise<ListedKeys['slots']> {
  try {
    const slots = await readSlots(vault.keyring, vault.id, signal)
    const own = slots.filter(({ isForeign }) => !isForeign)
    return own.map(({ epoch, names }) => ({
      id: names[0]?.replace(/^slots\/|\.json$/g, '') ?? '',
      epoch,
    }))
  } catch (error) {
    if (isAppError(error, 'vault.slot-missing')) return []
    throw error
  }
}

const ORDER: readonly Role[] = ['root', 'keeper', 'restore', 'custodian', 'auditor', 'capture']

function byRole(a: ListedKey, b: ListedKey): number {
  const key = ({ epoch, id, role, source }: ListedKey) =>
    `${ORDER.indexOf(role)} ${source ?? ''} ${String(epoch).padStart(9, '0')} ${id}`
  return key(a) < key(b) ? -1 : 1
}
