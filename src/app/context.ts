import type { CaptureEntity } from '#capture/capture-entity'
import type { Config, System } from '#config/config'
import type { CanaryRow } from '#connector/canary'
import type { Source, Target } from '#connector/connector'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import type { OpenVaultRequest } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import type { ProgressSink } from './progress.ts'

/**
 * What the operations of this room are given by whoever calls them. Each takes the part it uses
 * (`Pick<Context, ...>`). Nothing is opened or read before it is asked for.
 */
export type Context = {
  readonly clock: Clock
  readonly random: Random
  readonly progress: ProgressSink
  /** Said once, to whoever runs the operation. */
  warn(warning: Warning): void
  /** Read at the first call, the same ever after. @throws config.not-found | config.invalid */
  readConfig(): Promise<Config>
  /** What flags and environment say, whatever file there is. */
  readFlagsOnly(): Config
  /** Where a configuration is or would be written, absolute. */
  readonly configPath: string
  /** The passphrase of a vault to be made. @throws config.passphrase-missing | config.passphrase-weak */
  readNewPassphrase(signal: AbortSignal): Promise<Secret>
  /** A further passphrase of the vault: of a file, or asked for. @throws as `readNewPassphrase` */
  readAddedPassphrase(file: string | undefined, signal: AbortSignal): Promise<Secret>
  /** A store by its place: an absolute path or a URL. No I/O. @throws app.store-unsupported */
  openStore(place: string): ObjectStore
  /** The same, making the folder when it is not there. @throws app.store-unsupported | store.denied */
  createStore(place: string): Promise<ObjectStore>
  /**
   * Opens the vault that the configuration names, asking for the passphrase where nothing gives it.
   * @throws config.variable-missing | config.passphrase-missing | vault.not-found | vault.wrong-key
   */
  openVault(signal: AbortSignal, options?: OpenVaultOptions): Promise<Vault>
  /** The credential file or recovery slot that the vault is opened with; `undefined`: a passphrase alone. */
  readonly credentialFile: string | undefined
  /** How `openVault` opens it, for whoever changes keys. @throws as `openVault`, before opening */
  readVaultRequest(signal: AbortSignal, config?: Config): Promise<OpenVaultRequest>
  /** @throws config.name-unknown | config.variable-missing | connector.unreachable | connector.denied */
  openSource(name: string, signal: AbortSignal): Promise<OpenedSource>
  /**
   * Connects as the one who updates the canary of a source that has one.
   * @throws connector.unreachable | connector.denied | connector.address-invalid
   */
  openCanary(name: string, signal: AbortSignal): Promise<CanaryRow>
  /** What makes the canary of a source that has one; `null`: it has none. */
  canaryStatements(name: string): Promise<readonly string[] | null>
  /** Where entities of one source are captured, in threads of their own. The caller disposes it. */
  openCapturePool(vault: Vault, source: string, signal: AbortSignal): Promise<CapturePool>
  /** Opens a target; the name of a source is refused. @throws as `openSource` */
  openTarget(name: string, signal: AbortSignal): Promise<OpenedTarget>
  /** Opens a SQLite file of our own as a target, under a name that no configuration has. */
  openOwnFile(
    own: { readonly name: string; readonly path: string },
    signal: AbortSignal,
  ): Promise<OpenedTarget>
}

export type OpenVaultOptions = {
  /** Instead of the one that `readConfig` gives. */
  readonly config?: Config
  /**
   * Called, perhaps several times, while another thread makes a key of the passphrase: the moment
   * to load what will be needed next.
   */
  readonly meanwhile?: () => Promise<unknown>
}

export type Warning = { readonly code: string; readonly message: string }

/** The caller disposes `source`. */
export type OpenedSource = { readonly system: System; readonly source: Source }
/** The caller disposes `target`. */
export type OpenedTarget = { readonly system: System; readonly target: Target }

export type CapturePool = AsyncDisposable & { readonly captureEntity: CaptureEntity }
