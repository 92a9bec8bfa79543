import type { Secret } from '#stdx/secret'
import type { FilesEntity, Retention } from './file-schema.ts'

/**
 * The configuration as the rest of Holdfast sees it: checked as a whole, frozen, paths absolute.
 *
 * A value that needs a missing variable of the environment fails only when it is asked for: on
 * disaster day the variables of the lost systems are gone, and the vault must open all the same.
 */
export type Config = {
  /** The file it was read from; `undefined` when flags and environment were enough. */
  readonly file: string | undefined
  /** The text of that file. May hold passwords: see `configWithoutSecrets`. */
  readonly text: Secret | undefined
  /** Where the vault is: an absolute path, or a URL that says all that is needed but credentials. @throws config.variable-missing | config.not-found | config.invalid when nothing says where */
  readVault(): string
  /** Whether flags, environment or file say where the vault is. */
  readonly isVaultNamed: boolean
  /** Where its keyring is. @throws as `readVault` */
  readKeyring(): string
  /** A place that somebody typed, as `readVault` would give it. @throws config.place-invalid */
  resolvePlace(place: string): string
  readonly stateDir: string
  readonly tempDir: string
  readonly sources: Readonly<Record<string, ConfiguredSystem>>
  readonly targets: Readonly<Record<string, ConfiguredSystem>>
  readonly drill: DrillConfig
}

/** What a drill is held to. */
export type DrillConfig = {
  readonly withinMs: number
  readonly customers: number
  /** When the last one that passed is too old. */
  readonly everyMs: number
}

/** A source or a target as far as it can be told without the environment. */
export type ConfiguredSystem = {
  readonly name: string
  readonly role: 'source' | 'target'
  /** As written. */
  readonly connector: string
  /** Whether it is a source with `follow`. */
  readonly isFollowed: boolean
  /** @throws config.variable-missing naming each variable that the system needs */
  read(): System
  /** Which points are kept; needs no other variable. @throws config.variable-missing */
  readRetention(): Retention | undefined
}

export type FilesConfig = {
  readonly rowsKeptMin: number
  readonly entities: Readonly<Record<string, FilesEntity>>
}

export type System = {
  readonly name: string
  readonly connector: 'mariadb' | 'mysql' | 'postgres' | 'sqlite' | 'files'
  /** A URL with its password, or an absolute path. */
  readonly address: Secret
  /** Of a folder of files: how they are read. */
  readonly files?: FilesConfig
  readonly connectionsMax: number
  readonly bytesPerSecondMax: number
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly retention: Retention | undefined
  /** Of a source that is followed: what its change feed is called there. */
  readonly feedName?: string
  /** Of a source that is followed. */
  readonly follow?: FollowConfig
}

export type FollowConfig = {
  /** Longest a transaction waits for others. */
  readonly commitMs: number
  /** How often a source that changes nothing gets an entry. */
  readonly heartbeatMs: number
  /** How often all is scanned and compared; `null`: only when it has to be. */
  readonly reconcileMs: number | null
  readonly canary?: CanaryConfig
}

export type CanaryConfig = {
  /** Of who may update its row (secret). */
  readonly address: Secret
  /** As the source names it. */
  readonly table: string
  readonly everyMs: number
  /** When one that has not come through is warned of. */
  readonly lateMs: number
}
