import type { SourceCut } from '#connector/connector'
import { readAs } from '#connector/read-as'
import { entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import { scanFields } from '#record/project'
import { readRowTexts } from '#record/read-row-texts'
import { NULL_FIELD } from '#record/row-text'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { assert } from '#stdx/assert'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { CompareDeps } from './compare-target.ts'
import type { Crosswalk } from './crosswalk.ts'
import { parseKeys, readAddress } from './gather-keys.ts'
import { type KeyedEntities, type KeyedEntity, readReference } from './key-references.ts'
import { readStateRows } from './row-mask.ts'

/**
 * A record that the target has no key for, and that carries what is unique there in the row of an earlier one,
 * which is gone at the point. Keys are addresses.
 */
export type MovedRecord = {
  readonly entity: EntityName
  readonly key: string
  readonly earlier: string
  /** What the earlier one became. */
  readonly targetKey: string
  /** What both have in common: all fields of one unique index. */
  readonly fields: readonly string[]
}

export type MovedRequest = {
  readonly state: TimelineState
  readonly point: Point
  readonly keyed: KeyedEntities
  readonly known: Crosswalk
  /** Keys of the point that the target was not given, by entity. */
  readonly fresh: ReadonlyMap<EntityName, ReadonlySet<string>>
}

export type MovedOptions = {
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'scan'>
  readonly signal: AbortSignal
}

/**
 * Finds records that got another key in the source, by the values that nothing else may have in the target.
 * Only texts tell: what an index takes for the same whatever its case does not.
 *
 * Reads an entity on the target where there are such indexes and records that are gone; of the point those that
 * the target was given before, and those that are new. Holds their keys and unique values.
 */
export async function findMoved(
  deps: CompareDeps,
  request: MovedRequest,
  options: MovedOptions,
): Promise<readonly MovedRecord[]> {
  const looks: Look[] = []
  for (const entity of request.fresh.keys()) {
    const look = await openLook(deps, { ...request, entity }, options)
    if (look !== null) looks.push(look)
  }
  const moved: MovedRecord[] = []
  // What names one that moved may be found once that is.
  for (let found = -1; found !== moved.length; ) {
    found = moved.length
    for (const look of looks) await findIn(deps, { look, moved, request }, options.signal)
  }
  return moved
}

/** An entity of which records are gone, and what of their rows in the target is unique. */
type Look = {
  readonly one: KeyedEntity
  readonly unique: readonly UniqueKey[]
}

type UniqueKey = {
  readonly fields: readonly string[]
  /** Where they stand in a row of the point. */
  readonly indexes: readonly number[]
  /** By their values in the target. */
  readonly earlier: Map<string, { readonly key: string; readonly targetKey: string }>
}

type LookedAt = MovedRequest & { readonly entity: EntityName }

async function openLook(
  deps: CompareDeps,
  { entity, fresh, keyed, known, point, state }: LookedAt,
  { catalogue, cut, signal }: MovedOptions,
): Promise<Look | null> {
  const one = keyed.get(entity)
  const described = catalogue.entities.find((other) => other.entity === entity)
  if (one === undefined || described === undefined || fresh.get(entity)?.size === 0) return null
  const unique = listUnique(one, described)
  const lines = [...known.lines()].filter((line) => {
    return line.source === state.source && line.entity === entity && line.targetEntity === entity
  })
  if (unique.length === 0 || lines.length === 0) return null
  const at = entityAt(state, point, entity)
  const given = parseKeys(
    lines.map(({ key }) => key),
    at.schema.key,
  )
  const there = new Set<string>()
  for await (const texts of readRowTexts(readStateRows(deps, at, signal, given)))
    there.add(readAddress(texts[one.minted ?? -1]))
  const gone = new Map(
    lines.filter(({ key }) => !there.has(key)).map(({ key, targetKey }) => [targetKey, key]),
  )
  if (gone.size === 0) return null
  const own = scanFields(one.schema)[one.minted ?? -1]
  assert(own !== undefined, 'What is minted has a number.')
  const asked = [own, ...new Set(unique.flatMap(({ fields }) => fields))]
  for await (const texts of readRowTexts(cut.scan(readAs(described, one.schema), asked, signal))) {
    const targetKey = readAddress(texts[0])
    const key = gone.get(targetKey)
    if (key === undefined) continue
    for (const { earlier, fields } of unique) {
      const name = nameOf(fields.map((field) => texts[asked.indexOf(field)]))
      if (name !== null) earlier.set(name, { key, targetKey })
    }
  }
  return { one, unique: unique.filter(({ earlier }) => earlier.size > 0) }
}

/** Indexes over fields that the point knows; that of the number itself tells nothing. */
function listUnique({ minted, schema }: KeyedEntity, { uniqueKeys = [] }: DescribedEntity) {
  const names = scanFields(schema)
  return uniqueKeys.flatMap((fields): UniqueKey[] => {
    const indexes = fields.map((field) => names.indexOf(field))
    if (indexes.some((index) => index < 0 || index === minted)) return []
    return [{ fields, indexes, earlier: new Map() }]
  })
}

type Finding = {
  readonly look: Look
  /** Of all entities so far; this one adds its own. */
  readonly moved: MovedRecord[]
  readonly request: MovedRequest
}

async function findIn(
  deps: CompareDeps,
  { look: { one, unique }, moved, request }: Finding,
  signal: AbortSignal,
): Promise<void> {
  const { entity } = one.schema
  const own = moved.filter((other) => other.entity === entity)
  const isFound = new Set(own.map(({ key }) => key))
  const isTaken = new Set(own.map(({ targetKey }) => targetKey))
  const open = [...(request.fresh.get(entity) ?? [])].filter((key) => !isFound.has(key))
  if (open.length === 0 || unique.length === 0) return
  const isOpen = new Set(open)
  const at = entityAt(request.state, request.point, entity)
  const only = parseKeys(open, at.schema.key)
  for await (const texts of readRowTexts(readStateRows(deps, at, signal, only))) {
    const key = readAddress(texts[one.minted ?? -1])
    if (!isOpen.has(key)) continue
    const renamed = renameNamed(one, texts, { moved, request })
    for (const { earlier, fields, indexes } of unique) {
      const name = nameOf(indexes.map((index) => renamed[index]))
      const found = name === null ? undefined : earlier.get(name)
      if (found === undefined || isTaken.has(found.targetKey)) continue
      isTaken.add(found.targetKey)
      moved.push({ entity, key, earlier: found.key, targetKey: found.targetKey, fields })
      break
    }
  }
}

/** A row with what it names as that is called in the target; null where that is not known. */
function renameNamed(
  { references }: KeyedEntity,
  texts: readonly string[],
  { moved, request: { known, state } }: Pick<Finding, 'moved' | 'request'>,
): readonly string[] {
  const renamed = [...texts]
  for (const reference of references) {
    const number = readReference(reference, texts)
    if (number === null) continue
    const { elsewhere, index, to } = reference
    const own = () =>
      moved.find((one) => one.entity === to && one.key === number)?.targetKey ??
      known.find({ source: state.source, entity: to, key: number }, to)?.targetKey
    renamed[index] = (elsewhere === null ? own() : elsewhere.find(to, number)) ?? NULL_FIELD
  }
  return renamed
}

/** What has a null in it is unique beside anything. */
function nameOf(texts: readonly (string | undefined)[]): string | null {
  if (texts.some((text) => text === undefined || text === NULL_FIELD)) return null
  return texts.join('\t')
}
