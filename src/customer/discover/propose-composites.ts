import { type Look, lookAgain } from './look-again.ts'
import type { EntityProfile } from './profile-entity.ts'
import { isKeyOf, type ProposedLink } from './proposal.ts'
import { explain, tellingOf, weigh } from './propose-links.ts'
import { nameLikeness } from './words.ts'

const SHARE_MIN = 0.95
const KEY_FIELDS_MAX = 4
const CHOICES_MAX = 8
/** Where a source declares constraints, a link that it does not declare is less likely meant. */
const UNDECLARED_AMONG_DECLARED = 0.6

/** Links of several fields at once that no constraint declares, from names and then values. */
export async function proposeComposites(
  entities: readonly EntityProfile[],
  declared: readonly ProposedLink[],
  signal: AbortSignal,
): Promise<ProposedLink[]> {
  const links: ProposedLink[] = []
  const wide = entities.filter(({ key, rows }) => {
    return key.length > 1 && key.length <= KEY_FIELDS_MAX && rows > 0
  })
  for (const from of entities) {
    const choices = wide.flatMap((to) => (isSaid(declared, from, to) ? [] : chooseFields(from, to)))
    if (choices.length === 0) continue
    const sketches = await lookAgain(from, choices, signal)
    const isStrict = from.foreignKeys.length > 0
    for (const [i, choice] of choices.entries()) {
      const { found, of } = sketches[i]?.foundIn(choice.to.keySketch) ?? { found: 0, of: 0 }
      if (of === 0 || found / of < SHARE_MIN) continue
      const { fields, like, telling, to } = choice
      const weight = weigh({ share: found / of, like: { share: like, because: '' }, telling })
      const confidence = Math.round(weight * (isStrict ? UNDECLARED_AMONG_DECLARED : 1) * 100) / 100
      const because = explain({ found, of, like: { share: like, because: 'the names fit' } })
      const rest = { when: [], confidence, because, isDeclared: false }
      links.push({ from, fields, to, toFields: to.key, ...rest })
    }
  }
  return links
}

function isSaid(
  declared: readonly ProposedLink[],
  from: EntityProfile,
  to: EntityProfile,
): boolean {
  return declared.some((link) => {
    return link.from === from && link.to === to && isKeyOf(to, link.toFields)
  })
}

type Choice = Look & {
  readonly to: EntityProfile
  readonly like: number
  readonly telling: number
}

/** Ways to name a record of `to` with fields of `from`, by names alone. */
function chooseFields(from: EntityProfile, to: EntityProfile): Choice[] {
  if (from === to || from.source !== to.source || isKeyOf(from, to.key)) return []
  const names = to.key.map((key) => {
    const scored = from.fields.flatMap(({ filled, name }) => {
      const isSelf = false
      const { share } = nameLikeness(name, { entity: to.entity, field: key, isSelf })
      return filled > 0 && share >= 0.6 ? [{ name, share }] : []
    })
    return scored.sort((a, b) => b.share - a.share).slice(0, 3)
  })
  let ways: { readonly fields: string[]; readonly like: number }[] = [{ fields: [], like: 1 }]
  for (const options of names) {
    ways = ways.flatMap(({ fields, like }) =>
      options
        .filter(({ name }) => !fields.includes(name))
        .map(({ name, share }) => ({ fields: [...fields, name], like: Math.min(like, share) })),
    )
  }
  // Names that all fit only by far are no reason to look.
  const isCalledSo = ({ fields }: { fields: readonly string[] }) => {
    return fields.some((name) => to.key.includes(name))
  }
  return ways
    .filter(isCalledSo)
    .slice(0, CHOICES_MAX)
    .map(({ fields, like }) => {
      // That several fields are found together is worth something, however short their values.
      const telling = Math.max(
        0.3,
        ...fields.map((name) => {
          const field = from.fields.find((one) => one.name === name)
          return field === undefined ? 0 : tellingOf(field)
        }),
      )
      return { fields, when: [], to, like, telling }
    })
}
