import type { OpenedSource, OpenedTarget } from '#app/context'
import type { Config, ConfiguredSystem, System } from '#config/config'
import type { CanaryRow } from '#connector/canary'
import type { Connector, ConnectorOptions } from '#connector/connector'
import { parseEntityName } from '#record/entity-name'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { systemClock } from '#stdx/clock'
import { nearest } from '#stdx/did-you-mean'
import { Secret } from '#stdx/secret'

/** Each is loaded when a system of its kind is opened. */
const CONNECTORS: Readonly<Record<System['connector'], (system: System) => Promise<Connector>>> = {
  files: openFiles,
  mariadb: openMysql,
  mysql: openMysql,
  postgres: async () => (await import('#connector/postgres/postgres-connector')).postgresConnector,
  sqlite: async () => (await import('#connector/sqlite/sqlite-connector')).sqliteConnector,
}

async function openFiles({ files }: System): Promise<Connector> {
  const { filesConnector } = await import('#connector/files/files-connector')
  assert(files !== undefined, 'A folder of files has its settings.')
  return filesConnector(files)
}

async function openMysql(): Promise<Connector> {
  return (await import('#connector/mysql/mysql-connector')).mysqlConnector
}

/** @throws config.name-unknown | config.variable-missing, and those of the connector */
export async function openSource(
  config: Config,
  name: string,
  signal: AbortSignal,
): Promise<OpenedSource> {
  const system = findSystem(config, name, 'source').read()
  const connector = await CONNECTORS[system.connector](system)
  const source = await saying(system, connector.openSource(optionsOf(system, signal)))
  return { system, source }
}

/** @throws as `openSource` */
export async function openTarget(
  config: Config,
  name: string,
  signal: AbortSignal,
): Promise<OpenedTarget> {
  const system = findSystem(config, name, 'target').read()
  const connector = await CONNECTORS[system.connector](system)
  const target = await saying(system, connector.openTarget(optionsOf(system, signal)))
  return { system, target }
}

/** A SQLite file of our own, which no configuration names. */
export async function openOwnFile(
  { name, path }: { readonly name: string; readonly path: string },
  signal: AbortSignal,
): Promise<OpenedTarget> {
  const pace = { connectionsMax: 4, bytesPerSecondMax: 0 }
  const all = { include: ['*'], exclude: [], retention: undefined }
  const system: System = { name, connector: 'sqlite', address: new Secret(path), ...pace, ...all }
  const connector = await CONNECTORS[system.connector](system)
  return { system, target: await saying(system, connector.openTarget(optionsOf(system, signal))) }
}

/** @throws as `openSource` */
export async function openCanary(
  config: Config,
  name: string,
  signal: AbortSignal,
): Promise<CanaryRow> {
  const system = findSystem(config, name, 'source').read()
  const { canary, canaries } = await canaryOf(system)
  const options = { ...optionsOf(system, signal), address: canary.address }
  return await saying(system, canaries.open(options, parseEntityName(canary.table)))
}

/** `null`: the source has no canary. @throws config.name-unknown | connector.address-invalid */
export async function canaryStatements(
  config: Config,
  name: string,
): Promise<readonly string[] | null> {
  const system = findSystem(config, name, 'source').read()
  if (system.follow?.canary === undefined) return null
  const { canary, canaries } = await canaryOf(system)
  return canaries.statements({
    table: parseEntityName(canary.table),
    feed: system.feedName ?? '',
    writer: canary.address,
    reader: system.address,
  })
}

async function canaryOf(system: System) {
  const { canaries } = await CONNECTORS[system.connector](system)
  const canary = system.follow?.canary
  assert(canary !== undefined && canaries !== undefined, 'Only what can be followed has a canary.')
  return { canary, canaries }
}

/** Connectors know addresses, which are secret, and no names: those are added here. */
async function saying<T>({ name }: System, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    if (!isAppError(error)) throw error
    const found = error.message.replace(/^Cannot /, 'cannot ')
    const message = `Cannot use "${name}": ${found}`
    throw new AppError(error.code, message, error.details, { cause: error.cause })
  }
}

function findSystem(config: Config, name: string, role: 'source' | 'target'): ConfiguredSystem {
  const systems = role === 'source' ? config.sources : config.targets
  const others = role === 'source' ? config.targets : config.sources
  const found = Object.hasOwn(systems, name) ? systems[name] : undefined
  if (found !== undefined) return found
  const names = Object.keys(systems)
  const meant = nearest(name, names)
  const hint = Object.hasOwn(others, name)
    ? `it is a ${role === 'source' ? 'target' : 'source'}`
    : meant !== undefined
      ? `did you mean "${meant}"?`
      : `the configuration has ${names.length === 0 ? 'none' : names.join(', ')}`
  const message = `Cannot find ${role} "${name}": ${hint}`
  throw new AppError('config.name-unknown', message, { name, role })
}

function optionsOf(system: System, signal: AbortSignal): ConnectorOptions {
  const { address, bytesPerSecondMax, connectionsMax } = system
  return { address, bytesPerSecondMax, connectionsMax, clock: systemClock, signal }
}
