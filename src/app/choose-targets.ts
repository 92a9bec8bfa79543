import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { findPoint } from './find-point.ts'

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
  { point, to }: { readonly point: string; readonly to: readonly string[] },
  signal: AbortSignal,
): Promise<readonly ChosenTarget[]> {
  const given = to.map(splitTarget)
  if (!point.startsWith('@')) return [chooseOne(point, given)]
  const refuse = (found: string) => unclear(`Cannot restore ${point}: ${found}`)
  const sources = await vault.listSources(signal)
  const bare = given.find(({ source }) => source === null)
  if (bare !== undefined)
    throw refuse(`it stands for every source, need --to SOURCE=${bare.target || 'TARGET'}`)
  for (const { source } of given) {
    if (given.filter((one) => one.source === source).length > 1)
      throw refuse(`found two targets for "${source}"`)
    if (!sources.includes(source ?? ''))
      throw refuse(`the vault holds no source "${source}", it has ${sources.join(', ') || 'none'}`)
  }
  const missing = sources.filter((source) => given.every((one) => one.source !== source))
  if (missing.length > 0) throw refuse(`found no target for ${missing.join(', ')}`)
  for (const { source } of given) await findPoint(vault, `${source}${point}`, signal)
  return given.map(({ source, target }) => ({ point: `${source}${point}`, target }))
}

type GivenTarget = { readonly source: string | null; readonly target: string }

function splitTarget(text: string): GivenTarget {
  const [, source, target] = SOURCE_AND_TARGET.exec(text) ?? []
  if (source === undefined || target === undefined) return { source: null, target: text }
  return { source, target }
}

function chooseOne(point: string, given: readonly GivenTarget[]): ChosenTarget {
  const [first, second] = given
  const name = point.split('@', 1)[0] ?? ''
  if (first === undefined || second !== undefined)
    throw unclear(`Cannot restore ${point}: found ${given.length} targets, need one for one source`)
  const { source, target } = first
  if (source === null || source === name) return { point, target }
  throw unclear(`Cannot restore ${point} to "${target}": that is the target for "${source}"`)
}

function unclear(message: string): AppError {
  return new AppError('app.targets-unclear', message)
}
