import type { ConfiguredSystem } from '#config/config'
import { isAppError } from '#stdx/app-error'
import type { Context } from './context.ts'

/** A source or target of the configuration, as `source list --json` prints it. */
export type SystemAnswer = {
  readonly name: string
  readonly role: 'source' | 'target'
  readonly connector: string
  /** What keeps it from being used, or `null`. */
  readonly problem: string | null
}

/** Sources, then targets, in the order of the file. Nothing is opened. */
export async function listSystems({
  readConfig,
}: Pick<Context, 'readConfig'>): Promise<readonly SystemAnswer[]> {
  const { sources, targets } = await readConfig()
  return [...Object.values(sources), ...Object.values(targets)].map((system) => ({
    name: system.name,
    role: system.role,
    connector: system.connector,
    problem: findProblem(system),
  }))
}

function findProblem(system: ConfiguredSystem): string | null {
  try {
    system.read()
    return null
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.message
  }
}
