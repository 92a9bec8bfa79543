import type { EntityName } from '#record/entity-name'
import { parseKeyForms } from '#record/key-forms'
import type { SchemaVersion } from '#record/schema'
import { formatStamp, isUpTo, type Stamp } from '#record/stamp'
import { type FindVersionsOptions, type FoundVersion, findVersions } from '#segment/find-versions'
import type { SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { AppError } from '#stdx/app-error'
import type { EntityAt } from './entity-at.ts'

/** A record with what is known of it, newest first. */
export type FoundRecord = {
  readonly key: Uint8Array<ArrayBuffer>
  readonly version: FoundVersion
  /** The versions before it in its generation, deletes among them. */
  readonly older: readonly FoundVersion[]
}

/**
 * The version of one record that a point holds. An address may spell its key in another way than the
 * system prints it; see `parseKeyForms`.
 *
 * Reads one block of keys per segment that may hold it, and one block of rows.
 * @throws history.record-unknown when the point does not hold the record
 * @throws record.key-invalid
 */
export async function findRecord(
  deps: SegmentReadDeps,
  at: EntityAt,
  address: string,
  signal: AbortSignal,
): Promise<FoundRecord> {
  const { asOf, schema, schemas, segments } = at
  const asked = { segments, schemas, signal }
  const { key, versions } = await findByAddress(deps, { ...asked, address, schema, asOf })
  const [version, ...older] = versions
  if (version !== undefined && version.op !== OP_DELETE) return { key, version, older }
  const found = describeAbsence(versions)
  throw unknownRecord(schema.entity, address, `at point ${formatStamp(asOf)}: ${found}`)
}

/** What came and went in one transaction left a delete only: nobody ever saw it. */
function describeAbsence(versions: readonly FoundVersion[]): string {
  const lastSeen = versions.findIndex(({ op }) => op !== OP_DELETE)
  const deleted = versions[lastSeen - 1]
  return deleted === undefined ? 'it was never there' : `it was deleted at ${deleted.seq}`
}

export type FindByAddressOptions = Omit<FindVersionsOptions, 'key'> & {
  readonly address: string
  /** Says how the address is read. */
  readonly schema: SchemaVersion
  /** Versions after it are left out. */
  readonly asOf: Stamp
}

/** The versions of the key that the address spells, or else of the one it may also mean, newest first. */
export async function findByAddress(
  deps: SegmentReadDeps,
  { address, asOf, schema, ...options }: FindByAddressOptions,
): Promise<{ key: Uint8Array<ArrayBuffer>; versions: readonly FoundVersion[] }> {
  const { printed, spelled } = parseKeyForms(address, schema)
  const find = async (key: Uint8Array) => {
    const versions = await findVersions(deps, { ...options, key })
    return versions.filter(({ ordinal, seq }) => isUpTo(asOf, seq, ordinal))
  }
  const versions = await find(spelled)
  if (versions.length > 0 || printed === null) return { key: spelled, versions }
  return { key: printed, versions: await find(printed) }
}

export function unknownRecord(entity: EntityName, address: string, found: string): AppError {
  const message = `Cannot find record ${address} of "${entity}" ${found}`
  return new AppError('history.record-unknown', message, { entity, key: address })
}
