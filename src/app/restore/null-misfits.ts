import { entityAt } from '#history/entity-at'
import { splitRecordAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import type { TranslateValue } from '#record/translate-rows'
import type { CompareDeps } from '#restore/compare-target'
import { AppError } from '#stdx/app-error'
import type { TargetAsCaptured } from '../live/other-platform.ts'
import type { FoundPoint } from '../points/find-point.ts'
import { knowsField, withValues } from './fit-fields.ts'

const NULL = '=null'

/**
 * What was told of the fields of one point; of several points, each is asked for its own.
 * @throws restore.inexact-invalid | record.address-invalid
 */
export function chooseInexact(
  asked: readonly string[],
  { found, holds, isOne }: Pick<Inexact, 'found' | 'holds'> & { readonly isOne: boolean },
): readonly string[] {
  if (isOne) return asked
  return asked.filter((text) => {
    const { entity, field } = parseInexact(text)
    return holds !== undefined && knowsField(found, entity, field)
  })
}

type Inexact = Pick<TargetAsCaptured, 'holds'> & { readonly found: FoundPoint }

function parseInexact(text: string): { readonly entity: EntityName; readonly field: string } {
  if (!text.endsWith(NULL)) throw invalid(text, 'need ENTITY:FIELD=null')
  const { entity, key: field } = splitRecordAddress(text.slice(0, -NULL.length))
  return { entity, field }
}

/**
 * The rows that a target of another platform is to have: null where a field that was named holds a value
 * that has no place there. Everything else of such a field is kept.
 *
 * @param asked `ENTITY:FIELD=null`
 * @throws restore.inexact-invalid | restore.field-unknown | history.entity-unknown
 */
export function nullMisfits(
  compare: CompareDeps,
  asked: readonly string[],
  { found: { point, state }, holds }: Inexact,
): CompareDeps {
  if (asked.length === 0) return compare
  if (holds === undefined) {
    const found = 'the target is of the platform of the point, which holds all its values'
    throw new AppError('restore.inexact-invalid', `Cannot restore inexactly: ${found}`)
  }
  const values = new Map<string, TranslateValue>()
  for (const text of asked) {
    const { entity, field } = parseInexact(text)
    refuseFixed(entityAt(state, point, entity).schema, field)
    const isHeld = lazily(() => holds(entity, field))
    values.set(`${entity}\t${field}`, (value) => (isHeld()(value) ? value : null))
  }
  const translationOf = (entity: string, field: string) => values.get(`${entity}\t${field}`) ?? null
  return withValues(compare, translationOf)
}

/** What the table there is like is known once its catalogue was read. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

function refuseFixed(schema: SchemaVersion, name: string): void {
  const { entity, fields, key } = schema
  const field = fields.find((one) => one.name === name)
  if (field === undefined) {
    const message = `Cannot restore field "${name}" of "${entity}": the point has no such field`
    throw new AppError('restore.field-unknown', message, { entity, field: name })
  }
  const isKey = keyIndexes(schema).some((index) => scanFields(schema)[index] === name)
  if (isKey || key.kind === 'digest' || !field.isNullable) {
    throw invalid(`${entity}:${name}`, 'found a field of the key, or one that may not be null')
  }
}

function invalid(text: string, found: string): AppError {
  return new AppError('restore.inexact-invalid', `Cannot restore ${text} inexactly: ${found}`)
}
