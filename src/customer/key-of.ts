import type { SchemaVersion } from '#record/schema'
import { assert } from '#stdx/assert'

/** Names of the fields of the key, in key order; none where the digest is the key. */
export function keyOf({ fields, key }: SchemaVersion): string[] {
  if (key.kind === 'digest') return []
  return key.fieldIds.map((id) => {
    const field = fields.find((one) => one.id === id)
    assert(field !== undefined, 'A key field is among the fields of its schema.')
    return field.name
  })
}
