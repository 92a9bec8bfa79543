import type { EntityAt } from '#history/entity-at'
import { formatKeyAddress } from '#record/address'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { SegmentReadDeps } from '#segment/segment'

/** Addresses of the records at these places in key order, which must be few. Reads keys alone. */
export async function keysAt(
  deps: SegmentReadDeps,
  { asOf, schema, schemas, segments }: EntityAt,
  ordinals: readonly number[],
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = [...ordinals].sort((a, b) => a - b)
  const found: string[] = []
  if (wanted.length === 0) return found
  let passed = 0
  const options = { segments, schemas, schema, asOf, rows: false, signal }
  for await (const batch of readState(deps, options)) {
    for (let next = wanted[found.length]; next !== undefined; next = wanted[found.length]) {
      if (next >= passed + batch.count) break
      found.push(formatKeyAddress(entryOf(batch.keys, next - passed), schema.key))
    }
    if (found.length === wanted.length) return found
    passed += batch.count
  }
  return found
}
