import type { PairedRow, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import { parseField, parseLargeMarker } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { textsOf } from './needed-records.ts'
import type { TargetPlan } from './restore-plan.ts'
import { decimalDifference } from './three-way/decimal-difference.ts'

/** A stretch of days, both included, as texts that sort like the days. */
export type Period = {
  /** `null`: since ever. */
  readonly from: string | null
  readonly until: string
  readonly isOpen: boolean
}

/** Where the posting periods of an entity's records are, and what they are now. */
export type PostingRule = {
  readonly entity: EntityName
  /** The field with the day. */
  readonly date: string
  /** The fields that say whose periods count. */
  readonly fields: readonly string[]
  /** Days in no period cannot be posted on; where days are only locked, all others can. */
  readonly mustBeIn: boolean
  /** By the values of `fields`, escaped texts joined by tabs. */
  readonly periods: ReadonlyMap<string, readonly Period[]>
}

/** What would have to be posted in an open period instead of changing a record of a closed one. */
export type AdjustingEntry = {
  readonly entity: EntityName
  readonly key: string
  readonly op: 'insert' | 'update' | 'delete'
  /** The day that lies in a closed period, or in none. */
  readonly day: string
  readonly found: 'closed' | 'no period'
  readonly fields: Readonly<Record<string, AdjustedField>>
}

/** A value is left out where it is too large to be shown, or not there. */
export type AdjustedField = {
  readonly before?: string | null
  readonly after?: string | null
  /** Of two numbers: what is to be added, `+12.50`. */
  readonly difference?: string
}

const LISTED_MAX = 10_000

/** Collects the writes of a plan that would change what is posted in closed periods. */
export class ClosedPeriods {
  readonly #rules: readonly PostingRule[]
  readonly entries: AdjustingEntry[] = []
  /** All of them, listed or not. */
  count = 0

  constructor(rules: readonly PostingRule[]) {
    this.#rules = rules
  }

  /**
   * A record as it will be (left) and as it is (right).
   * @param written the fields that are set; `null`: all of them
   */
  note(schema: SchemaVersion, pair: RecordPair, written: readonly string[] | null): void {
    const rule = this.#rules.find(({ entity }) => entity === schema.entity)
    if (rule === undefined) return
    const closed = judgeRow(rule, schema, pair.right) ?? judgeRow(rule, schema, pair.left)
    if (closed === null) return
    const fields = listFields(schema, pair, written)
    if (Object.keys(fields).length === 0) return
    this.count += 1
    if (this.entries.length >= LISTED_MAX) return
    const op = pair.left === null ? 'delete' : pair.right === null ? 'insert' : 'update'
    const key = formatKeyAddress(pair.key, schema.key)
    this.entries.push({ entity: schema.entity, key, op, ...closed, fields })
  }
}

/** What a plan says of them; nothing where there are none. */
export function tellClosed({ count, entries }: ClosedPeriods): Pick<TargetPlan, 'adjusting'> {
  return count > 0 ? { adjusting: { records: count, entries } } : {}
}

type Closed = Pick<AdjustingEntry, 'day' | 'found'>

function judgeRow(rule: PostingRule, schema: SchemaVersion, row: PairedRow | null): Closed | null {
  if (row === null) return null
  const texts = textsOf(schema, row)
  const day = parseField(texts.get(rule.date) ?? '\\N')
  const whose = rule.fields.map((field) => texts.get(field) ?? '\\N').join('\t')
  return day === null ? null : judgeDay(rule, day, rule.periods.get(whose) ?? [])
}

/**
 * Whether a day may not be posted on. Days are compared as far as the ends of periods are told, and a day
 * without hyphens (`20260510`) is the same day. Pure.
 */
export function judgeDay(
  { mustBeIn }: Pick<PostingRule, 'mustBeIn'>,
  day: string,
  periods: readonly Period[],
): Closed | null {
  const at = hyphenate(day)
  const within = periods.filter((period) => {
    const from = hyphenate(period.from ?? '')
    const until = hyphenate(period.until)
    return at.slice(0, from.length) >= from && at.slice(0, until.length) <= until
  })
  if (within.length === 0) return mustBeIn ? { day, found: 'no period' } : null
  return within.some(({ isOpen }) => isOpen) ? null : { day, found: 'closed' }
}

function hyphenate(day: string): string {
  return day.replace(/^(\d{4})(\d{2})(\d{2})(?:\d{6})?$/, '$1-$2-$3')
}

function listFields(
  schema: SchemaVersion,
  { left, right }: RecordPair,
  written: readonly string[] | null,
): AdjustingEntry['fields'] {
  const [after, before] = [left, right].map((row) => row && textsOf(schema, row))
  const fields: Record<string, AdjustedField> = {}
  for (const name of written ?? scanFields(schema)) {
    const [was, becomes] = [before?.get(name), after?.get(name)]
    if (was === becomes) continue
    const [b, a] = [show(was), show(becomes)]
    const difference =
      typeof b === 'string' && typeof a === 'string' ? decimalDifference(b, a) : null
    fields[name] = {
      ...(b !== undefined && { before: b }),
      ...(a !== undefined && { after: a }),
      ...(difference !== null && { difference }),
    }
  }
  return fields
}

function show(text: string | undefined): string | null | undefined {
  return text === undefined || parseLargeMarker(text) !== undefined ? undefined : parseField(text)
}
