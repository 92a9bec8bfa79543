import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import type { Config } from './config.ts'
import type { Environment } from './interpolate.ts'
import { type ParsedConfig, type PlaceName, parseConfig, readDrill } from './parse-config.ts'
import { completePlace, isS3Url, isStoreUrl, keyringOf, type S3Parameters } from './place.ts'
import type { ProcessSettings } from './read-process-settings.ts'
import { settingOf } from './settings.ts'

export type LoadConfigDeps = {
  readonly environment: Environment
  readonly currentFolder: string
  readonly homeFolder: string
}

export const CONFIG_FILE = 'holdfast.yaml'

/**
 * Finds and reads the configuration: `--config`, `HOLDFAST_CONFIG`, else `./holdfast.yaml`, which
 * may be absent when flags or environment say where the vault is. The result is frozen.
 *
 * @throws config.not-found | config.unreadable | config.invalid
 */
export async function loadConfig(deps: LoadConfigDeps, settings: ProcessSettings): Promise<Config> {
  const path = configPath(deps, settings)
  const text = await readText(path, settings.config !== undefined)
  const folder = dirname(path)
  const parsed =
    text === undefined
      ? undefined
      : parseConfig(text, { label: path, folder, environment: deps.environment })
  return Object.freeze(assemble(deps, settings, { path, folder, text, parsed }))
}

/** What flags and environment say alone, as on a machine without a configuration. */
export function configOfFlags(deps: LoadConfigDeps, settings: ProcessSettings): Config {
  const path = configPath(deps, settings)
  const found = { path, folder: dirname(path), text: undefined, parsed: undefined }
  return Object.freeze(assemble(deps, settings, found))
}

/** Where the configuration file is or would be, absolute. */
export function configPath(deps: LoadConfigDeps, settings: ProcessSettings): string {
  return resolve(deps.currentFolder, settings.config ?? CONFIG_FILE)
}

type Found = {
  readonly path: string
  readonly folder: string
  readonly text: string | undefined
  readonly parsed: ParsedConfig | undefined
}

function assemble(deps: LoadConfigDeps, settings: ProcessSettings, found: Found): Config {
  const readWritten = (name: PlaceName) => found.parsed?.places[name]()
  function readPlace(name: 'vault' | 'keyring' | 'stateDir' | 'tempDir'): string | undefined {
    const given = settings[name]
    if (given !== undefined) return absolute(deps.currentFolder, given)
    const written = readWritten(name)
    return written === undefined ? undefined : absolute(found.folder, written)
  }
  function readS3(): S3Parameters {
    const pathStyle = readWritten('s3PathStyle')
    const { AWS_DEFAULT_REGION, AWS_REGION } = deps.environment
    return {
      endpoint: settings.s3Endpoint ?? readWritten('s3Endpoint'),
      region:
        settings.s3Region ??
        readWritten('s3Region') ??
        (AWS_REGION || AWS_DEFAULT_REGION || undefined),
      profile: settings.s3Profile ?? readWritten('s3Profile'),
      pathStyle: settings.s3PathStyle ?? (pathStyle === undefined ? undefined : isOn(pathStyle)),
      objectLock: settings.s3ObjectLock ?? readWritten('s3ObjectLock'),
    }
  }
  function complete(place: string, isLocked: boolean): string {
    if (!isS3Url(place)) return place
    const { objectLock, ...others } = readS3()
    return completePlace(place, isLocked ? { ...others, objectLock } : others)
  }
  function readVault(): string {
    const vault = readPlace('vault')
    if (vault !== undefined) return complete(vault, true)
    if (found.parsed === undefined) throw notFound(found.path)
    throw new AppError(
      'config.invalid',
      `Cannot open the vault: "${found.path}" does not say where it is, wanted a line like "vault: ./vault"`,
    )
  }
  return {
    file: found.parsed === undefined ? undefined : found.path,
    text: found.text === undefined ? undefined : new Secret(found.text),
    readVault,
    isVaultNamed: settings.vault !== undefined || found.parsed?.hasVault === true,
    readKeyring() {
      const keyring = readPlace('keyring')
      return keyring === undefined ? keyringOf(readVault()) : complete(keyring, false)
    },
    resolvePlace: (place) => complete(absolute(deps.currentFolder, place), true),
    stateDir: readPlace('stateDir') ?? defaultStateDir(deps),
    tempDir: readPlace('tempDir') ?? tmpdir(),
    sources: found.parsed?.sources ?? {},
    targets: found.parsed?.targets ?? {},
    drill: found.parsed?.drill ?? readDrill(undefined),
  }
}

/** The schema of the file has read the value, which may be a variable's. */
function isOn(text: string): boolean {
  return settingOf('s3PathStyle').type.parse(text) === true
}

function defaultStateDir({ environment, homeFolder }: LoadConfigDeps): string {
  const stateHome = environment['XDG_STATE_HOME']
  // The XDG base directory specification: a relative path is to be ignored.
  const base = stateHome?.startsWith('/') ? stateHome : join(homeFolder, '.local/state')
  return join(base, 'holdfast')
}

function absolute(folder: string, place: string): string {
  return isStoreUrl(place) ? place : resolve(folder, place)
}

async function readText(path: string, isRequired: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'ENOENT' && !isRequired) return undefined
    if (code === 'ENOENT') throw notFound(path, cause)
    const message = `Cannot read configuration "${path}": found ${code}, wanted a readable file`
    throw new AppError('config.unreadable', message, { path }, { cause })
  }
}

function notFound(path: string, cause?: unknown): AppError {
  const message = `Cannot find the configuration "${path}": there is no such file`
  return new AppError('config.not-found', message, { path }, { cause })
}
