import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'

/** One point of one source and where it is put back. */
export type ChosenTarget = { readonly point: string; readonly target: string }

const SOURCE_AND_TARGET = /^([^=]*)=(.*)$/

/**
 * Pairs a point with the targets given as `TARGET` or `SOURCE=TARGET`. `@TIME` and `@LABEL` mean
 * every source of the vault, so each needs a target, and each must have had a point by then: nothing
 * that was meant is left out, and it is known before anything is written.
 *
 * @throws app.targets-unclear, and as `findPoint`
 */
export async function chooseTargets(
  vault: Vault,
  { point, to }: PointAndTargets,
  signal: AbortSignal,
): Promise<readonly ChosenTarget[]> {
  const known = await vault.listSources(signal)
  const paired = pairTargets({ point, to }, { known, needed: known })
  if (!point.startsWith('@')) return paired.map(({ target }) => ({ point, target }))
  for (const { source } of paired) await findPoint(vault, `${source}${point}`, signal)
  return paired.map(({ source, target }) => ({ point: `${source}${point}`, target }))
}

export type PointAndTargets = { readonly point: string; readonly to: readonly string[] }

/**
 * The target of each source that a point is about. Pure.
 * @param needed sources that have something to be put back
 * @throws app.targets-unclear
 */
export function pairTargets(
  { point, to }: PointAndTargets,
  { known, needed }: { readonly known: readonly string[]; readonly needed: readonly string[] },
): { readonly source: string; readonly target: string }[] {
  const given = to.map(splitTarget)
  if (!point.startsWith('@')) return [chooseOne(point, given)]
  const refuse = (found: string) => unclear(`Cannot restore ${point}: ${found}`)
  const bare = given.find(({ source }) => source === null)
  if (bare !== undefined)
    throw refuse(`it stands for every source, need --to SOURCE=${bare.target || 'TARGET'}`)
  for (const { source, target } of given) {
    if (given.filter((one) => one.source === source).length > 1)
      throw refuse(`found two targets for "${source}"`)
    if (given.filter((one) => one.target === target).length > 1)
      throw refuse(`found "${target}" for two sources, need one for each`)
    if (!known.includes(source ?? ''))
      throw refuse(`the vault holds no source "${source}", it has ${known.join(', ') || 'none'}`)
  }
  const missing = needed.filter((source) => given.every((one) => one.source !== source))
  if (missing.length > 0) throw refuse(`found no target for ${missing.join(', ')}`)
  return given.map(({ source, target }) => ({ source: source ?? '', target }))
}

type GivenTarget = { readonly source: string | null; readonly target: string }

function splitTarget(text: string): GivenTarget {
  const [, source, target] = SOURCE_AND_TARGET.exec(text) ?? []
  if (source === undefined || target === undefined) return { source: null, target: text }
  return { source, target }
}

function chooseOne(point: string, given: readonly GivenTarget[]) {
  const [first, second] = given
  const name = point.split('@', 1)[0] ?? ''
  if (first === undefined || second !== undefined)
    throw unclear(`Cannot restore ${point}: found ${given.length} targets, need one for one source`)
  const { source, target } = first
  if (source === null || source === name) return { source: name, target }
  throw unclear(`Cannot restore ${point} to "${target}": that is the target for "${source}"`)
}

function unclear(message: string): AppError {
  return new AppError('app.targets-unclear', message)
}
