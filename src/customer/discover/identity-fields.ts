import type { IdentityField, LikenessField } from '../map-schema.ts'
import type { Role } from '../roles.ts'
import { isParty } from '../roles.ts'
import type { EntityProfile, FieldProfile } from './profile-entity.ts'
import type { ProposedEntity, ProposedMatch } from './proposal.ts'
import { lastName, wordsOf } from './words.ts'

const PATTERNS: readonly (readonly [Exclude<IdentityField, 'number'>, RegExp])[] = [
  ['iban', /\biban\b/],
  [
    'taxId',
    /\b(?:tax|vat) (?:id|no|number|nr|code)\b|^(?:vat|stceg|stcd1|siren|siret|tva intra)$|\bust ?id|steuernummer|umsatzsteuer id/,
  ],
  ['email', /\be ?mail\b/],
  [
    'name',
    /^(?:name ?1?|(?:customer|company|account|supplier|legal|full|display) name|firma|nom|bezeichnung)$/,
  ],
]

/** They tell who is like whom, and no other link or match is found by them. */
const LIKENESS: readonly (readonly [LikenessField, RegExp])[] = [
  ['street', /\b(?:street|strasse|stras)\b|^address(?: line)? 1$/],
  ['postcode', /\b(?:post ?code|postal code|zip|plz|pstlz|pincode)\b/],
  ['phone', /\b(?:phone|telephone|telefon|telf ?1|tel)\b/],
]

const NUMBER_WORDS = /\b(?:number|no|nr|nummer|num|code|id|ref)$/
const NUMBER_NAMES = new Set(['kunnr', 'lifnr', 'partner', 'kundennr', 'kundennummer'])

/** What a field says of a party by its name. */
export function identityByName(field: string): Exclude<IdentityField, 'number'> | undefined {
  const words = wordsOf(field).join(' ')
  return PATTERNS.find(([, pattern]) => pattern.test(words))?.[0]
}

/** The fields by which records of an entity of this role are found. */
export function findIdentity(profile: EntityProfile, role: Role): ProposedEntity['identity'] {
  const wanted = isParty(role)
    ? ['name', 'taxId', 'email', 'iban']
    : role === 'contact'
      ? ['email']
      : role === 'bank-account'
        ? ['iban']
        : []
  const identity: Partial<Record<IdentityField | LikenessField, string>> = {}
  const number = isParty(role) ? findNumber(profile) : undefined
  if (number !== undefined) identity.number = number.name
  for (const field of profile.fields) {
    const what = identityByName(field.name)
    if (what === undefined || !wanted.includes(what) || what in identity) continue
    if (field.filled > 0 && field.name !== number?.name) identity[what] = field.name
  }
  return isParty(role) || role === 'contact' || role === 'address'
    ? { ...identity, ...findLikeness(profile) }
    : identity
}

function findLikeness({ fields }: EntityProfile): Partial<Record<LikenessField, string>> {
  const found: Partial<Record<LikenessField, string>> = {}
  for (const { filled, name } of fields) {
    const words = wordsOf(name).join(' ')
    const what = LIKENESS.find(([, pattern]) => pattern.test(words))?.[0]
    if (what !== undefined && filled > 0) found[what] ??= name
  }
  return found
}

/** The number people say: a unique field that is called so, the key in case of doubt. */
function findNumber({ entity, fields, key }: EntityProfile): FieldProfile | undefined {
  const own = wordsOf(lastName(entity)).join(' ')
  const unique = fields.filter((field) => field.filled > 0 && field.sketch.isUnique)
  const isNumber = ({ name }: FieldProfile) => {
    const words = wordsOf(name).join(' ')
    return (
      NUMBER_NAMES.has(words) || (NUMBER_WORDS.test(words) && !/\b(?:tax|vat|ust)\b/.test(words))
    )
  }
  const inKey = unique.find(({ name }) => key.length === 1 && key[0] === name)
  const spoken = unique.find((field) => {
    const isOwn = wordsOf(field.name).join(' ').startsWith(own)
    return isNumber(field) && !/ id$/.test(` ${wordsOf(field.name).join(' ')}`) && isOwn
  })
  return spoken ?? inKey ?? unique.find(isNumber)
}

const MATCHED = ['taxId', 'email', 'iban'] as const
const SHARE_MIN = 0.5

/** Identity fields in which parties of two systems agree, mostly, and that tell parties apart. */
export function findMatches(entities: readonly ProposedEntity[]): ProposedMatch[] {
  const parties = entities.filter(({ role }) => isParty(role))
  return MATCHED.flatMap((field) => {
    const said: string[] = []
    parties.forEach((left, i) => {
      for (const right of parties.slice(i + 1)) {
        const because = left.profile.source !== right.profile.source && agree(left, right, field)
        if (because) said.push(because)
      }
    })
    return said.length === 0 ? [] : [{ field, because: said.join('; ') }]
  })
}

function agree(
  left: ProposedEntity,
  right: ProposedEntity,
  what: IdentityField,
): string | undefined {
  const [a, b] = [left, right].map(({ identity, profile }) => {
    return profile.fields.find(({ name }) => name === identity[what])
  })
  if (a === undefined || b === undefined || !a.sketch.isUnique || !b.sketch.isUnique)
    return undefined
  const { found, of } = a.sketch.foundIn(b.sketch)
  if (of === 0 || found / of < SHARE_MIN) return undefined
  const places = `${left.profile.source} ${left.profile.entity} and ${right.profile.source} ${right.profile.entity}`
  return `${Math.round((100 * found) / of)} % of ${places}`
}
