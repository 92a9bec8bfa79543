import { resolve } from 'node:path'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { parseDurationMs } from '#stdx/duration'
import { Secret } from '#stdx/secret'
import { formatProblems, type Path, type Problem } from '#stdx/yaml-lines'
import { checkSettings } from './check-settings.ts'
import type { CanaryConfig, ConfiguredSystem, DrillConfig, FilesConfig, System } from './config.ts'
import {
  drillSchema,
  followSchema,
  outlineSchema,
  retentionSchema,
  type SourceSettings,
  SYSTEM_NAME,
  sourceSchema,
  type TargetSettings,
  targetSchema,
} from './file-schema.ts'
import type { Environment } from './interpolate.ts'
import type { S3_SETTINGS, S3ParameterName } from './place.ts'
import { readYamlFile, type YamlFile } from './yaml-file.ts'

/** What a file says. Places are as written, with variables put in; each fails when one is missing. */
export type ParsedConfig = {
  readonly places: Readonly<Record<PlaceName, Place>>
  readonly hasVault: boolean
  readonly sources: Readonly<Record<string, ConfiguredSystem>>
  readonly targets: Readonly<Record<string, ConfiguredSystem>>
  readonly drill: DrillConfig
}

/** Settings of the process that may stand in the file. */
export type PlaceName =
  | 'vault'
  | 'keyring'
  | 'stateDir'
  | 'tempDir'
  | (typeof S3_SETTINGS)[S3ParameterName]
/** @throws config.variable-missing */
export type Place = () => string | undefined

export type ParseConfigOptions = {
  /** For messages. */
  readonly label: string
  /** Absolute; paths in the file are relative to it. */
  readonly folder: string
  readonly environment: Environment
}

/**
 * Reads the text of a `holdfast.yaml`.
 *
 * @throws config.invalid with every problem of the file and its line
 */
export function parseConfig(text: string, options: ParseConfigOptions): ParsedConfig {
  const file = readYamlFile(text, options.environment)
  if (file.problems.length > 0) throw invalid(options.label, file.problems)
  const value = file.value ?? {}
  const outline = checkSettings(file, { path: [], subject: 'the file', value }, outlineSchema)
  const problems: Problem[] = outline.kind === 'bad' ? [...outline.problems] : []
  const parsing = { file, options, problems }

  const sources = readSystems(parsing, 'source', field(value, 'sources'))
  const targets = readSystems(parsing, 'target', field(value, 'targets'))
  for (const name of Object.keys(targets)) {
    if (!Object.hasOwn(sources, name)) continue
    const line = file.lineOf(['targets', name], true)
    const problem = `target ${name} bears the name of a source; names are unique across both`
    problems.push({ line, problem })
  }
  if (problems.length > 0) throw invalid(options.label, problems)
  const place = (name: PlaceName) => readPlace(parsing, name, field(value, name))
  return Object.freeze({
    places: Object.freeze({
      vault: place('vault'),
      keyring: place('keyring'),
      stateDir: place('stateDir'),
      tempDir: place('tempDir'),
      s3Endpoint: place('s3Endpoint'),
      s3Region: place('s3Region'),
      s3Profile: place('s3Profile'),
      s3PathStyle: place('s3PathStyle'),
      s3ObjectLock: place('s3ObjectLock'),
    }),
    hasVault: field(value, 'vault') !== undefined,
    sources: Object.freeze(sources),
    targets: Object.freeze(targets),
    drill: readDrill(field(value, 'drill')),
  })
}

/** What was checked with the rest of the file; as it is by itself while it waits for a variable. */
export function readDrill(value: unknown): DrillConfig {
  const read = drillSchema.safeParse(value ?? {})
  const { customers, every, within } = read.success ? read.data : drillSchema.parse({})
  return Object.freeze({
    withinMs: durationMs(within),
    customers,
    everyMs: durationMs(every),
  })
}

type Parsing = {
  readonly file: YamlFile
  readonly options: ParseConfigOptions
  readonly problems: Problem[]
}

function readSystems(
  parsing: Parsing,
  role: 'source' | 'target',
  group: unknown,
): Record<string, ConfiguredSystem> {
  const systems: Record<string, ConfiguredSystem> = {}
  if (!isObject(group)) return systems
  for (const [name, value] of Object.entries(group)) {
    const path = [`${role}s`, name]
    if (!SYSTEM_NAME.test(name)) {
      const need = 'wanted lower-case letters, digits and dashes, a letter first, at most 63'
      const line = parsing.file.lineOf(path, true)
      parsing.problems.push({ line, problem: `"${name}" is no name of a ${role}: ${need}` })
    }
    systems[name] = readSystem(parsing, { role, name, path, value })
  }
  return systems
}

function readSystem(
  { file, options, problems }: Parsing,
  at: { role: 'source' | 'target'; name: string; path: Path; value: unknown },
): ConfiguredSystem {
  const { role, name, path, value } = at
  const subject = `${role} ${name}`
  const schema = role === 'source' ? sourceSchema : targetSchema
  const checked = checkSettings<SourceSettings | TargetSettings>(
    file,
    { path, subject, value },
    schema,
  )
  if (checked.kind === 'bad') problems.push(...checked.problems)
  const missing = namesBelow(file, path)
  const connector = field(value, 'connector')
  const follow = field(value, 'follow')
  const retention = field(value, 'retention')
  const retentionMissing = namesBelow(file, [...path, 'retention'])
  const system = checked.kind === 'good' ? toSystem(name, checked.value, options.folder) : undefined
  return Object.freeze({
    name,
    role,
    connector: typeof connector === 'string' ? connector : '',
    isFollowed: role === 'source' && (follow === true || isObject(follow)),
    read() {
      if (missing.length > 0 || system === undefined) {
        throw variableMissing(subject, missing, options.label)
      }
      return system
    },
    readRetention() {
      if (retentionMissing.length > 0) {
        throw variableMissing(`retention of ${subject}`, retentionMissing, options.label)
      }
      return retention === undefined ? undefined : retentionSchema.parse(retention)
    },
  })
}

function toSystem(name: string, settings: SourceSettings | TargetSettings, folder: string): System {
  const isSource = 'include' in settings
  const isServer = 'url' in settings
  const isFolder = 'folder' in settings
  const place = isFolder ? settings.folder : isServer ? '' : settings.file
  return Object.freeze({
    name,
    connector: settings.connector,
    address: new Secret(isServer ? settings.url : resolve(folder, place)),
    ...(isFolder && { files: toFiles(settings) }),
    connectionsMax: isServer ? settings.connectionsMax : 1,
    bytesPerSecondMax: isServer ? settings.bytesPerSecondMax : 0,
    include: Object.freeze(isSource ? settings.include : ['*']),
    exclude: Object.freeze(isSource ? settings.exclude : []),
    retention: isSource ? settings.retention : undefined,
    ...('follow' in settings && settings.follow && toFollow(name, settings)),
  })
}

type FollowedSettings = Extract<SourceSettings, { follow: unknown }>
type CanarySettings = NonNullable<Exclude<FollowedSettings['follow'], boolean>['canary']>

function toFollow(
  name: string,
  { connector, feedName, follow }: FollowedSettings,
): Pick<System, 'feedName' | 'follow'> {
  const asked = typeof follow === 'object' ? follow : followSchema.parse({})
  const { canary, commit, heartbeat, reconcile } = asked
  return {
    feedName: feedName ?? `holdfast_${name.replaceAll('-', '_')}`.slice(0, 63),
    follow: Object.freeze({
      commitMs: durationMs(commit),
      heartbeatMs: durationMs(heartbeat),
      reconcileMs: reconcile === false ? null : durationMs(reconcile),
      ...(canary !== undefined && { canary: toCanary(connector, canary) }),
    }),
  }
}

function toCanary(
  connector: FollowedSettings['connector'],
  { every, late, table, url }: CanarySettings,
): CanaryConfig {
  const ownTable = connector === 'postgres' ? 'public.holdfast_canary' : 'holdfast_canary'
  return Object.freeze({
    address: new Secret(url),
    table: table ?? ownTable,
    everyMs: durationMs(every),
    lateMs: durationMs(late),
  })
}

function durationMs(text: string): number {
  const ms = parseDurationMs(text)
  assert(ms !== undefined, 'A duration was checked.')
  return ms
}

function toFiles(
  settings: Extract<SourceSettings | TargetSettings, { folder: string }>,
): FilesConfig {
  // A target is compared with a point, record by record, and has no backup before it.
  const rowsKeptMin = 'rowsKeptMin' in settings ? settings.rowsKeptMin : 0
  return Object.freeze({ rowsKeptMin, entities: settings.entities })
}

function readPlace({ file, options }: Parsing, name: PlaceName, value: unknown): Place {
  const missing = namesBelow(file, [name])
  return () => {
    if (missing.length > 0) throw variableMissing(`"${name}"`, missing, options.label)
    return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined
  }
}

function namesBelow(file: YamlFile, path: Path): string[] {
  const isBelow = (other: Path) => path.every((part, i) => part === other[i])
  const names = file.missing.filter((missing) => isBelow(missing.path)).map(({ name }) => name)
  return [...new Set(names)]
}

function variableMissing(subject: string, names: readonly string[], label: string): AppError {
  const list = names.join(', ')
  const found = names.length === 1 ? `${list} is not set` : `${list} are not set`
  const message = `Cannot use ${subject} of "${label}": ${found} in the environment`
  return new AppError('config.variable-missing', message, { names })
}

function invalid(label: string, problems: readonly Problem[]): AppError {
  return new AppError(
    'config.invalid',
    `Cannot read configuration "${label}": ${formatProblems(problems)}`,
    { problems: [...problems].sort((a, b) => a.line - b.line) },
  )
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
