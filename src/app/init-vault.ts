import { unlink } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import type { Config } from '#config/config'
import { isStoreUrl, keyringOf } from '#config/place'
import { formatStartingConfig } from '#config/starting-config'
import { writeConfig } from '#config/write-config'
import { isAppError } from '#stdx/app-error'
import { createVault } from '#vault/create-vault'
import type { Context } from './context.ts'

export type InitAnswer = {
  /** Id of the new vault. */
  readonly vault: string
  readonly place: string
  readonly keyring: string
  /** The configuration that names it. */
  readonly config: string
  /** Whether that was written now; else there was one already. */
  readonly isConfigNew: boolean
}

export type InitVaultDeps = Pick<
  Context,
  | 'clock'
  | 'configPath'
  | 'createStore'
  | 'random'
  | 'readConfig'
  | 'readFlagsOnly'
  | 'readNewPassphrase'
>

/**
 * Makes a new vault where the configuration, or else `fallback`, says, and a first configuration
 * when there is none. Never writes over a vault or a configuration.
 *
 * The configuration comes first, so that no vault is without one. When the run fails it goes again;
 * after an interruption the same call finishes.
 *
 * @param fallback where the vault goes when nothing says where: an absolute path
 * @throws vault.exists | config.passphrase-missing | config.passphrase-weak | store.not-conditional
 */
export async function initVault(
  deps: InitVaultDeps,
  fallback: string,
  signal: AbortSignal,
): Promise<InitAnswer> {
  const config = await readConfigIfAny(deps)
  const isNamed = config.file !== undefined || config.isVaultNamed
  const place = isNamed ? config.readVault() : fallback
  const keyringPlace = isNamed ? config.readKeyring() : keyringOf(fallback)
  const passphrase = await deps.readNewPassphrase(signal)
  const store = await deps.createStore(place)
  const keyring = await deps.createStore(keyringPlace)
  const { clock, random } = deps
  const request = { store, keyring, random, clock, passphrase, signal }
  const isConfigNew = config.file === undefined
  const { id } = isConfigNew
    ? await withConfig(deps, { place, keyringPlace }, () => createVault(request))
    : await createVault(request)
  return { vault: id, place, keyring: keyringPlace, config: deps.configPath, isConfigNew }
}

/** Writes the first configuration, and takes it away again when what follows fails. */
async function withConfig<T>(
  { configPath, random }: InitVaultDeps,
  { keyringPlace, place }: { readonly place: string; readonly keyringPlace: string },
  create: () => Promise<T>,
): Promise<T> {
  const isInside = keyringPlace === keyringOf(place)
  const text = formatStartingConfig({
    vault: asWritten(place, configPath),
    keyring: isInside ? undefined : asWritten(keyringPlace, configPath),
  })
  await writeConfig(configPath, text, { random, mayReplace: false })
  try {
    return await create()
  } catch (error) {
    // What failed is what is told; a configuration that stays names the same place.
    await unlink(configPath).catch(() => {})
    throw error
  }
}

/** The file that `--config` names need not be there yet: it is about to be written. */
async function readConfigIfAny(deps: InitVaultDeps): Promise<Config> {
  try {
    return await deps.readConfig()
  } catch (error) {
    if (!isAppError(error, 'config.not-found')) throw error
    return deps.readFlagsOnly()
  }
}

/** Relative where it lies below the configuration, so that both can be moved together. */
function asWritten(place: string, configPath: string): string {
  if (isStoreUrl(place)) return place
  const path = relative(dirname(configPath), place)
  return path.startsWith('..') ? place : `./${path}`
}
