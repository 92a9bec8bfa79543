import { ANY_TEXT, type NeutralField, openFit } from '#connector/neutral-fields'
import { scanFields } from '#record/project'
import { didYouMean } from '#stdx/did-you-mean'
import { openExpression } from './expression.ts'
import type { Book } from './key-book.ts'
import { openKeyOf, type Surroundings } from './open-key-of.ts'
import type { FieldRule, FieldSource, KeyOf } from './parse-mapping.ts'
import { type RecordValues, textOf, Unfit } from './read-values.ts'
import type { SourceEntity, TargetEntity } from './sides.ts'

/** What a rule gives for a record, as the target prints it. @throws Unfit */
export type MapValue = (record: RecordValues) => string | null

export type OpenedField = {
  readonly value: MapValue
  /** Fields of the source that it reads. */
  readonly uses: readonly string[]
  /** What it is made of, for people. */
  readonly from: string
  /** What of it is not the same in the target; `null`: nothing. */
  readonly why: string | null
  /** Where it looks up what another record is called. */
  readonly book?: Book
}

type Asked = { readonly source: SourceEntity; readonly entity: TargetEntity }

/** What a rule does between an entity and a field of the target, or what is wrong with it. */
export function openField(
  around: Surroundings,
  { field, how }: FieldRule,
  { entity, source }: Asked,
): OpenedField | string {
  const target = entity.fields.get(field)
  if (target === undefined)
    return `there is no such field${didYouMean(field, [...entity.fields.keys()])}`
  const opened =
    how.kind === 'key-of'
      ? openNamed(around, { entity, how, source, target })
      : openSource(how, source, target)
  if (typeof opened === 'string' || target.isNullable) return opened
  const { value } = opened
  return {
    ...opened,
    value: (record) => {
      const text = value(record)
      if (text === null) throw new Unfit(`there is no value, and ${field} needs one`)
      return text
    },
  }
}

function openNamed(
  around: Surroundings,
  asked: Parameters<typeof openKeyOf>[1],
): OpenedField | string {
  const opened = openKeyOf(around, asked)
  if (typeof opened === 'string') return opened
  const { from, of } = asked.how
  const why = `what the record of ${of} is called there`
  return { ...opened, uses: [from], from: `${from} ${of}`, why }
}

function openSource(
  how: Exclude<FieldSource, KeyOf>,
  source: SourceEntity,
  target: NeutralField,
): OpenedField | string {
  switch (how.kind) {
    case 'field':
      return openPlain(how.from, source, target)
    case 'values':
      return openValues(how, source, target)
    case 'is': {
      const text = constantOf(how.text, target)
      if (typeof text !== 'object') return text
      return { value: () => text.own, uses: [], from: 'a constant', why: null }
    }
    case 'expression':
      return openComputed(how.text, source, target)
  }
}

function openPlain(from: string, source: SourceEntity, target: NeutralField): OpenedField | string {
  const field = source.fields.get(from)
  if (field === undefined) return unknownField(from, source)
  const convert = fitOf(field, target)
  if (convert === null)
    return `${from} is ${field.type} and ${target.name} ${target.type}, need values or an expression`
  return {
    value: (record) => {
      const text = record.read(from)
      return text === null ? null : textOf(convert(text))
    },
    uses: [from],
    from: `${from} ${field.type}`,
    why: remarkOf(field, target),
  }
}

/** Text stands for itself. Types that only one platform has are kept by their own name only. */
function fitOf(field: NeutralField, target: NeutralField) {
  const isOwn = field.neutral.kind === 'other' && field.type !== target.type
  return openFit(isOwn ? ANY_TEXT : field.neutral, target)
}

/** What the platforms say of the two types, where they are not one and the same. */
function remarkOf(field: NeutralField, target: NeutralField): string | null {
  if (field.type === target.type) return null
  const said = [field.why, target.why].filter((why) => why !== null)
  return said.length === 0 ? null : said.join('; ')
}

function openValues(
  { from, unlisted, values }: Extract<FieldSource, { kind: 'values' }>,
  source: SourceEntity,
  target: NeutralField,
): OpenedField | string {
  const field = source.fields.get(from)
  if (field === undefined) return unknownField(from, source)
  const listed = new Map<string, string | null>()
  for (const [text, becomes] of values) {
    const there = constantOf(becomes, target)
    if (typeof there !== 'object') return there
    listed.set(text, there.own)
  }
  const other = unlisted.kind === 'is' ? constantOf(unlisted.text, target) : null
  if (typeof other === 'string') return other
  const keep = unlisted.kind === 'keep' ? fitOf(field, target) : null
  if (unlisted.kind === 'keep' && keep === null)
    return `${from} is ${field.type}, of which ${target.type} keeps nothing`
  return {
    value: (record) => {
      const text = record.read(from)
      if (text === null) return null
      const found = listed.get(text)
      if (found !== undefined) return found
      if (keep !== null) return textOf(keep(text))
      if (other !== null) return other.own
      throw new Unfit(`${from} has a value that is not listed`)
    },
    uses: [from],
    from: `${from} ${field.type}`,
    why: other !== null ? 'values that are not listed become one' : joinsValues(listed),
  }
}

function joinsValues(listed: ReadonlyMap<string, string | null>): string | null {
  return new Set(listed.values()).size < listed.size ? 'several values become one' : null
}

function openComputed(
  text: string,
  source: SourceEntity,
  target: NeutralField,
): OpenedField | string {
  const names = scanFields(source.schema)
  const expression = openExpression(text, names)
  if (typeof expression === 'string') return `expression: ${expression}`
  const convert = openFit(ANY_TEXT, target)
  if (convert === null) return `no text says a value of ${target.type}`
  const uses = [...expression.uses]
  return {
    value: (record) => {
      const found = expression.evaluate(readAll(record, uses))
      if ('failed' in found) throw new Unfit(found.failed)
      return found.value === null ? null : textOf(convert(String(found.value)))
    },
    uses,
    from: 'an expression',
    why: 'it is computed',
  }
}

export function readAll(
  record: RecordValues,
  fields: readonly string[],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(fields.map((field) => [field, record.read(field)]))
}

function constantOf(text: string | null, target: NeutralField): { own: string | null } | string {
  if (text === null) return target.isNullable ? { own: null } : `${target.name} cannot be null`
  const fitted = openFit(ANY_TEXT, target)?.(text)
  if (fitted === undefined) return `no text says a value of ${target.type}`
  return 'text' in fitted ? { own: fitted.text } : `a value is unfit: ${fitted.wanted}`
}

export function unknownField(name: string, { schema }: SourceEntity): string {
  return `${schema.entity} has no field "${name}"${didYouMean(name, scanFields(schema))}`
}
