import { dirname, join } from 'node:path'
import type { CustomerMap } from '#customer/customer-map'
import { parseMap } from '#customer/parse-map'
import { AppError, isAppError } from '#stdx/app-error'
import { readIfAny } from '#stdx/read-if-any'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { readDecisions } from './customer/read-decisions.ts'

/** What the vault keeps the customer map as. */
export const MAP_DOCUMENT = 'customers'
export const MAP_FILE = 'customers.yaml'

export type ReadMap = {
  readonly map: CustomerMap
  readonly text: string
  /** Where it was found, for people. */
  readonly label: string
}

/** What the map itself says, without decisions; `undefined` where there is none. @throws customer.map-invalid */
export async function readMapIfAny(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  signal: AbortSignal,
  file?: string,
): Promise<CustomerMap | undefined> {
  try {
    return (await readMapText(deps, vault, file, signal)).map
  } catch (error) {
    if (file === undefined && isAppError(error, 'app.map-not-found')) return undefined
    throw error
  }
}

/**
 * The customer map: of the file named, else of `customers.yaml` beside the configuration, else what
 * the vault keeps; with what people decided on who is one.
 * @throws app.map-not-found | customer.map-invalid, and as `readDecisions`
 */
export async function readMap(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  file: string | undefined,
  signal: AbortSignal,
): Promise<ReadMap> {
  const read = await readMapText(deps, vault, file, signal)
  return { ...read, map: { ...read.map, decisions: await readDecisions(vault, signal) } }
}

/** The same without what people decided. @throws app.map-not-found | customer.map-invalid */
export async function readMapText(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  file: string | undefined,
  signal: AbortSignal,
): Promise<ReadMap> {
  const path = file ?? mapPath(deps.configPath)
  const ahead = aheads.get(deps)
  const own = await (ahead?.path === path ? ahead.reading : readFile(path))
  if (own !== undefined) return own
  const stored = file === undefined ? await vault.readDocument(MAP_DOCUMENT, signal) : undefined
  if (stored !== undefined) {
    return { map: parseMap(stored, 'the one in the vault'), text: stored, label: 'the vault' }
  }
  const place = file === undefined ? 'no file there, and the vault keeps none' : 'no file there'
  throw new AppError('app.map-not-found', `Cannot read customer map "${path}": found ${place}`, {
    path,
  })
}

type ReadAhead = { readonly path: string; readonly reading: Promise<ReadMap | undefined> }

/** By the context of a command, what it reads before it is asked for. */
const aheads = new WeakMap<Pick<Context, 'configPath'>, ReadAhead>()

/**
 * Reads the file for the `readMap` of the same context, while that waits for something else. What is
 * wrong with it is told there.
 */
export async function readMapAhead(
  deps: Pick<Context, 'configPath'>,
  file: string | undefined,
): Promise<void> {
  const path = file ?? mapPath(deps.configPath)
  if (aheads.get(deps)?.path === path) return
  const reading = readFile(path)
  aheads.set(deps, { path, reading })
  await reading.catch(() => {})
}

async function readFile(path: string): Promise<ReadMap | undefined> {
  const text = await readIfAny(path)
  return text === undefined ? undefined : { map: parseMap(text, path), text, label: path }
}

export function mapPath(configPath: string): string {
  return join(dirname(configPath), MAP_FILE)
}
