import type { DescribedEntity, DescribedKey, JsonValue, SchemaVersion } from '#record/schema'
import type { TranslateValue } from '#record/translate-rows'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { EntityMapping, FieldMapping } from '../mapping.ts'
import { Misfit, type NeutralType, type OwnType } from './neutral.ts'
import type { Platform } from './platforms.ts'

/** A table of the other platform that is there, and how its values are those of the point's. */
export type ResolvedEntity = {
  /** As the point's platform would describe it. */
  readonly shown: DescribedEntity
  readonly described: DescribedEntity
  /** By field; `null` where the types there hold nothing of the kind. */
  readonly fields: ReadonlyMap<string, FieldMapping | null>
}

/**
 * Matches a table with how it would be made. A field of another type of the same kind, made by
 * somebody else, is read by that type; one of another kind keeps the name of its type, so that it is
 * seen to differ.
 */
export function resolveEntity(
  { fields, schema }: EntityMapping,
  source: SchemaVersion,
  there: {
    readonly described: DescribedEntity
    readonly definition: JsonValue
    readonly to: Platform
  },
): ResolvedEntity {
  const { definition, described, to } = there
  const typeByName = new Map(schema.fields.map(({ name, type }) => [name, type]))
  const resolved = new Map<string, FieldMapping | null>()
  for (const { name, type } of described.fields) {
    const mapped = fields.get(name)
    if (mapped === undefined) continue
    const isAsMade = to.spellType(type) === to.spellType(typeByName.get(name) ?? type)
    const own = isAsMade ? mapped.target : to.readType(type, definition)
    const isAlike = isAsMade || isSameKind(mapped.source.neutral, own)
    resolved.set(name, isAlike ? { source: mapped.source, target: own } : null)
  }
  const sourceTypes = new Map(source.fields.map(({ name, type }) => [name, type]))
  const shown: DescribedEntity = {
    ...described,
    entity: source.entity,
    isTranslated: true,
    fields: described.fields.map((field) => {
      const isMapped = (resolved.get(field.name) ?? null) !== null
      return { ...field, type: (isMapped && sourceTypes.get(field.name)) || field.type }
    }),
    ...showKey(described, source, resolved),
  }
  return { shown, described, fields: resolved }
}

const TEXTS = new Set(['text', 'labels', 'padded', 'other'])
const NUMBERS = new Set(['integer', 'decimal'])

function isSameKind({ kind }: NeutralType, { neutral }: OwnType): boolean {
  const group = [TEXTS, NUMBERS].find((one) => one.has(kind))
  return kind === neutral.kind || group?.has(neutral.kind) === true
}

/** The key is the point's when it is over the same fields; in its order when nothing is translated. */
function showKey(
  { key, scanOrder }: DescribedEntity,
  source: SchemaVersion,
  resolved: ReadonlyMap<string, FieldMapping | null>,
): Pick<DescribedEntity, 'key' | 'scanOrder'> {
  if (key === null || source.key.kind === 'digest') return { key, scanOrder: 'none' }
  const names = source.key.fieldIds.map(
    (id) => source.fields.find((field) => field.id === id)?.name,
  )
  const { encodings } = source.key
  const isSame =
    names.length === key.fields.length && key.fields.every((name, i) => name === names[i])
  if (!isSame) return { key, scanOrder: 'none' }
  const shown: DescribedKey = { fields: key.fields, encodings }
  const isInOrder = key.fields.every((name, i) => {
    const field = resolved.get(name)
    const isKept = field?.source.codec === null && field.target.codec === null
    return isKept && encodings[i] === key.encodings[i]
  })
  return { key: shown, scanOrder: isInOrder ? scanOrder : 'none' }
}

/** From the other platform's text to that of the point's. What has no text there differs from all that have. */
export function toSourceText({ source, target }: FieldMapping): TranslateValue {
  if (source.codec === null && target.codec === null) return null
  return (own) => {
    try {
      const neutral = target.codec === null ? own : target.codec.toNeutral(own)
      return source.codec === null ? neutral : source.codec.fromNeutral(neutral)
    } catch (error) {
      if (error instanceof Misfit) return `?${own}`
      throw error
    }
  }
}

/** From the point's text to that of the other platform. */
export function toTargetText(
  { source, target }: FieldMapping,
  named: { readonly entity: string; readonly field: string },
): TranslateValue {
  if (source.codec === null && target.codec === null) return null
  return (text) => {
    try {
      const neutral = source.codec === null ? text : source.codec.toNeutral(text)
      return target.codec === null ? neutral : target.codec.fromNeutral(neutral)
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      throw refuseValue(named, `${target.type} needs ${error.message}`)
    }
  }
}

export function refuseValue(
  { entity, field }: { readonly entity: string; readonly field: string },
  found: string,
): AppError {
  const message = `Cannot write field "${field}" of "${entity}": found a value of another form, ${found}`
  return new AppError('connector.value-refused', message, { entity, field })
}

export function fieldOf(resolved: ResolvedEntity, name: string): FieldMapping {
  const field = resolved.fields.get(name)
  const { described } = resolved
  const type = described.fields.find((one) => one.name === name)?.type ?? 'nothing'
  if (field) return field
  assert(field === null, 'Only fields that are there are asked for.')
  const named = { entity: described.entity, field: name }
  throw refuseValue(named, `the target has ${type} there`)
}
