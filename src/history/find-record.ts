import { type FoundVersion, findVersions } from '#segment/find-versions'
import type { SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { AppError } from '#stdx/app-error'
import type { EntityAt } from './entity-at.ts'

/** A record by its key's bytes; the address is for messages. */
export type RecordAddress = { readonly key: Uint8Array; readonly address: string }

/**
 * The version of one record that a point holds.
 *
 * Reads one block of keys per segment that may hold it, and one block of rows.
 * @throws history.record-unknown when the point does not hold the record
 */
export async function findRecord(
  deps: SegmentReadDeps,
  at: EntityAt,
  { address, key }: RecordAddress,
  signal: AbortSignal,
): Promise<FoundVersion> {
  const { asOfSeq, schema, schemas, segments } = at
  const versions = await findVersions(deps, { segments, schemas, key, signal })
  const version = versions.find(({ seq }) => seq <= asOfSeq)
  if (version !== undefined && version.op !== OP_DELETE) return version
  const found = version === undefined ? 'it was never there' : `it was deleted at ${version.seq}`
  throw new AppError(
    'history.record-unknown',
    `Cannot find record ${address} of "${schema.entity}" at point ${asOfSeq}: ${found}`,
    { entity: schema.entity, key: address },
  )
}
