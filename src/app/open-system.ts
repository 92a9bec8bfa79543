import type { Source } from '#connector/connector'
import type { Context } from './context.ts'

/** Opens a source or a target for reading; their names are unique across both. */
export async function openSystem(
  deps: Pick<Context, 'openSource' | 'openTarget' | 'readConfig'>,
  name: string,
  signal: AbortSignal,
): Promise<Source> {
  const { targets } = await deps.readConfig()
  if (Object.hasOwn(targets, name)) return (await deps.openTarget(name, signal)).target
  return (await deps.openSource(name, signal)).source
}
