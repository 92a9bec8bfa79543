import { join } from 'node:path'
import { AppError } from '#stdx/app-error'
import type { Secret } from '#stdx/secret'
import { addPassphrase, removeSlot } from '#vault/passphrase-slots'
import {
  addCredential,
  type ChangeReport,
  type HolderName,
  revokeCertificate,
} from '#vault/rotate-keys'
import { fileNameOf } from '#vault/split-keys'
import type { Context } from './context.ts'
import { openKeyFolder, prepareKeyFolder, refuseKeyFolder } from './credential/key-files.ts'

export type ChangeKeysDeps = Pick<Context, 'random' | 'readConfig' | 'readVaultRequest'>

export type ChangedKeys = ChangeReport & {
  /** The credential file written, if any. */
  readonly file: string | null
}

const ROLES = ['capture', 'custodian', 'keeper', 'restore', 'auditor'] as const

/** `custodian`, `capture:erp`. @throws app.role-unknown */
export function parseHolder(text: string): HolderName {
  const [name = '', source] = text.split(':', 2)
  const role = ROLES.find((one) => one === name)
  if (role !== undefined && (role === 'capture') === (source !== undefined && source !== '')) {
    return { role, source: source ?? null }
  }
  const wanted = ROLES.map((one) => (one === 'capture' ? 'capture:SOURCE' : one)).join(', ')
  throw new AppError('app.role-unknown', `Cannot tell the role: found "${text}", wanted ${wanted}`)
}

export type IssueKeyRequest = {
  readonly holder: HolderName
  /** Absolute; new or empty. */
  readonly folder: string
  readonly isRotation: boolean
}

/** Makes a credential file for a role; a rotation takes the earlier ones out of use. */
export async function issueKey(
  deps: ChangeKeysDeps,
  { folder, holder, isRotation }: IssueKeyRequest,
  signal: AbortSignal,
): Promise<ChangedKeys> {
  const config = await deps.readConfig()
  const places = [config.readVault(), config.readKeyring()]
  await refuseKeyFolder(folder, places)
  const request = await deps.readVaultRequest(signal)
  const files = openKeyFolder(folder, deps.random)
  // What the vault refuses leaves no empty folder; what may be done has one before anything is done.
  const has = async (name: string) => {
    await prepareKeyFolder(folder, places)
    return await files.has(name)
  }
  const report = await addCredential({ ...request, holder, folder: { ...files, has }, isRotation })
  return { ...report, file: join(folder, fileNameOf(holder)) }
}

/** Takes a certificate, or a slot, out of use. */
export async function revokeKey(
  deps: ChangeKeysDeps,
  id: string,
  signal: AbortSignal,
): Promise<ChangedKeys> {
  const request = await deps.readVaultRequest(signal)
  const isSlot = /^[0-9a-f]{16}$/.test(id)
  if (!isSlot) return { ...(await revokeCertificate({ ...request, id })), file: null }
  const { slot, vault } = await removeSlot({ ...request, id })
  return { vault, added: [], revoked: [slot], epoch: 0, resealed: 0, problems: [], file: null }
}

/** Lets a further passphrase open what the credential in use opens. */
export async function addVaultPassphrase(
  deps: ChangeKeysDeps,
  added: Secret,
  signal: AbortSignal,
): Promise<{ readonly vault: string; readonly slot: string }> {
  return await addPassphrase({ ...(await deps.readVaultRequest(signal)), added })
}
