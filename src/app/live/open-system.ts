import type { Config } from '#config/config'
import type { Source } from '#connector/connector'
import { AppError } from '#stdx/app-error'
import { nearest } from '#stdx/did-you-mean'
import type { Context } from '../context.ts'

/**
 * Opens a source or a target for reading; their names are unique across both.
 * @throws config.name-unknown naming all that there are, and what opening throws
 */
export async function openSystem(
  deps: Pick<Context, 'openSource' | 'openTarget' | 'readConfig'>,
  name: string,
  signal: AbortSignal,
): Promise<{ readonly connector: string; readonly source: Source }> {
  const { sources, targets } = await deps.readConfig()
  if (Object.hasOwn(targets, name)) {
    const { system, target } = await deps.openTarget(name, signal)
    return { connector: system.connector, source: target }
  }
  if (!Object.hasOwn(sources, name)) throw unknownName(name, { sources, targets })
  const { source, system } = await deps.openSource(name, signal)
  return { connector: system.connector, source }
}

function unknownName(name: string, { sources, targets }: Pick<Config, 'sources' | 'targets'>) {
  const known = [...Object.keys(sources), ...Object.keys(targets)]
  const meant = nearest(name, known)
  const list = (role: string, names: readonly string[]) =>
    names.length === 0
      ? `no ${role}s`
      : `the ${role}${names.length > 1 ? 's' : ''} ${names.join(', ')}`
  const all = `${list('source', Object.keys(sources))} and ${list('target', Object.keys(targets))}`
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  const message = `Cannot find source or target "${name}": the configuration has ${all}${hint}`
  return new AppError('config.name-unknown', message, { name })
}
