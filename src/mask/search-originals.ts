import { readRowTexts } from '#record/read-row-texts'
import type { RowBatch } from '#record/row-batch'
import { parseField } from '#record/row-text'
import { AppError } from '#stdx/app-error'
import type { FieldMask } from './mask-entities.ts'
import type { MaskerName } from './mask-schema.ts'
import { REDACTED } from './maskers.ts'
import { type Origin, OriginalSet } from './original-set.ts'

/** The rows of an entity, as a point holds them or as they were written. */
export type SearchedEntity = {
  /** For messages: `crm main.contact`. */
  readonly name: string
  readonly fields: readonly string[]
  readonly masks: readonly FieldMask[]
  /** May be called more than once; `fields` in their order. */
  rows(): AsyncIterable<RowBatch>
}

export type Search = {
  /** Where values were masked. */
  readonly originals: readonly SearchedEntity[]
  /** Where none of them may be. */
  readonly written: readonly SearchedEntity[]
  /** Of this search alone. */
  readonly key: Uint8Array
}

/** Digests held at a time; more are looked for in several goes. */
export const HELD_MAX = 500_000

/** Short numbers meet: a masked one may be what somebody else had, and says nothing of who. */
const MEETING: readonly MaskerName[] = ['taxId', 'phone', 'postcode', 'code']
/** Days and gaps are everywhere. */
const NOT_SOUGHT: readonly MaskerName[] = ['date', 'keep']

const NAMED_MAX = 5

/**
 * Looks for every value that was masked in everything that was written: as a whole in every field, and
 * the longer ones word by word within texts, and within bytes as far as they are a text. Reads the point and what was written once for every
 * `heldMax` values.
 *
 * @throws mask.original-found naming the fields, never a value
 */
export async function searchOriginals(search: Search, heldMax = HELD_MAX): Promise<void> {
  for (let of = 1, index = 0; index < of; ) {
    const set = new OriginalSet(search.key, { index, of })
    if (!(await collect(set, search.originals, heldMax))) {
      of *= 2
      index = 0
      continue
    }
    await refuseFound(set, search.written)
    index += 1
  }
}

/** Whether all of its part fit in. */
async function collect(
  set: OriginalSet,
  entities: readonly SearchedEntity[],
  heldMax: number,
): Promise<boolean> {
  for (const entity of entities) {
    const sought = entity.masks.map(({ masker }) => !NOT_SOUGHT.includes(masker))
    if (!sought.includes(true)) continue
    for await (const { field, text } of valuesOf(entity, sought)) {
      const masker = entity.masks[field]?.masker ?? 'keep'
      // It was hidden before it came here.
      if (masker === 'redact' && text === REDACTED) continue
      const place = placeOf(entity, field)
      set.add(text, { place, masker }, !MEETING.includes(masker))
      if (set.count > heldMax) return false
    }
  }
  return true
}

async function refuseFound(set: OriginalSet, entities: readonly SearchedEntity[]): Promise<void> {
  const places = new Set<string>()
  let values = 0
  for (const entity of entities) {
    for await (const { field, text } of valuesOf(entity)) {
      const masker = entity.masks[field]?.masker ?? 'keep'
      for (const origin of findIn(set, text)) {
        if (origin.masker === masker && MEETING.includes(masker)) continue
        values += 1
        places.add(`${origin.place} in ${placeOf(entity, field)}`)
      }
    }
  }
  if (values === 0) return
  const named = [...places].slice(0, NAMED_MAX).join(', ')
  const more = places.size > NAMED_MAX ? ` and ${places.size - NAMED_MAX} more` : ''
  const count = values === 1 ? '1 original value' : `${values} original values`
  const message = `Cannot restore masked: found ${count} in what was written, of ${named}${more}; rolled back`
  throw new AppError('mask.original-found', message, { values, places: [...places] })
}

/** How bytes are printed, of every platform. */
const BYTES = /^\\x(?:[0-9a-f]{2})+$/

/** A document or a serialized object has names in it, mostly in UTF-8; other bytes become no words. */
function* findIn(set: OriginalSet, text: string): Generator<Origin, void, undefined> {
  yield* set.find(text)
  if (BYTES.test(text)) yield* set.find(Buffer.from(text.slice(2), 'hex').toString())
  else if (ESCAPED.test(text)) yield* set.find(text.replaceAll(ESCAPED_ALL, unescapeUnit))
}

/** How JSON may spell what is no ASCII, and PHP does unless told otherwise. */
const ESCAPED = /\\u[0-9a-f]{4}/i
const ESCAPED_ALL = /\\u([0-9a-f]{4})/gi

function unescapeUnit(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16))
}

function placeOf({ fields, name }: SearchedEntity, field: number): string {
  return `${name} ${fields[field]}`
}

type FoundValue = { readonly field: number; readonly text: string }

/** Holds one batch. */
async function* valuesOf(
  { rows }: Pick<SearchedEntity, 'rows'>,
  wanted?: readonly boolean[],
): AsyncGenerator<FoundValue, void, undefined> {
  for await (const row of readRowTexts(rows())) {
    for (const [field, escaped] of row.entries()) {
      const text = wanted?.[field] === false ? null : parseField(escaped)
      if (text !== null && text !== '') yield { field, text }
    }
  }
}
