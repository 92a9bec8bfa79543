import type { EntityName } from '#record/entity-name'
import { type KeyForms, parseKeyForms } from '#record/key-forms'
import type { SchemaVersion } from '#record/schema'
import { formatStamp, isUpTo, type Stamp } from '#record/stamp'
import {
  type FindVersionsOptions,
  type FoundVersion,
  findVersionsOfAll,
} from '#segment/find-versions'
import type { SegmentReadDeps } from '#segment/segment'
import { OP_DELETE } from '#segment/version-batch'
import { AppError, isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
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

/**
 * The versions of many records that a point holds, each `null` where it holds none, as for an address
 * that cannot be one of its keys. Reads each block once for `TOGETHER_MAX` records.
 * @returns in the order of the addresses
 */
export async function findRecordsIfAny(
  deps: SegmentReadDeps,
  { asOf, schema, schemas, segments }: EntityAt,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<(FoundVersion | null)[]> {
  const forms = addresses.map((address) => keyFormsIfAny(address, schema))
  const found: FoundVersion[] = []
  const known = forms.flatMap((form, i) => (form === null ? [] : [{ form, i }]))
  for (let start = 0; start < known.length; start += TOGETHER_MAX) {
    const some = known.slice(start, start + TOGETHER_MAX)
    const asked = { segments, schemas, signal, asOf }
    const answers = await findByForms(
      deps,
      some.map(({ form }) => form),
      asked,
    )
    for (const [at, { versions }] of answers.entries()) {
      const [version] = versions
      const place = some[at]?.i
      if (place !== undefined && version !== undefined && version.op !== OP_DELETE)
        found[place] = version
    }
  }
  return addresses.map((_, i) => found[i] ?? null)
}

/** Their versions are held at a time. */
const TOGETHER_MAX = 500

function keyFormsIfAny(address: string, schema: SchemaVersion): KeyForms | null {
  try {
    return parseKeyForms(address, schema)
  } catch (error) {
    if (isAppError(error, 'record.key-invalid')) return null
    throw error
  }
}

/** What came and went in one transaction left a delete only: nobody ever saw it. */
function describeAbsence(versions: readonly FoundVersion[]): string {
  const lastSeen = versions.findIndex(({ op }) => op !== OP_DELETE)
  const deleted = versions[lastSeen - 1]
  return deleted === undefined ? 'it was never there' : `it was deleted at ${deleted.seq}`
}

type FindByAddressOptions = Omit<FindVersionsOptions, 'key'> & {
  readonly address: string
  /** Says how the address is read. */
  readonly schema: SchemaVersion
  /** Versions after it are left out. */
  readonly asOf: Stamp
}

export type FoundByAddress = {
  readonly key: Uint8Array<ArrayBuffer>
  /** Newest first. */
  readonly versions: readonly FoundVersion[]
}

/** The versions of the key that the address spells, or else of the one it may also mean. */
async function findByAddress(
  deps: SegmentReadDeps,
  { address, ...options }: FindByAddressOptions,
): Promise<FoundByAddress> {
  const forms = [parseKeyForms(address, options.schema)]
  const [found] = await findByForms(deps, forms, options)
  assert(found !== undefined, 'Each form is answered.')
  return found
}

/** The same for many addresses. @returns in their order */
export async function findByForms(
  deps: SegmentReadDeps,
  forms: readonly KeyForms[],
  { asOf, ...options }: Omit<FindByAddressOptions, 'address' | 'schema'>,
): Promise<FoundByAddress[]> {
  const find = async (keys: readonly Uint8Array<ArrayBuffer>[]): Promise<FoundByAddress[]> => {
    const found = keys.length === 0 ? [] : await findVersionsOfAll(deps, { ...options, keys })
    return keys.map((key, i) => {
      const versions = found[i] ?? []
      return { key, versions: versions.filter(({ ordinal, seq }) => isUpTo(asOf, seq, ordinal)) }
    })
  }
  const spelled = await find(forms.map((form) => form.spelled))
  const isMeant = (i: number) => spelled[i]?.versions.length === 0
  const others = forms.flatMap(({ printed }, i) =>
    printed !== null && isMeant(i) ? [printed] : [],
  )
  const printed = (await find(others)).values()
  return spelled.map((found, i) => {
    const isOther = forms[i]?.printed !== null && isMeant(i)
    return isOther ? (printed.next().value ?? found) : found
  })
}

export function unknownRecord(entity: EntityName, address: string, found: string): AppError {
  const message = `Cannot find record ${address} of "${entity}" ${found}`
  return new AppError('history.record-unknown', message, { entity, key: address })
}
