import { csvLine } from '#stdx/csv'
import type { Difference } from './reconciliation.ts'

/** RFC 4180 with a header; a null is an empty field, an empty text `""`. */
export const DIFFERENCES_HEADER = csvLine([
  'kind',
  'entity',
  'key',
  'from_entity',
  'from_key',
  'field',
  'wanted',
  'found',
])

/** A line for each field of a record that is different, one for a record that is missing or extra. */
export function formatDifferenceCsv({ entity, fields, from, key, kind }: Difference): string {
  const record = [kind, entity, key, from?.entity ?? null, from?.key ?? null]
  if (fields.length === 0) return csvLine([...record, null, null, null])
  return fields
    .map(({ field, found, wanted }) => csvLine([...record, field, wanted, found]))
    .join('')
}
