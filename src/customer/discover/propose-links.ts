import { identityByName } from './identity-fields.ts'
import type { EntityProfile, FieldProfile } from './profile-entity.ts'
import { isKeyOf, isSameStart, type ProposedLink } from './proposal.ts'
import { type Likeness, nameLikeness, wordsOf } from './words.ts'

/** From here on a link is part of the proposed map; from `MAYBE` on it is a remark in it. */
export const LIKELY = 0.55
export const MAYBE = 0.45

const SHARE_MIN = 0.95
const NEVER_KEYS = /date|time|float|double|real|bool|blob|bytea|binary|json|xml|geometry/i

/** What constraints declare, and every link of one field that names and values speak for. Pure. */
export function proposeLinks(entities: readonly EntityProfile[]): ProposedLink[] {
  const declared = entities.flatMap((from) => declaredLinks(from, entities))
  const keys = entities.flatMap(keysOf)
  const found = entities.flatMap((from) =>
    from.fields.flatMap((field) => {
      const isSaid = declared.some((link) => {
        return link.from === from && link.fields.length === 1 && link.fields[0] === field.name
      })
      return isSaid ? [] : (bestOf(candidatesFor({ from, field }, keys)) ?? [])
    }),
  )
  return withoutMirrors([...declared, ...found])
}

function declaredLinks(from: EntityProfile, entities: readonly EntityProfile[]): ProposedLink[] {
  const links = from.foreignKeys.flatMap(({ entity, fields, name, referencedFields }) => {
    const to = entities.find((one) => one.source === from.source && one.entity === entity)
    if (to === undefined || referencedFields.length !== fields.length) return []
    const because = name === '' ? 'declared' : `declared as ${name}`
    const sure = { confidence: 1, because, isDeclared: true, when: [] }
    return [{ from, fields, to, toFields: referencedFields, ...sure }]
  })
  // Some systems carry the same constraint several times.
  return links.filter((link, i) => !links.slice(0, i).some((one) => isSameStart(one, link)))
}

/** A field by which records of an entity can be named. */
export type KeyField = {
  readonly to: EntityProfile
  readonly key: FieldProfile
}

/** The key, and other fields that are unique and called like a key. */
export function keysOf(to: EntityProfile): KeyField[] {
  const referred = new Set(to.fields.filter(({ name }) => isKeyOf(to, [name])))
  return to.fields.flatMap((key) => {
    if (referred.has(key)) return [{ to, key }]
    const isCalledKey = /\b(?:id|no|nr|num|number|nummer|code|key|ref)$/.test(
      wordsOf(key.name).join(' '),
    )
    const isIdentity = identityByName(key.name) !== undefined
    const isFilled = key.filled > 0 && key.filled === to.rows
    const isUsable = isFilled && !NEVER_KEYS.test(key.type) && !NO_KEYS.test(key.name)
    if (!isCalledKey || isIdentity || !isUsable || !key.sketch.isUnique) return []
    return [{ to, key }]
  })
}

/** What is called a code or a number and names no record, though it may be unique by chance. */
const NO_KEYS = /postal|post_?code|zip|plz|phone|telefon|mobil|fax|street|strasse|house|haus/i

type Start = { readonly from: EntityProfile; readonly field: FieldProfile }

/** Every key that the values of a field are found in, best first. */
export function candidatesFor(start: Start, keys: readonly KeyField[]): ProposedLink[] {
  const { field, from } = start
  const isOdd = field.filled === 0 || NEVER_KEYS.test(field.type)
  if (isOdd || identityByName(field.name) !== undefined) return []
  const found = keys.flatMap((key) => judge(start, key) ?? [])
  // Another unique field counts only where no key does.
  const ofKeys = found.filter(({ to, toFields }) => isKeyOf(to, toFields))
  const counted = ofKeys.length > 0 ? ofKeys : found
  const rank = (link: ProposedLink) => link.confidence + (link.to.source === from.source ? 0.02 : 0)
  return counted.sort((a, b) => rank(b) - rank(a))
}

function bestOf(candidates: readonly ProposedLink[]): ProposedLink | undefined {
  return candidates.find(({ confidence }) => confidence >= MAYBE)
}

function judge({ field, from }: Start, { key, to }: KeyField): ProposedLink | undefined {
  if (to === from && key === field) return undefined
  const { found, of } = field.sketch.foundIn(key.sketch)
  if (of === 0 || found / of < SHARE_MIN) return undefined
  const isSelf = to === from
  // The key of a record names another of its kind in no system.
  if (isSelf && isKeyOf(from, [field.name])) return undefined
  const like = nameLikeness(field.name, { entity: to.entity, field: key.name, isSelf })
  const back = like.share > 0 ? key.sketch.foundIn(field.sketch) : { found: 0, of: 0 }
  const cover = back.of >= COVER_MIN ? back.found / back.of : 0
  const confidence = weigh({ share: found / of, like, telling: tellingOf(field), cover })
  const because = explain({ found, of, like })
  return {
    from,
    fields: [field.name],
    to,
    toFields: [key.name],
    when: [],
    confidence,
    because,
    isDeclared: false,
  }
}

/** So many records have to be named for it to mean something that all of them are. */
const COVER_MIN = 5

/**
 * Names and values are two witnesses: each alone may do, both together are better. That nearly all
 * records over there are named is a third, of less weight.
 */
export function weigh(said: {
  readonly share: number
  readonly like: Likeness
  readonly telling: number
  /** The share of the records over there that are named. */
  readonly cover?: number
}): number {
  const { cover = 0, like, share, telling } = said
  const doubt = (1 - 0.6 * telling) * (1 - 0.65 * like.share) * (1 - 0.3 * cover)
  return Math.round(100 * (1 - doubt) * share ** 4) / 100
}

/** How little the values of a field would be found elsewhere by chance, 0 to 1. */
export function tellingOf({ isNumeric, least, lengthMean, sketch }: FieldProfile): number {
  const isMany = sketch.distinctAbout >= 10
  if (isNumeric) return isMany && least >= 10_000 ? 0.7 : 0
  return isMany && lengthMean >= 5 ? 1 : 0
}

export function explain(said: {
  readonly found: number
  readonly of: number
  readonly like: Likeness
}): string {
  const values = `${said.found} of ${said.of} values compared are found there`
  return said.like.because === '' ? values : `${values}, ${said.like.because}`
}

/** Of two links that say the same from either end, the one that points to a key. */
function withoutMirrors(links: readonly ProposedLink[]): ProposedLink[] {
  return links.filter((link, i) => {
    const mirror = links.findIndex((one) => {
      const isTurned = one.from === link.to && one.to === link.from
      return isTurned && one.fields[0] === link.toFields[0] && one.toFields[0] === link.fields[0]
    })
    if (mirror < 0 || link.fields.length > 1) return true
    const other = links[mirror]
    const own = isKeyOf(link.to, link.toFields) ? 1 : 0
    const theirs = other && isKeyOf(other.to, other.toFields) ? 1 : 0
    if (link.isDeclared !== other?.isDeclared) return link.isDeclared
    return own > theirs || (own === theirs && i < mirror)
  })
}
