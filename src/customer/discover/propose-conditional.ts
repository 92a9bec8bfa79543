import { type Look, lookAgain } from './look-again.ts'
import type { EntityProfile, FieldProfile } from './profile-entity.ts'
import type { ProposedLink } from './proposal.ts'
import { explain, type KeyField, LIKELY, tellingOf, weigh } from './propose-links.ts'
import { conceptWords, type Likeness, lastName, wordsOf } from './words.ts'

const SHARE_MIN = 0.98
/** So much of a field has to be found in a key for the rest to be sought elsewhere. */
const PART_MIN = 0.02
const LOOKS_MAX = 64

/**
 * Polymorphic links and crosswalks: a field whose values are found in one entity or another, depending
 * on what another field, of few values, holds.
 */
export async function proposeConditional(
  entities: readonly EntityProfile[],
  { keys, links }: { readonly keys: readonly KeyField[]; readonly links: readonly ProposedLink[] },
  signal: AbortSignal,
): Promise<ProposedLink[]> {
  const found: ProposedLink[] = []
  for (const from of entities) {
    const looks = chooseLooks(from, keys, links).slice(0, LOOKS_MAX)
    if (looks.length === 0) continue
    const sketches = await lookAgain(from, looks, signal)
    const judged = looks.flatMap((look, i) => {
      const sketch = sketches[i]
      if (sketch === undefined) return []
      const options = look.keys.flatMap((key) => judge(from, look, { key, sketch }) ?? [])
      return options.sort((a, b) => b.confidence - a.confidence)[0] ?? []
    })
    found.push(...bestConditions(judged))
  }
  return found
}

type ConditionalLook = Look & { readonly id: FieldProfile; readonly keys: readonly KeyField[] }

/** Each value of each field that could be a type, with each field that could be an id. */
function chooseLooks(
  from: EntityProfile,
  keys: readonly KeyField[],
  links: readonly ProposedLink[],
): ConditionalLook[] {
  const types = from.fields.filter(({ few, isNumeric }) => few.length > 0 && !isNumeric)
  return from.fields.flatMap((id) => {
    const isSaid = links.some((link) => {
      return link.from === from && link.confidence >= LIKELY && link.fields.includes(id.name)
    })
    if (isSaid || id.filled === 0 || id.few.length > 0) return []
    const parts = keys.filter(({ key, to }) => {
      if (to === from) return false
      const { found, of } = id.sketch.foundIn(key.sketch)
      return of > 0 && found / of >= PART_MIN
    })
    if (parts.length < 2) return []
    return types.flatMap((type) =>
      type.few.map((value) => {
        return { fields: [id.name], when: [[type.name, value] as const], id, keys: parts }
      }),
    )
  })
}

function judge(
  from: EntityProfile,
  { fields, id, when }: ConditionalLook,
  { key, sketch }: { readonly key: KeyField; readonly sketch: FieldProfile['sketch'] },
): ProposedLink | undefined {
  const { found, of } = sketch.foundIn(key.key.sketch)
  if (of === 0 || found / of < SHARE_MIN) return undefined
  const like = valueLikeness(when[0]?.[1] ?? '', key.to)
  const confidence = weigh({ share: found / of, like, telling: tellingOf(id) })
  if (confidence < LIKELY) return undefined
  const because = explain({ found, of, like })
  const toFields = [key.key.name]
  return { from, fields, to: key.to, toFields, when, confidence, because, isDeclared: false }
}

/** How well the value of a type field names an entity, or its source. */
function valueLikeness(value: string, to: EntityProfile): Likeness {
  const words = conceptWords(value)
  const there = conceptWords(lastName(to.entity))
  const isEntity = words.join() === there.join() && words.length > 0
  if (isEntity || wordsOf(value).join() === wordsOf(lastName(to.entity)).join()) {
    return { share: 1, because: `"${value}" is what the entity is called` }
  }
  if (wordsOf(value).join() === wordsOf(to.source).join()) {
    return { share: 0.8, because: `"${value}" is what the source is called` }
  }
  return { share: 0, because: '' }
}

/**
 * For each field the one type field that explains most; a type that tells nothing apart, because all
 * of its values lead to one entity, explains nothing.
 */
function bestConditions(links: readonly ProposedLink[]): ProposedLink[] {
  const groups = new Map<string, ProposedLink[]>()
  for (const link of links) {
    const name = `${link.fields.join()}\t${link.when[0]?.[0]}`
    groups.set(name, [...(groups.get(name) ?? []), link])
  }
  const best = new Map<string, ProposedLink[]>()
  for (const group of groups.values()) {
    const field = group[0]?.fields.join() ?? ''
    if (new Set(group.map(({ to }) => to)).size < 2) continue
    const sum = (list: readonly ProposedLink[]) =>
      list.reduce((all, one) => all + one.confidence, 0)
    if (sum(group) > sum(best.get(field) ?? [])) best.set(field, group)
  }
  return [...best.values()].flat()
}
