import type { Context } from '#app/context'
import type { ContextRequest } from '#cli/run-cli'
import { configOfFlags, configPath, type LoadConfigDeps, loadConfig } from '#config/load-config'
import { readAddedPassphrase, readNewPassphrase } from '#config/read-credential'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { createStore, openStore } from './open-store.ts'
import {
  canaryStatements,
  openCanary,
  openOwnFile,
  openSource,
  openTarget,
} from './open-systems.ts'
import { openConfiguredVault, readVaultRequest } from './open-vault.ts'

/** The context of this process: real clock, real randomness, real systems. */
export function openContext(
  deps: LoadConfigDeps & { readonly threadUrl: URL },
  request: ContextRequest,
): Context {
  const { askHidden: ask, progress, settings, warn } = request
  const credentialDeps = { environment: deps.environment, ask }
  let config: ReturnType<typeof loadConfig> | undefined
  const readConfig = () => {
    config ??= loadConfig(deps, settings)
    return config
  }
  return {
    clock: systemClock,
    random: systemRandom,
    progress,
    warn,
    readConfig,
    configPath: configPath(deps, settings),
    readNewPassphrase: (signal) => readNewPassphrase(credentialDeps, settings, signal),
    readAddedPassphrase: (file, signal) => readAddedPassphrase(credentialDeps, file, signal),
    openStore: (place) => openStore(place, settings.tempDir),
    createStore: (place) => createStore(place, settings.tempDir),
    readFlagsOnly: () => configOfFlags(deps, settings),
    openVault: async (signal, { config, ...options } = {}) => {
      const named = config ?? (await readConfig())
      const opened = { config: named, credentialDeps, settings, warn, ...options }
      return await openConfiguredVault(opened, signal)
    },
    credentialFile: settings.keyFile ?? settings.slot,
    readVaultRequest: async (signal, named) => {
      const config = named ?? (await readConfig())
      return await readVaultRequest({ config, credentialDeps, settings, warn }, signal)
    },
    openSource: async (name, signal) => await openSource(await readConfig(), name, signal),
    openCanary: async (name, signal) => await openCanary(await readConfig(), name, signal),
    canaryStatements: async (name) => await canaryStatements(await readConfig(), name),
    openCapturePool: async (vault, source, signal) => {
      const { openCapturePool } = await import('./open-capture-pool.ts')
      const opened = { config: await readConfig(), threadUrl: deps.threadUrl, vault }
      return await openCapturePool(opened, source, signal)
    },
    openTarget: async (name, signal) => await openTarget(await readConfig(), name, signal),
    openOwnFile,
  }
}
