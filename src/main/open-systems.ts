import type { OpenedSource, OpenedTarget } from '#app/context'
import type { Config, ConfiguredSystem, System } from '#config/config'
import { nearest } from '#config/did-you-mean'
import type { Connector, ConnectorOptions } from '#connector/connector'
import { AppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'

/** Each is loaded when a system of its kind is opened. */
const CONNECTORS: Readonly<Record<System['connector'], () => Promise<Connector>>> = {
  postgres: async () => (await import('#connector/postgres/postgres-connector')).postgresConnector,
  sqlite: async () => (await import('#connector/sqlite/sqlite-connector')).sqliteConnector,
}

/** @throws config.name-unknown | config.variable-missing, and those of the connector */
export async function openSource(
  config: Config,
  name: string,
  signal: AbortSignal,
): Promise<OpenedSource> {
  const system = findSystem(config, name, 'source').read()
  const connector = await CONNECTORS[system.connector]()
  return { system, source: await connector.openSource(optionsOf(system, signal)) }
}

/** @throws as `openSource` */
export async function openTarget(
  config: Config,
  name: string,
  signal: AbortSignal,
): Promise<OpenedTarget> {
  const system = findSystem(config, name, 'target').read()
  const connector = await CONNECTORS[system.connector]()
  return { system, target: await connector.openTarget(optionsOf(system, signal)) }
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
