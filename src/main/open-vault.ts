import type { Warning } from '#app/context'
import type { Config } from '#config/config'
import { type ReadCredentialDeps, readCredential } from '#config/read-credential'
import type { ProcessSettings } from '#config/read-process-settings'
import { AppError, isAppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { parseObjectName } from '#store/object-name'
import type { ObjectStore } from '#store/object-store'
import { type OpenVaultRequest, openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { openStore } from './open-store.ts'

export type OpenConfiguredVaultDeps = {
  readonly config: Config
  readonly settings: ProcessSettings
  readonly credentialDeps: ReadCredentialDeps
  readonly warn: (warning: Warning) => void
  /** As in the context. */
  readonly meanwhile?: () => Promise<unknown>
}

/** Opens the vault that the configuration names, with the credential that the environment names. */
export async function openConfiguredVault(
  deps: OpenConfiguredVaultDeps,
  signal: AbortSignal,
): Promise<Vault> {
  return await openVault(await readVaultRequest(deps, signal))
}

/** How that vault is opened. */
export async function readVaultRequest(
  { config, credentialDeps, settings, warn, ...options }: OpenConfiguredVaultDeps,
  signal: AbortSignal,
): Promise<OpenVaultRequest> {
  const store = openStore(config.readVault(), config.tempDir)
  const keyring = openStore(config.readKeyring(), config.tempDir)
  await refuseMissing(store, signal)
  const credential = await readCredential(credentialDeps, settings, signal)
  const deps = { store, keyring, clock: systemClock, random: systemRandom, ...options }
  const onForgotten = (folder: string, error: unknown) => warn(describeForgotten(folder, error))
  const { indexMegabytes } = settings
  const index =
    indexMegabytes === undefined ? {} : { indexBytesMax: Number(indexMegabytes) * 1_048_576 }
  const request = { ...deps, ...index, stateDir: config.stateDir, onForgotten, signal }
  if (credential.kind === 'key-file') return { ...request, keyFile: credential.text }
  const { passphrase, slot } = credential
  return { ...request, passphrase, slot }
}

function describeForgotten(folder: string, error: unknown): Warning {
  const found = error instanceof Error && 'code' in error ? error.code : 'it cannot be written'
  return {
    code: 'vault.heads-forgotten',
    message: `Cannot remember the newest entries in "${folder}": ${found}. Should somebody take them out of the vault, this machine may not notice; name a folder that can be written with HOLDFAST_STATE_DIR`,
  }
}

/** Nobody is asked for the passphrase of a vault that is not there. */
async function refuseMissing(store: ObjectStore, signal: AbortSignal): Promise<void> {
  const problem = await findProblem(store, signal)
  if (problem === undefined) return
  const message = `Cannot open the vault at "${store.label}": ${problem}`
  throw new AppError('vault.not-found', message, { store: store.label })
}

async function findProblem(store: ObjectStore, signal: AbortSignal): Promise<string | undefined> {
  try {
    const found = await store.stat(parseObjectName('vault.json'), signal)
    return found === undefined ? 'it holds no vault.json' : undefined
  } catch (error) {
    const isFolderMissing =
      isAppError(error, 'store.unavailable') && error.details['errno'] === 'ENOENT'
    if (!isFolderMissing) throw error
    return 'the folder does not exist'
  }
}
