import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import {
  type CustomerMap,
  isSamePlace,
  type MapEntity,
  type MapPeriod,
} from '#customer/customer-map'
import { type EntityAt, entityAt } from '#history/entity-at'
import { keyIndexes, scanFields } from '#record/project'
import { readRowTexts } from '#record/read-row-texts'
import { parseField } from '#record/row-text'
import type { Catalogue } from '#record/schema'
import type { Period, PostingRule } from '#restore/closed-periods'
import type { Vault } from '#vault/vault'
import type { FoundPoint } from '../points/find-point.ts'
import { findElsewhere, readElsewhere } from '../points/read-elsewhere.ts'

type Reading = {
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'scan'>
  readonly found: FoundPoint
  readonly signal: AbortSignal
}

/**
 * The posting periods of a source's entities, as they are now: in the target, or as they were captured
 * last where they live in another system. Holds them in memory; they are some hundred. Of what is not
 * there, or has no period at all, nothing is said.
 */
export async function readPostingRules(
  vault: Vault,
  { entities }: CustomerMap,
  reading: Reading,
): Promise<PostingRule[]> {
  const { source } = reading.found
  const rules: PostingRule[] = []
  for (const { entity, period, ...one } of entities) {
    if (period === undefined || one.source !== source) continue
    const to = entities.find((other) => isSamePlace(other, period.to))
    const periods = to && (await readPeriods(vault, { period, to }, reading))
    if (periods === undefined || periods.size === 0) continue
    const { date, days, fields } = period
    rules.push({ entity, date, fields, mustBeIn: days.kind === 'period', periods })
  }
  return rules
}

type AskedPeriods = { readonly period: MapPeriod; readonly to: MapEntity }

async function readPeriods(
  vault: Vault,
  { period, to }: AskedPeriods,
  reading: Reading,
): Promise<PostingRule['periods'] | undefined> {
  const isOwn = to.source === reading.found.source
  const elsewhere = isOwn ? undefined : await findElsewhere(vault, to, reading.signal)
  const at = isOwn ? findAt(reading.found, to) : elsewhere?.at
  if (at === undefined) return undefined
  const { days } = period
  const names = scanFields(at.schema)
  const toFields = period.toFields ?? to.key ?? keyIndexes(at.schema).map((i) => names[i] ?? '')
  const ends = days.kind === 'lock' ? [days.until] : [days.until, days.from]
  const fields = [...toFields, ...ends, ...(to.open === undefined ? [] : [to.open.field])]
  const isThere = fields.every((field) => names.includes(field))
  if (!isThere || toFields.length !== period.fields.length) return undefined
  const periods = new Map<string, Period[]>()
  const rows =
    elsewhere === undefined
      ? scanTarget(reading, at, fields)
      : readElsewhere(vault, elsewhere, fields, reading.signal)
  for await (const texts of rows) {
    const whose = texts.slice(0, toFields.length).join('\t')
    const [until, from = null, state = null] = texts.slice(toFields.length).map(parseField)
    if (until === null || until === undefined) continue
    const isOpen = days.kind === 'period' && state !== null && to.open?.values.includes(state)
    const told = { from: days.kind === 'lock' ? null : from, until, isOpen: isOpen === true }
    periods.set(whose, [...(periods.get(whose) ?? []), told])
  }
  return periods
}

function findAt({ point, state }: FoundPoint, { entity }: MapEntity): EntityAt | undefined {
  return point.factsOf(entity) === undefined ? undefined : entityAt(state, point, entity)
}

async function* scanTarget(
  { catalogue, cut, signal }: Reading,
  { schema }: EntityAt,
  fields: readonly string[],
): AsyncGenerator<readonly string[], void, undefined> {
  const described = catalogue.entities.find(({ entity }) => entity === schema.entity)
  if (described === undefined || described.missingGrant !== null) return
  yield* readRowTexts(cut.scan(readAs(described, schema), fields, signal))
}
