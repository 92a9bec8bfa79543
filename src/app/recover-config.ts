import { basename } from 'node:path'
import type { Config } from '#config/config'
import { relocateConfig } from '#config/config-without-secrets'
import { listVariables } from '#config/interpolate'
import { keyringOf } from '#config/place'
import { formatStartingConfig } from '#config/starting-config'
import { writeConfig } from '#config/write-config'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'

export type RecoverAnswer = {
  /** The configuration written. */
  readonly config: string
  readonly vault: string
  readonly sources: readonly string[]
  /** Variables of the environment that the configuration refers to. */
  readonly variables: readonly string[]
  /** Whether the vault held a configuration; else it is a first one without sources. */
  readonly isFromVault: boolean
}

/**
 * Writes a working configuration on an empty machine, from the vault alone: the one it was last
 * backed up with, saying where the vault is now.
 *
 * Never writes over a configuration, unless `confirmed` is the name of that file.
 *
 * @param config what flags and environment say about where the vault is
 * @throws config.exists | config.not-writable
 */
export async function recoverConfig(
  { configPath, random }: Pick<Context, 'configPath' | 'random'>,
  { confirmed, config, vault }: { confirmed: string | undefined; config: Config; vault: Vault },
  signal: AbortSignal,
): Promise<RecoverAnswer> {
  const text = await vault.readDocument('config', signal)
  const place = config.readVault()
  const keyring = config.readKeyring()
  const places = { vault: place, keyring: keyring === keyringOf(place) ? undefined : keyring }
  const written = text === undefined ? formatStartingConfig(places) : relocateConfig(text, places)
  const name = basename(configPath)
  if (confirmed !== undefined && confirmed !== name) {
    const message = `Cannot write configuration "${configPath}": found "${confirmed}" as confirmation, wanted "${name}"`
    throw new AppError('config.exists', message)
  }
  await writeConfig(configPath, written, { random, mayReplace: confirmed === name })
  return {
    config: configPath,
    vault: place,
    sources: await vault.listSources(signal),
    variables: text === undefined ? [] : [...new Set(listVariables(withoutComments(written)))],
    isFromVault: text !== undefined,
  }
}

function withoutComments(text: string): string {
  return text.replace(/(^|\s)#.*$/gm, '')
}
