import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { formatProblems, type Path, type Problem, readYamlLines } from '#stdx/yaml-lines'
import {
  type CustomerMap,
  type EntityPlace,
  isSamePlace,
  type MapEntity,
  type MapLink,
} from './customer-map.ts'
import {
  boundsSchema,
  type EntitySettings,
  entitySchema,
  identitySchema,
  type LinkSettings,
  linkSchema,
  outlineSchema,
  sourceMapSchema,
} from './map-schema.ts'
import { check, type Reading, readName } from './parsing/check-settings.ts'

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
  const value: unknown = yaml.document.toJS()
  const outline = check(
    reading,
    { path: [], subject: 'the map', value: value ?? {} },
    outlineSchema,
  )
  const found = outline ?? {
    bounds: boundsSchema.parse({}),
    match: [],
    sources: field(value, 'sources'),
  }
  const entities: MapEntity[] = []
  const leftOut = new Map<string, EntityName[]>()
  for (const [source, settings] of Object.entries(isObject(found.sources) ? found.sources : {})) {
    const read = readSource(reading, source, settings)
    entities.push(...read.entities)
    leftOut.set(source, read.leftOut)
  }
  const { bounds, match } = found
  for (const entity of entities) problems.push(...judgeLinks(reading, entity, entities))
  if (problems.length > 0) throw invalid(label, problems)
  return { entities, match, bounds, leftOut }
}

function readSource(
  reading: Reading,
  source: string,
  value: unknown,
): { readonly entities: MapEntity[]; readonly leftOut: EntityName[] } {
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
  return { entities, leftOut }
}

function toEntity(
  reading: Reading,
  { entity, path, source }: EntityPlace & { readonly path: Path },
  { identity, key, links, role }: EntitySettings,
): MapEntity {
  return {
    source,
    entity,
    line: reading.yaml.lineOf(path, true),
    role,
    key,
    identity: identity ?? {},
    links: links.flatMap((link, i) => {
      return toLink(reading, { source, path: [...path, 'links', i] }, link) ?? []
    }),
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
  { named, yaml }: Reading,
  entity: MapEntity,
  all: readonly MapEntity[],
): readonly Problem[] {
  const path = ['sources', entity.source, 'entities', entity.entity, 'links']
  return entity.links.flatMap(({ fields, kind, to, toFields }, i) => {
    const say = (part: string, problem: string) => ({
      line: yaml.lineOf([...path, i, part]),
      problem,
    })
    const there = named.get(to.source)
    if (there === undefined) {
      const hint = didYouMean(to.source, [...named.keys()])
      return [say('source', `"${to.source}" is no source of the map${hint}`)]
    }
    if (!there.includes(to.entity)) {
      const hint = didYouMean(to.entity, there)
      return [say('to', `"${to.entity}" is no entity of source ${to.source} in the map${hint}`)]
    }
    const target = all.find((one) => isSamePlace(one, to))
    const wanted = toFields ?? target?.key
    if (wanted !== undefined && wanted.length !== fields.length) {
      const problem = `${fields.length} fields cannot point to ${wanted.length}, ${wanted.join(', ')}`
      return [say('fields', problem)]
    }
    const isSelf = target === entity
    return kind === 'same' && isSelf ? [say('kind', 'an entity is not the same as itself')] : []
  })
}

const KNOWN = [
  outlineSchema,
  boundsSchema,
  sourceMapSchema,
  entitySchema,
  identitySchema,
  linkSchema,
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
