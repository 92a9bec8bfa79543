import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import type { RecordPair } from '#history/pair-versions'
import { formatKeyAddress, formatKeyValues } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import { readRowTexts } from '#record/read-row-texts'
import { parseField } from '#record/row-text'
import type { Catalogue, DescribedEntity, SchemaVersion } from '#record/schema'
import { joinTexts, textsOf } from './needed-records.ts'

/** A record of the target that would be deleted though rows that stay refer to it. */
export type ReferredRecord = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  readonly referredBy: {
    /** The foreign key's name. */
    readonly by: string
    readonly entity: EntityName
    /** Of the first of them; `null` where rows have no key. */
    readonly key: string | null
    readonly records: number
  }
}

/** So many deleted rows, and rows that go with them, are held; where there are more, the target's own constraints are left to it. */
const HELD_MAX = 200_000

type Reference = {
  readonly child: DescribedEntity
  readonly by: string
  readonly fields: readonly string[]
  readonly to: EntityName
  readonly toFields: readonly string[]
  /** Keys of rows that are deleted, by the value that they are referred to by. */
  readonly doomed: Map<string, string>
  /** Keys of rows that refer to one of these no more once the plan is carried out. */
  readonly released: Set<string>
}

/** Collects what a plan deletes, and says which rows that it leaves alone refer to that. */
export class ReferringRecords {
  readonly #references: readonly Reference[]
  #isOverfull = false

  /** @param catalogue of the target, with tables that the point does not know */
  constructor({ entities }: Pick<Catalogue, 'entities'>) {
    this.#references = entities.flatMap((child) =>
      child.foreignKeys.map(({ entity: to, fields, name: by, referencedFields: toFields }) => {
        return { child, by, fields, to, toFields, doomed: new Map(), released: new Set<string>() }
      }),
    )
  }

  /** A row of the target that is deleted, or updated in `written`; `null`: in all fields. */
  note(
    schema: SchemaVersion,
    op: 'insert' | 'update' | 'delete',
    { key, left, right }: RecordPair,
    written: readonly string[] | null,
  ): void {
    if (right === null || this.#isOverfull) return
    const isSet = (fields: readonly string[]) =>
      op === 'delete' || written === null || fields.some((field) => written.includes(field))
    const leaving = this.#references.filter(
      ({ child, fields }) => child.entity === schema.entity && isSet(fields),
    )
    const losing = this.#references.filter(({ to }) => op === 'delete' && to === schema.entity)
    if (leaving.length + losing.length === 0) return
    const live = textsOf(schema, right)
    const later = op === 'delete' || left === null ? null : textsOf(schema, left)
    const address = formatKeyAddress(key, schema.key)
    for (const { doomed, toFields } of losing) {
      const joined = joinTexts(toFields, live)
      if (joined !== null) doomed.set(joined, address)
    }
    for (const { fields, released } of leaving) {
      const joined = joinTexts(fields, live)
      if (later === null || joined !== joinTexts(fields, later)) released.add(address)
    }
    this.#isOverfull = this.#references.some(
      ({ doomed, released }) => doomed.size + released.size > HELD_MAX,
    )
  }

  /** Reads the tables that may refer to what is deleted, whole. */
  async findReferred({ cut, schemaOf, signal }: FindReferred): Promise<readonly ReferredRecord[]> {
    if (this.#isOverfull) return []
    const found: ReferredRecord[] = []
    for (const reference of this.#references) {
      const { by, child, doomed, to } = reference
      if (doomed.size === 0 || child.missingGrant !== null) continue
      const schema = schemaOf(child.entity)
      const described = schema === undefined ? child : readAs(child, schema)
      const standing = new Map<string, { readonly key: string | null; records: number }>()
      const asked = { described, key: keyOf(child, schema), reference }
      for await (const { joined, key } of readReferring(cut, asked, signal)) {
        const before = standing.get(joined)
        if (before === undefined) standing.set(joined, { key, records: 1 })
        else before.records += 1
      }
      for (const [joined, { key, records }] of standing) {
        const referredBy = { by, entity: child.entity, key, records }
        found.push({ entity: to, key: doomed.get(joined) ?? '', referredBy })
      }
    }
    return found
  }
}

export type FindReferred = {
  readonly cut: Pick<SourceCut, 'scan'>
  /** As the point holds it; `undefined`: it does not. */
  readonly schemaOf: (entity: EntityName) => SchemaVersion | undefined
  readonly signal: AbortSignal
}

type RowKey = { readonly fields: readonly string[]; readonly formatKey: FormatKey }
type FormatKey = (values: readonly string[]) => string

/** Of the point where that knows the table: what is noted has its keys. */
function keyOf({ key }: DescribedEntity, schema: SchemaVersion | undefined): RowKey | null {
  if (schema === undefined) {
    if (key === null) return null
    const { encodings, fields } = key
    return { fields, formatKey: (values) => formatKeyValues(values, encodings) }
  }
  const own = schema.key
  if (own.kind === 'digest') return null
  const names = scanFields(schema)
  const fields = keyIndexes(schema).map((index) => names[index] ?? '')
  return { fields, formatKey: (values) => formatKeyValues(values, own.encodings) }
}

type Reading = {
  readonly described: DescribedEntity
  readonly key: RowKey | null
  readonly reference: Reference
}

/** Rows that refer to what is deleted, and go on to. */
async function* readReferring(
  cut: Pick<SourceCut, 'scan'>,
  { described, key, reference: { doomed, fields, released } }: Reading,
  signal: AbortSignal,
): AsyncGenerator<{ readonly joined: string; readonly key: string | null }, void, undefined> {
  // Which of the rows without a key go is not known by a name.
  if (key === null && released.size > 0) return
  const rows = readRowTexts(cut.scan(described, [...fields, ...(key?.fields ?? [])], signal))
  for await (const texts of rows) {
    const joined = texts.slice(0, fields.length).join('\t')
    if (!doomed.has(joined)) continue
    const values = texts.slice(fields.length).map((text) => parseField(text) ?? '')
    const address = key?.formatKey(values) ?? null
    if (address === null || !released.has(address)) yield { joined, key: address }
  }
}
