import type { EntityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import { PickedKeys } from '#history/picked-keys'
import { parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { AppError, isAppError } from '#stdx/app-error'
import type { CompareDeps } from './compare-target.ts'
import type { RecordScope, RestoreScope } from './restore-plan.ts'

/** Keys in hex with the fields to put back, `null` for all of them. */
export type PickedRecords = ReadonlyMap<string, readonly string[] | null>

export type Picked = {
  /** `null`: the whole entity. */
  readonly picked: PickedRecords | null
  /** Keys, in hex, of records that came to what is put back after the point. */
  readonly added: ReadonlySet<string>
}

/** @throws history.record-unknown when the point does not hold a record that is not to be deleted either */
export async function pickRecords(
  deps: CompareDeps,
  at: EntityAt,
  { isDeleteAllowed, scope }: { readonly isDeleteAllowed: boolean; readonly scope: RestoreScope },
  signal: AbortSignal,
): Promise<Picked> {
  const added = new Set<string>()
  const { entity, fields, key } = at.schema
  const isWhole = scope.kind === 'entities' && scope.entities.includes(entity)
  if (scope.kind === 'all' || isWhole) return { picked: null, added }
  const known = new Set(fields.map(({ name }) => name))
  const picked = new Map<string, readonly string[] | null>()
  for (const record of (scope.records ?? []).filter((one) => one.entity === entity)) {
    const unknown = record.fields?.find((field) => !known.has(field))
    if (unknown !== undefined) throw unknownField(entity, unknown)
    if (record.seen === 'since') {
      added.add(formatKeyHex(parseKeyAddress(record.key, key)))
      continue
    }
    const hex = formatKeyHex(await findKey(deps, at, { record, isDeleteAllowed }, signal))
    const before = picked.get(hex)
    const isWhole = record.fields === null || before === null
    picked.set(hex, isWhole ? null : [...new Set([...(before ?? []), ...(record.fields ?? [])])])
  }
  return { picked, added }
}

/** Keys of all that is put back and of what came to it; `undefined`: the whole entity. */
export function keysOf({ added, picked }: Picked): PickedKeys | undefined {
  if (picked === null) return undefined
  return new PickedKeys([...picked.keys(), ...added].map((hex) => Buffer.from(hex, 'hex')))
}

export function formatKeyHex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex')
}

/** The key of a record of the point. One that is to be deleted is not there, and is named exactly. */
async function findKey(
  deps: CompareDeps,
  at: EntityAt,
  { isDeleteAllowed, record }: { readonly isDeleteAllowed: boolean; readonly record: RecordScope },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { fields, key: address, seen } = record
  if (seen === 'at-point') return parseKeyAddress(address, at.schema.key)
  try {
    return (await findRecord(deps.read, at, address, signal)).key
  } catch (error) {
    const mayBeGone = isDeleteAllowed && fields === null
    if (!mayBeGone || !isAppError(error, 'history.record-unknown')) throw error
    return parseKeyAddress(address, at.schema.key)
  }
}

function unknownField(entity: EntityName, field: string): AppError {
  const message = `Cannot restore field "${field}" of "${entity}": the point has no such field`
  return new AppError('restore.field-unknown', message, { entity, field })
}
