import { type EntityAt, entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { CompareDeps } from '#restore/compare-target'
import { readPreImage } from '#restore/pre-image'
import type { RestoredEntity } from '#restore/restored-records'
import { AppError, isAppError } from '#stdx/app-error'
import { type BegunFact, preImagesOf } from '#timeline/fold-facts'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import { type FoundPoint, findPoint } from './find-point.ts'

/** What a restore had put back; `isExact`: that very point, else only one of the same source. */
export type FoundBegun = FoundPoint & { readonly begun: BegunFact; readonly isExact: boolean }

export type ReadRestoredDeps = {
  readonly compare: CompareDeps
  /** Disposes what is read. */
  readonly stack: AsyncDisposableStack
  readonly vault: Vault
}

/**
 * What a restore was about to do, from its pre-images; rows lie sealed in temporary files.
 * @throws app.undo-point-gone | vault.document-damaged | restore.pre-image-invalid
 */
export async function readRestored(
  deps: ReadRestoredDeps,
  found: FoundBegun,
  signal: AbortSignal,
): Promise<RestoredEntity[]> {
  const restored: RestoredEntity[] = []
  for (const { entity } of found.begun.body.entities) {
    restored.push(await readRestoredEntity(deps, { ...found, entity }, signal))
  }
  return restored
}

/** The same of one entity that it wrote. */
export async function readRestoredEntity(
  { compare, stack, vault }: ReadRestoredDeps,
  { begun, entity, isExact, point, state }: FoundBegun & { readonly entity: EntityName },
  signal: AbortSignal,
): Promise<RestoredEntity> {
  const index = begun.body.entities.findIndex((one) => one.entity === entity)
  if (begun.body.entities[index]?.isNew === true) {
    if (!isExact) throw pointGone(begun, entity)
    return { before: entityAt(state, point, entity), preImage: null }
  }
  const pieces = vault.readPreImage(preImagesOf(begun.body)[index] ?? [], signal)
  const preImage = stack.use(await readPreImage(compare, pieces))
  return { before: underSchema(preImage.schema, point.asOf), preImage }
}

/** The restore, and the point that it had put back; the newest of its source where that was let go. */
export async function findRestored(
  vault: Vault,
  begun: BegunFact,
  signal: AbortSignal,
): Promise<FoundBegun> {
  const address = begun.body.point
  try {
    return { ...(await findPoint(vault, address, signal)), begun, isExact: true }
  } catch (error) {
    if (!isAppError(error, 'timeline.point-unknown')) throw error
    const { source } = parsePointAddress(address)
    return { ...(await findPoint(vault, `${source}@latest`, signal)), begun, isExact: false }
  }
}

/** An entity as no point holds it: its rows come from elsewhere. */
function underSchema(schema: SchemaVersion, asOf: EntityAt['asOf']): EntityAt {
  const { entity, generation, version } = schema
  const counts = { rows: 0, inserted: 0, updated: 0, deleted: 0 }
  const facts = { entity, schema: version, generation, ...counts, fingerprint: null }
  return { facts, schema, schemas: new Map([[version, schema]]), segments: [], asOf }
}

function pointGone({ body: { point, restore } }: BegunFact, entity: string): AppError {
  const found = `it created "${entity}" from ${point}, which was let go`
  return new AppError('app.undo-point-gone', `Cannot undo restore ${restore}: ${found}`, {
    restore,
    point,
    entity,
  })
}
