import type { EntityName } from '#record/entity-name'
import { keyIndexes } from '#record/project'
import type { Field, SchemaVersion } from '#record/schema'
import type { TranslateValue } from '#record/translate-rows'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { type FieldKind, kindOf, lengthMaxOf } from './field-kind.ts'
import type { Keyed } from './keyed.ts'
import type { MaskerName } from './mask-schema.ts'
import { openMasker, REDACTED, type ValueMasker } from './maskers.ts'
import type { Mask, MaskRule } from './parse-mask.ts'

/** What becomes of a field's values. */
export type FieldMask = {
  readonly masker: MaskerName
  /** `null`: they stay. */
  readonly value: ((text: string) => string | null) | null
}

/** By entity, in the order of the fields of a row. */
export type EntityMasks = ReadonlyMap<EntityName, readonly FieldMask[]>

/** What the customer map says of the entities of a source, in its words. */
export type MappedFields = {
  roleOf(entity: EntityName): string | undefined
  classOf(entity: EntityName, field: string): string | undefined
  identityOf(entity: EntityName, field: string): string | undefined
  /** All words there are, in any source. */
  readonly known: Readonly<Record<'roles' | 'classes' | 'identity', readonly string[]>>
}

type Judging = {
  readonly mask: Mask
  readonly source: string
  readonly keyed: Keyed
  /** Absent where no rule asks for it. */
  readonly mapped?: MappedFields
}

/** A masker that gives two values one would make two records one. */
const ONE_TO_ONE: readonly MaskerName[] = [
  'keep',
  'iban',
  'taxId',
  'email',
  'phone',
  'postcode',
  'code',
]

/**
 * What the rules do to the entities of a point.
 *
 * @throws mask.rules-unfit with every rule that fits nothing, every text field without a rule, and
 * every key or reference that would not hold any more
 */
export function maskEntities(judging: Judging, schemas: readonly SchemaVersion[]): EntityMasks {
  const { mask, source } = judging
  const problems: string[] = [...listUnmapped(judging), ...listUnknown(judging, schemas)]
  const rules = new Map<EntityName, readonly MaskerName[]>()
  for (const schema of schemas) {
    const named = schema.fields.map((field) => {
      const found = ruleOf(judging, schema, field)
      const problem = judgeRule(schema, field, found)
      if (problem !== null) problems.push(problem)
      return found.masker
    })
    rules.set(schema.entity, named)
  }
  for (const schema of schemas) problems.push(...judgeReferences(schema, schemas, rules))
  if (problems.length > 0) throw unfit(mask, source, problems)
  return new Map(
    schemas.map(({ entity, fields }) => {
      const masks = fields.map((field, i) => {
        return openField(judging.keyed, field, rules.get(entity)?.[i] ?? 'keep')
      })
      return [entity, masks]
    }),
  )
}

/** In the order of the fields; `null`: nothing of the entity is masked. */
export function translationOf(masks: readonly FieldMask[]): readonly TranslateValue[] | null {
  return masks.every(({ value }) => value === null) ? null : masks.map(({ value }) => value)
}

type FoundRule = { readonly masker: MaskerName; readonly rule: MaskRule | null }

function ruleOf(
  judging: Judging,
  { entity }: SchemaVersion,
  field: Field,
): FoundRule & { readonly isUnlisted: boolean } {
  const { mask } = judging
  const rule = namedRule(judging, entity, field.name)
  if (rule !== undefined) return { masker: rule.masker, rule, isUnlisted: false }
  const kind = kindOf(field)
  const isText = kind !== 'plain' && kind !== 'day'
  if (!isText) return { masker: 'keep', rule: null, isUnlisted: false }
  return { masker: mask.unlisted ?? 'keep', rule: null, isUnlisted: mask.unlisted === undefined }
}

/** The one that says most of the field: by its place, its role, its class, what it means, its name. */
function namedRule(
  { mapped, mask, source }: Judging,
  entity: EntityName,
  field: string,
): MaskRule | undefined {
  return (
    mask.sources.get(source)?.get(entity)?.fields.get(field) ??
    mask.roles.get(mapped?.roleOf(entity) ?? '')?.fields.get(field) ??
    mask.classes.get(mapped?.classOf(entity, field) ?? '') ??
    mask.identity.get(mapped?.identityOf(entity, field) ?? '') ??
    mask.fields.get(field)
  )
}

/** Rules for what the customer map has no word for. */
function listUnmapped({ mapped, mask }: Judging): string[] {
  return (['roles', 'classes', 'identity'] as const).flatMap((kind) => {
    const known = mapped?.known[kind] ?? []
    const lines: [string, { readonly line: number }][] = [...mask[kind]]
    return lines.flatMap(([word, { line }]) => {
      if (known.includes(word)) return []
      return [
        `line ${line}: the customer map has no "${word}" for ${kind}${didYouMean(word, known)}`,
      ]
    })
  })
}

/** `null`: it fits. */
function judgeRule(
  schema: SchemaVersion,
  field: Field,
  { isUnlisted, masker, rule }: ReturnType<typeof ruleOf>,
): string | null {
  const line = rule === null ? '' : `line ${rule.line}: `
  const name = `${line}${schema.entity} ${field.name}`
  if (isUnlisted) return `${name} (${field.type}) has no rule`
  const isKey = keyIndexes(schema).some((index) => schema.fields[index] === field)
  if (isKey && !ONE_TO_ONE.includes(masker))
    return `${name} is part of the key, and ${masker} gives two records one value; need ${ONE_TO_ONE.join(', ')}`
  if (masker === 'null' && !field.isNullable) return `${name} cannot be null`
  const kind = kindOf(field)
  if (FITS[masker]?.includes(kind) === false)
    return `${name} is ${field.type}, which ${masker} does not fit`
  return null
}

/** Where a rule is not for every kind of field. */
const FITS: Partial<Record<MaskerName, readonly FieldKind[]>> = {
  ...Object.fromEntries(
    (
      [
        ...['iban', 'taxId', 'email', 'phone', 'name', 'company', 'street', 'city'],
        ...['postcode', 'code', 'freeText'],
      ] as const
    ).map((masker) => [masker, ['text']]),
  ),
  date: ['text', 'day'],
  redact: ['text', 'json', 'bytes'],
}

/** What refers to a field has to be masked as that is. */
function judgeReferences(
  schema: SchemaVersion,
  schemas: readonly SchemaVersion[],
  rules: ReadonlyMap<EntityName, readonly MaskerName[]>,
): string[] {
  const maskerOf = (one: SchemaVersion, field: string) =>
    rules.get(one.entity)?.[one.fields.findIndex(({ name }) => name === field)] ?? 'keep'
  return schema.foreignKeys.flatMap((key) => {
    const there = schemas.find(({ entity }) => entity === key.entity)
    if (there === undefined) return []
    return key.fields.flatMap((field, i) => {
      const masker = maskerOf(schema, field)
      const other = key.referencedFields[i] ?? ''
      const wanted = maskerOf(there, other)
      if (masker === wanted || masker === 'null') return []
      return [
        `${schema.entity} ${field} is ${masker} and ${key.entity} ${other}, which it refers to, ${wanted}`,
      ]
    })
  })
}

/** Rules for what is not there: a name was misspelt, and something else goes unmasked. */
function listUnknown({ mask, source }: Judging, schemas: readonly SchemaVersion[]): string[] {
  const entities = mask.sources.get(source) ?? new Map<string, never>()
  return [...entities].flatMap(([entity, { fields, line }]) => {
    const schema = schemas.find((one) => one.entity === entity)
    // Others may be put back another time; what is left out altogether is never misspelt here.
    if (schema === undefined) {
      const hint = didYouMean(
        entity,
        schemas.map((one) => one.entity),
      )
      return hint === '' ? [] : [`line ${line}: ${source} has no entity "${entity}"${hint}`]
    }
    const known = schema.fields.map(({ name }) => name)
    return [...fields].flatMap(([field, rule]) => {
      if (known.includes(field)) return []
      return [`line ${rule.line}: ${entity} has no field "${field}"${didYouMean(field, known)}`]
    })
  })
}

function openField(keyed: Keyed, field: Field, masker: MaskerName): FieldMask {
  if (masker === 'keep') return { masker, value: null }
  if (masker === 'null') return { masker, value: () => null }
  if (masker === 'redact') return { masker, value: redactionOf(field) }
  const value = openMasker(keyed, masker satisfies ValueMasker, lengthMaxOf(field))
  // An empty text hides nothing.
  return { masker, value: (text) => (text === '' ? text : value(text)) }
}

function redactionOf(field: Field): () => string {
  const kind = kindOf(field)
  if (kind === 'json') return () => JSON.stringify(REDACTED)
  if (kind === 'bytes') return () => '\\x'
  const text = REDACTED.slice(0, lengthMaxOf(field))
  return () => text
}

function unfit({ label }: Mask, source: string, problems: readonly string[]): AppError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  const lines = problems.map((problem) => `\n  ${problem}`).join('')
  const message = `Cannot mask ${source} by "${label}": found ${count}${lines}`
  return new AppError('mask.rules-unfit', message, { source, problems })
}
