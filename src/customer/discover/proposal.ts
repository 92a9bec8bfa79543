import type { IdentityField, LikenessField, LinkKind } from '../map-schema.ts'
import type { Role } from '../roles.ts'
import type { EntityProfile } from './profile-entity.ts'

/** A link that may be there, with what speaks for it. */
export type ProposedLink = {
  readonly from: EntityProfile
  readonly fields: readonly string[]
  readonly to: EntityProfile
  readonly toFields: readonly string[]
  readonly when: readonly (readonly [field: string, value: string])[]
  /** 0 to 1; 1 where a constraint says so. */
  readonly confidence: number
  readonly because: string
  readonly isDeclared: boolean
}

/** The same with what it says of the records at both ends. */
export type KindedLink = ProposedLink & { readonly kind: LinkKind }

export type ProposedEntity = {
  readonly profile: EntityProfile
  readonly role: Role
  readonly because: string
  readonly identity: Readonly<Partial<Record<IdentityField | LikenessField, string>>>
}

/** Parties of two systems that agree in a field. */
export type ProposedMatch = {
  readonly field: Exclude<IdentityField, 'name'>
  readonly because: string
}

export function isSelfLink({ from, to }: Pick<ProposedLink, 'from' | 'to'>): boolean {
  return from === to
}

export function isKeyOf({ key }: EntityProfile, fields: readonly string[]): boolean {
  return key.length === fields.length && key.every((name, i) => name === fields[i])
}

/** Links over the same fields under the same condition: of these, one is meant. */
export function isSameStart(a: ProposedLink, b: ProposedLink): boolean {
  return (
    a.from === b.from &&
    a.fields.join('\t') === b.fields.join('\t') &&
    JSON.stringify(a.when) === JSON.stringify(b.when)
  )
}
