import { type NeutralField, openFit, toNeutralText } from '#connector/neutral-fields'
import { formatKeyValues } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { keyIndexes, scanFields } from '#record/project'
import { didYouMean } from '#stdx/did-you-mean'
import type { Book, FindKey } from './key-book.ts'
import type { MapValue } from './open-field.ts'
import type { KeyOf, Mapping } from './parse-mapping.ts'
import { textOf, Unfit } from './read-values.ts'
import type { Sides, SourceEntity, TargetEntity } from './sides.ts'

/** What is known of other records while fields are opened. */
export type Surroundings = {
  readonly find: FindKey
  readonly mapping: Mapping
  readonly sides: Sides
}

export type OpenedKeyOf = { readonly value: MapValue; readonly book: Book }

type Asked = {
  readonly how: KeyOf
  readonly source: SourceEntity
  readonly target: NeutralField
  /** What `target` is a field of. */
  readonly entity: TargetEntity
}

/** The key that the record has in the target whose key at the point stands in a field. */
export function openKeyOf(
  { find, mapping, sides }: Surroundings,
  { entity, how, source, target }: Asked,
): OpenedKeyOf | string {
  const { from, of, unlisted } = how
  const field = source.fields.get(from)
  const named = sides.source.entities.get(of)
  if (named === undefined)
    return `${sides.source.name} has no entity "${of}"${didYouMean(of, [...sides.source.entities.keys()])}`
  const place = how.in ?? placeOf(of, { entity, field: target.name, mapping })
  if (place === null) return `records of ${of} go to several entities or none, need in: ENTITY`
  const ownKey = keyOfSource(named)
  const thereKey = keyOfTarget(sides.target.entities.get(place))
  if (ownKey === null) return `the key of ${of} is not a single field`
  if (thereKey === null) return `the key of ${place} is not a single field`
  const toKey = field === undefined ? null : openFit(field.neutral, ownKey.field)
  const toTarget = openFit(thereKey.neutral, target)
  if (field === undefined || toKey === null || toTarget === null)
    return `${from} does not go together with the keys of ${of} and ${place}`
  const book = { from: of, entity: place }
  const value: MapValue = ({ read }) => {
    const text = read(from)
    if (text === null) return null
    const found = find(book, formatKeyValues([textOf(toKey(text))], ownKey.encodings))
    if (found !== undefined) return textOf(toTarget(textOf(toNeutralText(thereKey, found))))
    if (unlisted === 'null') return null
    throw new Unfit(`${from} names a record of ${of} that ${place} does not get`)
  }
  return { value, book }
}

/** Where the field's foreign key leads, or the only entity that is filled from it. */
function placeOf(
  of: EntityName,
  {
    entity,
    field,
    mapping,
  }: { readonly entity: TargetEntity; readonly field: string; readonly mapping: Mapping },
): EntityName | null {
  const { foreignKeys } = entity.described
  const leads = foreignKeys.find(({ fields }) => fields.length === 1 && fields[0] === field)
  if (leads !== undefined) return leads.entity
  const places = new Set(
    mapping.entities.filter((rule) => rule.from === of).map((rule) => rule.entity),
  )
  const [place = null] = places
  return places.size === 1 ? place : null
}

function keyOfSource({ fields, schema }: SourceEntity) {
  const [index, ...more] = keyIndexes(schema)
  const name = index === undefined ? undefined : scanFields(schema)[index]
  const field = name === undefined ? undefined : fields.get(name)
  if (field === undefined || more.length > 0 || schema.key.kind === 'digest') return null
  return { field, encodings: schema.key.encodings }
}

function keyOfTarget(target: TargetEntity | undefined): NeutralField | null {
  const [name, ...more] = target?.described.key?.fields ?? []
  const field = name === undefined ? undefined : target?.fields.get(name)
  return field === undefined || more.length > 0 ? null : field
}
