import type { Target } from '#connector/connector'
import { fitTarget } from '#connector/fit-target'
import { entityAt } from '#history/entity-at'
import { splitRecordAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import { type TranslateValue, translateRows } from '#record/translate-rows'
import type { CompareDeps } from '#restore/compare-target'
import type { PreparedRestore } from '#restore/prepared-restore'
import type { FieldFit, RestorePlan } from '#restore/restore-plan'
import { type OtherRows, readStateRows } from '#restore/row-mask'
import { AppError } from '#stdx/app-error'
import type { FoundPoint } from '../points/find-point.ts'

export type AskedFits = {
  /** `ENTITY:FIELD` */
  readonly leaveOut?: readonly string[]
  /** `ENTITY:FIELD=NAME` */
  readonly renamed?: readonly string[]
}

/** @throws restore.fit-invalid | record.address-invalid */
export function parseFits({ leaveOut = [], renamed = [] }: AskedFits): FieldFit[] {
  const out = leaveOut.map((text) => ({ ...splitField(text), becomes: null }))
  const others = renamed.map((text) => {
    const at = text.lastIndexOf('=')
    if (at <= 0 || at === text.length - 1) throw invalid(text, 'need ENTITY:FIELD=NAME')
    return { ...splitField(text.slice(0, at)), becomes: text.slice(at + 1) }
  })
  const fits = [...out, ...others]
  const names = fits.map(nameOf)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw invalid(twice, 'need each field once')
  return fits
}

/** What becomes of a target, and of the rows that it is to have. */
export type Fitting = {
  readonly fits: readonly FieldFit[]
  /** Seems to have the fields of the point. */
  target(target: Target): Target
  /** Nothing is in what is left out. */
  compare(compare: CompareDeps): CompareDeps
}

/** Whether a point knows a field: of several, each is asked for its own. */
export function knowsField(
  { point, state }: FoundPoint,
  entity: EntityName,
  field: string,
): boolean {
  if (point.factsOf(entity) === undefined) return false
  return scanFields(entityAt(state, point, entity).schema).includes(field)
}

/**
 * What was told of a field that no point knows is a slip, and would be written after all.
 * @throws restore.field-unknown
 */
export function refuseUnused(
  asked: AskedFits & { readonly inexact?: readonly string[] },
  plans: readonly Pick<RestorePlan, 'fits' | 'inexact'>[],
): void {
  const used = plans.flatMap(({ fits = [], inexact = [] }) => [...fits.map(nameOf), ...inexact])
  const unused = [...parseFits(asked).map(nameOf), ...(asked.inexact ?? [])].find(
    (name) => !used.includes(name),
  )
  if (unused === undefined) return
  const message = `Cannot restore as told of ${unused}: no point that is put back has such a field`
  throw new AppError('restore.field-unknown', message)
}

function nameOf({ entity, field }: FieldFit): string {
  return `${entity}:${field}`
}

/**
 * @param isOne whether it is the only point that is put back; else what others hold is theirs
 * @throws restore.field-unknown | restore.fit-invalid | history.entity-unknown
 */
export function openFitting(
  found: FoundPoint,
  asked: readonly FieldFit[],
  isOne: boolean,
): Fitting {
  const { point, state } = found
  const fits = asked.filter(({ entity, field }) => isOne || knowsField(found, entity, field))
  const byEntity = new Map<EntityName, Map<string, string | null>>()
  const schemas = new Map<EntityName, SchemaVersion>()
  for (const fit of fits) {
    const { schema } = entityAt(state, point, fit.entity)
    refuseUnfit(schema, fit)
    schemas.set(schema.entity, schema)
    const fields = byEntity.get(schema.entity) ?? new Map<string, string | null>()
    byEntity.set(schema.entity, fields.set(fit.field, fit.becomes))
  }
  if (fits.length === 0) return { fits, target: (one) => one, compare: (one) => one }
  return {
    fits,
    target: (target) => fitTarget(target, byEntity, [...schemas.values()]),
    compare: (compare) =>
      withValues(compare, (entity, field) =>
        byEntity.get(entity)?.get(field) === null ? () => null : null,
      ),
  }
}

/** A plan that says what was fitted for it. */
export function withFits(
  prepared: PreparedRestore,
  { fits, inexact }: { readonly fits: readonly FieldFit[]; readonly inexact: readonly string[] },
): PreparedRestore {
  const told = { ...(fits.length > 0 && { fits }), ...(inexact.length > 0 && { inexact }) }
  return { ...prepared, plan: { ...prepared.plan, ...told } }
}

/** The rows of the point, or those that take their place, with other values beside their keys. */
export function withValues(
  compare: CompareDeps,
  translationOf: (entity: EntityName, field: string) => TranslateValue,
): CompareDeps {
  const before = compare.otherRows
  const otherRows: OtherRows = {
    ...before,
    rowsOf(at, signal) {
      const other = before?.rowsOf(at, signal) ?? null
      const { entity } = at.schema
      const values = scanFields(at.schema).map((name) => translationOf(entity, name))
      if (values.every((value) => value === null)) return other
      const rows = other?.rows ?? readStateRows(compare, at, signal)
      const isOrdered = other?.isOrdered ?? true
      return { rows: translateRows(rows, values), isOrdered }
    },
  }
  return { ...compare, otherRows }
}

function refuseUnfit(schema: SchemaVersion, { becomes, entity, field }: FieldFit): void {
  const names = scanFields(schema)
  if (!names.includes(field)) {
    const message = `Cannot restore field "${field}" of "${entity}": the point has no such field`
    throw new AppError('restore.field-unknown', message, { entity, field })
  }
  if (becomes !== null) return
  const isKey = keyIndexes(schema).some((index) => names[index] === field)
  if (isKey) throw invalid(`${entity}:${field}`, 'found a field of the key, need one beside it')
  if (schema.key.kind === 'digest') {
    const found = 'its records have no key and are known by all their fields'
    throw invalid(`${entity}:${field}`, `${found}, need a table with a key`)
  }
}

function splitField(text: string): Pick<FieldFit, 'entity' | 'field'> {
  const { entity, key } = splitRecordAddress(text)
  return { entity, field: key.replace(/^"(.*)"$/, '$1').replaceAll('""', '"') }
}

function invalid(text: string, found: string): AppError {
  return new AppError('restore.fit-invalid', `Cannot leave out or rename ${text}: ${found}`)
}
