import { formatPoint } from '#timeline/format-point'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'
import { type Provenness, provennessOf, reasonOf } from './unproven.ts'

/** One entity of a point, as `entities --json` prints it. */
export type EntityAnswer = {
  readonly entity: string
  readonly rows: number
  /**
   * Equal where two points hold the same rows under the same layout; `null` while it is pending: a
   * feed told changes, and nobody has read the rows whole since.
   */
  readonly fingerprint: string | null
  /** Version number of its schema. */
  readonly schema: number
  /** Only where a feed could not tell all that happened to it. */
  readonly proven?: false
}

export type EntitiesAnswer = Provenness & {
  readonly point: string
  readonly entities: readonly EntityAnswer[]
}

/** What a point holds, in order of name. @throws timeline.point-unknown | vault.source-unknown */
export async function listEntities(
  vault: Vault,
  address: string,
  signal: AbortSignal,
): Promise<EntitiesAnswer> {
  const { point, source } = await findPoint(vault, address, signal)
  const entities = point.entities.map(({ entity, fingerprint, rows, schema }) => ({
    entity,
    rows,
    fingerprint,
    schema,
    ...(reasonOf(point, entity) !== undefined && { proven: false as const }),
  }))
  return { point: formatPoint(source, point), entities, ...provennessOf({ point, source }) }
}
