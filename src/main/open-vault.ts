import type { Config } from '#config/config'
import { type ReadCredentialDeps, readCredential } from '#config/read-credential'
import type { ProcessSettings } from '#config/read-process-settings'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { openStore } from './open-store.ts'

export type OpenConfiguredVaultDeps = {
  readonly config: Config
  readonly settings: ProcessSettings
  readonly credentialDeps: ReadCredentialDeps
}

/** Opens the vault that the configuration names, with the credential that the environment names. */
export async function openConfiguredVault(
  { config, credentialDeps, settings }: OpenConfiguredVaultDeps,
  signal: AbortSignal,
): Promise<Vault> {
  const store = openStore(config.readVault())
  const keyring = openStore(config.readKeyring())
  const credential = await readCredential(credentialDeps, settings, signal)
  const message = `Cannot open "${store.label}" and "${keyring.label}" by ${credential.kind}: not built yet`
  throw new AppError('config.invalid', message)
}
