import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import { readRowTexts } from '#record/read-row-texts'
import {
  decodeRowText,
  parseField,
  parseLargeMarker,
  splitRow,
  splitRowBytes,
} from '#record/row-text'
import type { Catalogue, SchemaVersion } from '#record/schema'

/** That records of one entity need records of another. */
export type Need = {
  /** A foreign key's name, or where the customer map says it. */
  readonly by: string
  readonly entity: EntityName
  readonly fields: readonly string[]
  readonly to: EntityName
  readonly toFields: readonly string[]
  /** Counts only where these fields hold these values. */
  readonly when: readonly (readonly [field: string, value: string])[]
  /** Values that mean no record. */
  readonly none: readonly string[]
  /** Of reference data: what it is, in the word of the customer map. */
  readonly role: string | null
  /** The record may be used while this field has one of these values. */
  readonly open: { readonly field: string; readonly values: readonly string[] } | null
  /** Where they are, if not in the target: the rows of `to`, as texts of these fields. */
  readonly elsewhere?: {
    readonly source: string
    readonly rows: (fields: readonly string[]) => AsyncIterable<readonly string[]>
  }
}

/** A record that planned rows need, and that the target lacks or must not use. */
export type MissingRecord = {
  /** Of another system, as it was captured last; absent: of the target. */
  readonly source?: string
  readonly entity: EntityName
  readonly fields: readonly string[]
  readonly values: readonly string[]
  readonly found: 'missing' | 'closed'
  readonly role?: string
  readonly neededBy: {
    readonly by: string
    readonly entity: EntityName
    /** Of the first of them. */
    readonly key: string
    readonly fields: readonly string[]
    readonly records: number
    /** Where the need counts for some records only. */
    readonly when?: Need['when']
    readonly none?: Need['none']
  }
}

/** So many different values are looked for; where there are more, the target's own constraints are left to it. */
const WANTED_MAX = 200_000

type Wanted = { readonly key: string; records: number }

/** Collects what the rows of a plan need, and says what of it is not there. */
export class NeededRecords {
  readonly #needs: readonly NeedState[]

  /** @param isWhole entities all of whose rows of the point are in the plan: what they lack, it lacked there */
  constructor(needs: readonly Need[], isWhole: (entity: EntityName) => boolean) {
    const state = { isOverfull: false }
    this.#needs = needs
      .map((need) => ({
        ...need,
        ...state,
        isWhole: need.elsewhere === undefined && isWhole(need.to),
        wanted: new Map(),
        provided: new Set<string>(),
      }))
      .filter(({ isWhole, open }) => open !== null || !isWhole)
  }

  /**
   * A row that is inserted or updated: as it will be (left), and as it is (right).
   * @param written the fields that are set; `null`: all of them
   */
  note(
    schema: SchemaVersion,
    { key, left, right }: RecordPair,
    written: readonly string[] | null,
  ): void {
    if (left === null) return
    const needs = this.#needs.filter(({ entity, fields, isOverfull }) => {
      const isSet = written === null || fields.some((field) => written.includes(field))
      return entity === schema.entity && isSet && !isOverfull
    })
    const providing = this.#needs.filter(({ elsewhere, to }) => {
      return to === schema.entity && elsewhere === undefined
    })
    if (needs.length + providing.length === 0) return
    const texts = textsOf(schema, left)
    const live = right && textsOf(schema, right)
    for (const need of providing) {
      const joined = joinTexts(need.toFields, texts)
      if (joined !== null && need.wanted.size + need.provided.size < WANTED_MAX)
        need.provided.add(joined)
    }
    for (const need of needs) {
      const joined = wantedOf(need, texts)
      // What the target has there already it may go on to have.
      if (joined === null || (live !== null && joined === wantedOf(need, live))) continue
      const wanted = need.wanted.get(joined)
      if (wanted !== undefined) wanted.records += 1
      else need.wanted.set(joined, { key: formatKeyAddress(key, schema.key), records: 1 })
      need.isOverfull = need.wanted.size > WANTED_MAX
    }
  }

  /** Looks for all that is needed and that the plan does not bring. */
  async findMissing(asked: FindMissing): Promise<readonly MissingRecord[]> {
    const missing: MissingRecord[] = []
    for (const need of this.#needs) {
      const wanted = new Map([...need.wanted].filter(([joined]) => !need.provided.has(joined)))
      if (need.isOverfull || wanted.size === 0) continue
      const rows = rowsOf(need, asked)
      if (rows === null) continue
      const closed = await strikeOut(need, wanted, rows)
      for (const [joined, one] of wanted) {
        const isClosed = closed.has(joined)
        if (isClosed || !need.isWhole) missing.push(describe(need, joined, one, isClosed))
      }
    }
    return missing
  }
}

export type FindMissing = {
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'scan'>
  /** As the point holds it; `undefined`: it does not. */
  readonly schemaOf: (entity: EntityName) => SchemaVersion | undefined
  readonly signal: AbortSignal
}

type NeedState = Need & {
  readonly wanted: Map<string, Wanted>
  readonly provided: Set<string>
  readonly isWhole: boolean
  isOverfull: boolean
}

/** Rows of what is needed; none where the target has no such table. `null`: there is nobody to ask. */
function rowsOf(
  { elsewhere, open, to, toFields }: Need,
  { catalogue, cut, schemaOf, signal }: FindMissing,
): AsyncIterable<readonly string[]> | null {
  const fields = open === null ? toFields : [...toFields, open.field]
  if (elsewhere !== undefined) return elsewhere.rows(fields)
  const schema = schemaOf(to)
  if (schema === undefined) return null
  const described = catalogue.entities.find(({ entity }) => entity === to)
  return described === undefined
    ? noRows()
    : readRowTexts(cut.scan(readAs(described, schema), fields, signal))
}

async function* noRows(): AsyncGenerator<readonly string[], void, undefined> {}

/** Takes what is there away from what is wanted. Returns what is there and must not be used. */
async function strikeOut(
  { open, toFields }: Need,
  wanted: Map<string, Wanted>,
  rows: AsyncIterable<readonly string[]>,
): Promise<ReadonlySet<string>> {
  const closed = new Set<string>()
  for await (const texts of rows) {
    const joined = texts.slice(0, toFields.length).join('\t')
    if (!wanted.has(joined)) continue
    const state = parseField(texts[toFields.length] ?? '\\N')
    if (open === null || (state !== null && open.values.includes(state))) wanted.delete(joined)
    else closed.add(joined)
  }
  return closed
}

/** What the foreign keys of an entity say. */
export function needsOf({ entity, foreignKeys }: SchemaVersion): Need[] {
  return foreignKeys.map(({ name, entity: to, fields, referencedFields: toFields }) => {
    return { by: name, entity, fields, to, toFields, when: [], none: [], role: null, open: null }
  })
}

/** Fields that may be emptied so that the record needs nothing; none where it cannot do without. */
export function emptiable(schema: SchemaVersion, fields: readonly string[]): readonly string[] {
  const keys = keyIndexes(schema).map((index) => scanFields(schema)[index])
  return fields.filter((field) => {
    const found = schema.fields.find(({ name }) => name === field)
    return found?.isNullable === true && !keys.includes(field)
  })
}

/** The value by which a record names another; `null`: it names none. Escaped texts, joined by tabs. */
export function wantedOf(
  { fields, none, when }: Pick<Need, 'fields' | 'none' | 'when'>,
  texts: ReadonlyMap<string, string>,
): string | null {
  const isMeant = when.every(([field, value]) => parseField(texts.get(field) ?? '\\N') === value)
  const joined = isMeant ? joinTexts(fields, texts) : null
  if (joined === null) return null
  const values = splitRow(joined).map(parseField)
  return values.some((value) => value !== null && none.includes(value)) ? null : joined
}

/** Texts of a row by field, escaped. */
export function textsOf(schema: SchemaVersion, { row }: PairedRow): ReadonlyMap<string, string> {
  const parts = splitRowBytes(row)
  return new Map(
    scanFields(schema).map((name, i) => [name, decodeRowText(parts[i] ?? new Uint8Array())]),
  )
}

/** Escaped texts, joined by tabs; `null` when one is null, or too large to be looked for. */
export function joinTexts(
  fields: readonly string[],
  texts: ReadonlyMap<string, string>,
): string | null {
  const values = fields.map((field) => texts.get(field) ?? '\\N')
  const isWhole = values.every((text) => text !== '\\N' && parseLargeMarker(text) === undefined)
  return isWhole ? values.join('\t') : null
}

function describe(
  { by, elsewhere, entity, fields, none, role, to, toFields, when }: Need,
  joined: string,
  { key, records }: Wanted,
  isClosed: boolean,
): MissingRecord {
  return {
    ...(elsewhere && { source: elsewhere.source }),
    entity: to,
    fields: toFields,
    values: splitRow(joined).map((text) => parseField(text) ?? ''),
    found: isClosed ? 'closed' : 'missing',
    ...(role !== null && { role }),
    neededBy: {
      ...{ by, entity, key, fields, records },
      ...(when.length > 0 && { when }),
      ...(none.length > 0 && { none }),
    },
  }
}
