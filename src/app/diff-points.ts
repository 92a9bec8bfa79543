import {
  diffEntities,
  diffEntity,
  diffSchemas,
  type RecordChange,
  type SchemaChange,
} from '#history/diff-points'
import { type EntityName, parseEntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { type DiffLiveDeps, diffWithLive } from './live/diff-with-live.ts'
import { findPoint, isLiveAddress } from './points/find-point.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type DiffRequest = {
  readonly left: string
  /** A point of the same source, or `NAME@live`. */
  readonly right: string
  /** Only these entities; all when empty. */
  readonly entities: readonly string[]
  /** Told of each point, before the first difference, whether what it holds is known to be so. */
  readonly onProvenness?: (found: Provenness) => void
}

/**
 * Records, entity by entity; a change of an entity's shape comes before its records. An entity that
 * one of the points left out is named and not compared.
 */
export type DiffItem =
  | ({ readonly type: 'change' } & RecordChange)
  | ({ readonly type: 'schema' } & SchemaChange)
  | { readonly type: 'left-out'; readonly entity: EntityName }

/**
 * What changed between two points of one source, or between a point and the living system, in
 * bounded lists.
 *
 * @throws app.points-apart when the points are of two sources
 * @throws app.entity-unknown when neither side holds an entity that was asked for
 */
export async function* diffPoints(
  deps: DiffLiveDeps,
  vault: Vault,
  request: DiffRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly DiffItem[], void, undefined> {
  const wanted = request.entities.map((text) => parseEntityName(text))
  if (isLiveAddress(request.left)) {
    throw new AppError(
      'app.points-apart',
      `Cannot compare ${request.left} with ${request.right}: the living system comes second`,
    )
  }
  const left = await findPoint(vault, request.left, signal)
  const asked = wanted.length === 0 ? null : wanted
  request.onProvenness?.(provennessOf(left, asked))
  if (isLiveAddress(request.right))
    return yield* diffWithLive(deps, vault, { left, right: request.right, wanted }, signal)
  const right = await findPoint(vault, request.right, signal)
  if (left.source !== right.source) {
    throw new AppError(
      'app.points-apart',
      `Cannot compare ${request.left} with ${request.right}: they are points of two sources`,
    )
  }
  request.onProvenness?.(provennessOf(right, asked))
  const read = await vault.rowDeps(left.source, signal)
  const diffs = diffEntities(left.state, { left: left.point, right: right.point })
  for (const diff of onlyWanted(diffs, wanted, left.source)) {
    if (diff.isLeftOut) yield [{ type: 'left-out', entity: diff.entity }]
    const schema = diffSchemas(diff)
    if (schema !== null) yield [{ type: 'schema', ...schema }]
    for await (const changes of diffEntity(read, diff, signal)) {
      yield changes.map((change) => ({ type: 'change', ...change }))
    }
  }
}

/** @throws app.entity-unknown for a wanted entity that is not among `all` */
export function onlyWanted<T extends { readonly entity: EntityName }>(
  all: readonly T[],
  wanted: readonly EntityName[],
  source: string,
): readonly T[] {
  if (wanted.length === 0) return all
  const missing = wanted.find((entity) => all.every((one) => one.entity !== entity))
  if (missing === undefined) return all.filter(({ entity }) => wanted.includes(entity))
  const message = `Cannot find entity "${missing}" in "${source}": neither side holds it`
  throw new AppError('app.entity-unknown', message, { entity: missing })
}
