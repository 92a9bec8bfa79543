import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { check } from '#stdx/check-yaml'
import { didYouMean } from '#stdx/did-you-mean'
import { formatProblems, type Path, type Problem, readYamlLines } from '#stdx/yaml-lines'
import {
  type CustomerMap,
  type EntityPlace,
  isSamePlace,
  type MapEntity,
  type MapLink,
  type MapPeriod,
  type MapSideEffect,
} from './customer-map.ts'
import { FINANCE_SCHEMAS } from './finance-schema.ts'
import {
  boundsSchema,
  type EntitySettings,
  entitySchema,
  identitySchema,
  type LinkSettings,
  linkSchema,
  openSchema,
  outlineSchema,
  type PeriodSettings,
  periodSchema,
  sourceMapSchema,
} from './map-schema.ts'
import { type Reading, readName } from './parsing/check-settings.ts'
import { parseFinance } from './parsing/parse-finance.ts'

/**
 * Reads the text of a `customers.yaml`.
 *
 * @param label for messages
 * @throws customer.map-invalid with every problem of the file and its line
 */
export function parseMap(text: string, label: string): CustomerMap {
  const yaml = readYamlLines(text)
  if (yaml.problems.length > 0) throw invalid(label, yaml.problems)
  const problems: Problem[] = []
  const reading: Reading = { yaml, problems, named: new Map(), known: KNOWN }
  const value = yaml.toValue()
  const outline = check(
    reading,
    { path: [], subject: 'the map', value: value ?? {} },
    outlineSchema,
  )
  const found = outline ?? {
    bounds: boundsSchema.parse({}),
    match: [],
    finance: undefined,
    sources: field(value, 'sources'),
  }
  const entities: MapEntity[] = []
  const leftOut = new Map<string, EntityName[]>()
  const sideEffects = new Map<string, MapSideEffect[]>()
  for (const [source, settings] of Object.entries(isObject(found.sources) ? found.sources : {})) {
    const read = readSource(reading, source, settings)
    entities.push(...read.entities)
    leftOut.set(source, read.leftOut)
    sideEffects.set(source, read.sideEffects)
  }
  const { bounds, match } = found
  for (const entity of entities) {
    problems.push(...judgeLinks(reading, entity, entities))
    problems.push(...judgePeriod(reading, entity, entities))
  }
  const finance = parseFinance(reading, found.finance)
  if (problems.length > 0) throw invalid(label, problems)
  return { entities, match, bounds, leftOut, sideEffects, decisions: [], finance }
}

type SourceMap = {
  readonly entities: MapEntity[]
  readonly leftOut: EntityName[]
  readonly sideEffects: MapSideEffect[]
}

function readSource(reading: Reading, source: string, value: unknown): SourceMap {
  const path = ['sources', source]
  const subject = `source ${source}`
  const outline = sourceMapSchema.extend({ entities: z.record(z.string(), z.unknown()) })
  const checked = check(reading, { path, subject, value }, outline)
  const entities: MapEntity[] = []
  const group = checked?.entities ?? field(value, 'entities')
  const names: EntityName[] = []
  reading.named.set(source, names)
  for (const [name, settings] of Object.entries(isObject(group) ? group : {})) {
    const at = [...path, 'entities', name]
    const entity = readName(reading, at, name, true)
    const read = check(reading, { path: at, subject: name, value: settings }, entitySchema)
    if (entity !== undefined) names.push(entity)
    if (entity === undefined || read === undefined) continue
    entities.push(toEntity(reading, { source, entity, path: at }, read))
  }
  const leftOut = (checked?.leftOut ?? []).flatMap((name, i) => {
    return readName(reading, [...path, 'leftOut', i], name, false) ?? []
  })
  const sideEffects = Object.entries(checked?.sideEffects ?? {}).flatMap(([name, what]) => {
    const at = [...path, 'sideEffects', name]
    const entity = readName(reading, at, name, true)
    return entity === undefined ? [] : [{ line: reading.yaml.lineOf(at, true), entity, what }]
  })
  return { entities, leftOut, sideEffects }
}

function toEntity(
  reading: Reading,
  { entity, path, source }: EntityPlace & { readonly path: Path },
  { classes, identity, key, links, open, period, role }: EntitySettings,
): MapEntity {
  const inClasses = toClasses(reading, path, classes ?? {})
  return {
    source,
    entity,
    line: reading.yaml.lineOf(path, true),
    role,
    key,
    ...toIdentity(identity),
    links: links.flatMap((link, i) => {
      return toLink(reading, { source, path: [...path, 'links', i] }, link) ?? []
    }),
    classes: inClasses,
    open,
    period: period && toPeriod(reading, { source, path: [...path, 'period'] }, period),
  }
}

function toIdentity(settings: EntitySettings['identity']) {
  const { none = [], ...identity } = settings ?? {}
  return { identity, identityNone: none }
}

function toClasses(
  { problems, yaml }: Reading,
  path: Path,
  classes: NonNullable<EntitySettings['classes']>,
): MapEntity['classes'] {
  const classOf = new Map<string, string>()
  for (const [name, fields] of Object.entries(classes)) {
    const at = [...path, 'classes', name]
    const say = (problem: string) => problems.push({ line: yaml.lineOf(at, true), problem })
    if (name === 'default') say('"default" is the class of all fields that are in no other')
    for (const field of fields) {
      const other = classOf.get(field)
      if (other !== undefined) say(`"${field}" is in class ${other} and in class ${name}`)
      classOf.set(field, name)
    }
  }
  return new Map(Object.entries(classes))
}

function toPeriod(
  reading: Reading,
  { path, source }: { readonly source: string; readonly path: Path },
  { date, fields, from, lockedUntil, to, toFields, until, ...other }: PeriodSettings,
): MapPeriod | undefined {
  const entity = readName(reading, [...path, 'to'], to, false)
  const isPeriod = from !== undefined && until !== undefined && lockedUntil === undefined
  const isLock = from === undefined && until === undefined && lockedUntil !== undefined
  const line = reading.yaml.lineOf(path)
  if (!isPeriod && !isLock) {
    const problem = 'a period needs "from" and "until", or "lockedUntil" alone'
    reading.problems.push({ line, problem })
  }
  if (entity === undefined) return undefined
  return {
    line,
    date,
    fields,
    to: { source: other.source ?? source, entity },
    toFields,
    days: isPeriod ? { kind: 'period', from, until } : { kind: 'lock', until: lockedUntil ?? '' },
  }
}

function toLink(
  reading: Reading,
  { path, source }: { readonly source: string; readonly path: Path },
  { fields, kind, none, rowsMax, to, toFields, when, ...link }: LinkSettings,
): MapLink | undefined {
  const entity = readName(reading, [...path, 'to'], to, false)
  if (entity === undefined) return undefined
  return {
    line: reading.yaml.lineOf(path),
    fields,
    to: { source: link.source ?? source, entity },
    toFields,
    kind,
    when: Object.entries(when ?? {}),
    none: none ?? [],
    rowsMax,
  }
}

/** What only the whole file tells: whether what a link names is there and fits. */
function judgeLinks(
  reading: Reading,
  entity: MapEntity,
  all: readonly MapEntity[],
): readonly Problem[] {
  const path = ['sources', entity.source, 'entities', entity.entity, 'links']
  return entity.links.flatMap((link, i) => {
    const problems = judgePlace(reading, [...path, i], link, all)
    if (problems.length > 0) return problems
    const isSelf = all.find((one) => isSamePlace(one, link.to)) === entity
    if (link.kind !== 'same' || !isSelf) return []
    const line = reading.yaml.lineOf([...path, i, 'kind'])
    return [{ line, problem: 'an entity is not the same as itself' }]
  })
}

function judgePeriod(
  reading: Reading,
  { entity, period, source }: MapEntity,
  all: readonly MapEntity[],
): readonly Problem[] {
  const path = ['sources', source, 'entities', entity, 'period']
  if (period === undefined) return []
  const problems = judgePlace(reading, path, period, all)
  const there = all.find((one) => isSamePlace(one, period.to))
  if (period.days.kind === 'lock' || there === undefined || there.open !== undefined)
    return problems
  const problem = `${there.entity} needs "open", which says when a period is`
  return [...problems, { line: there.line, problem }]
}

/** Whether what somebody points to is there, and has as many fields. */
function judgePlace(
  { named, yaml }: Reading,
  path: Path,
  { fields, to, toFields }: Pick<MapLink, 'fields' | 'to' | 'toFields'>,
  all: readonly MapEntity[],
): readonly Problem[] {
  const say = (part: string, problem: string) => ({ line: yaml.lineOf([...path, part]), problem })
  const there = named.get(to.source)
  if (there === undefined) {
    const hint = didYouMean(to.source, [...named.keys()])
    return [say('source', `"${to.source}" is no source of the map${hint}`)]
  }
  if (!there.includes(to.entity)) {
    const hint = didYouMean(to.entity, there)
    return [say('to', `"${to.entity}" is no entity of source ${to.source} in the map${hint}`)]
  }
  const wanted = toFields ?? all.find((one) => isSamePlace(one, to))?.key
  if (wanted === undefined || wanted.length === fields.length) return []
  const problem = `${fields.length} fields cannot point to ${wanted.length}, ${wanted.join(', ')}`
  return [say('fields', problem)]
}

const KNOWN = [
  outlineSchema,
  boundsSchema,
  sourceMapSchema,
  entitySchema,
  identitySchema,
  linkSchema,
  openSchema,
  periodSchema,
  ...FINANCE_SCHEMAS,
].flatMap(({ shape }) => Object.keys(shape))

function invalid(label: string, problems: readonly Problem[]): AppError {
  const message = `Cannot read customer map "${label}": ${formatProblems(problems)}`
  return new AppError('customer.map-invalid', message, { problems })
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
