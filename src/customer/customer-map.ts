import type { EntityName } from '#record/entity-name'
import type { Decision } from './decisions.ts'
import type { FinanceMap } from './finance-map.ts'
import type { IdentityField, LikenessField, LinkKind } from './map-schema.ts'
import type { Role } from './roles.ts'

/**
 * The customer map: which entities make up a customer and how they hang together, over all systems.
 * It says nothing of rows; whether it is true of a point is what `check-map.ts` measures.
 */
export type CustomerMap = {
  readonly entities: readonly MapEntity[]
  /** Parties of different sources that agree in one of these are one. */
  readonly match: readonly Exclude<IdentityField, 'name'>[]
  readonly bounds: { readonly rowsMax: number; readonly rowsPerLinkMax: number }
  /** By source: entities that somebody has looked at and left out. */
  readonly leftOut: ReadonlyMap<string, readonly EntityName[]>
  /** By source: what a program does by itself with rows that are written. */
  readonly sideEffects: ReadonlyMap<string, readonly MapSideEffect[]>
  /** What people decided on who is one, oldest first; no file says it, the vault does. */
  readonly decisions: readonly Decision[]
  /** Where the reports of finance find what they are about. */
  readonly finance: FinanceMap
}

export type MapSideEffect = {
  /** Of its entity in the file. */
  readonly line: number
  readonly entity: EntityName
  /** In the words of whoever wrote the map. */
  readonly what: string
}

export type EntityPlace = { readonly source: string; readonly entity: EntityName }

export type MapEntity = EntityPlace & {
  /** Of its name in the file. */
  readonly line: number
  readonly role: Role
  /** As the map says; `undefined`: what the source declares. */
  readonly key: readonly string[] | undefined
  readonly identity: Readonly<Partial<Record<IdentityField | LikenessField, string | undefined>>>
  /** Values of these fields that say nothing of who somebody is. */
  readonly identityNone: readonly string[]
  readonly links: readonly MapLink[]
  /** Classes of fields, each field in at most one. */
  readonly classes: ReadonlyMap<string, readonly string[]>
  /** Its records may be used while this field has one of these values; `undefined`: always. */
  readonly open: { readonly field: string; readonly values: readonly string[] } | undefined
  readonly period: MapPeriod | undefined
}

/** Where the posting periods of an entity's records are, and which field holds the day they are posted on. */
export type MapPeriod = {
  readonly line: number
  readonly date: string
  readonly fields: readonly string[]
  readonly to: EntityPlace
  /** `undefined`: the key over there. */
  readonly toFields: readonly string[] | undefined
  /** Fields over there: first and last day of a period, both included, or the last day that is locked. */
  readonly days:
    | { readonly kind: 'period'; readonly from: string; readonly until: string }
    | { readonly kind: 'lock'; readonly until: string }
}

/** From the records that hold a key to the records it names. */
export type MapLink = {
  readonly line: number
  readonly fields: readonly string[]
  readonly to: EntityPlace
  /** `undefined`: the key over there. */
  readonly toFields: readonly string[] | undefined
  readonly kind: LinkKind
  /** Counts only where these fields hold these values. */
  readonly when: readonly (readonly [field: string, value: string])[]
  /** Values that mean no record. */
  readonly none: readonly string[]
  readonly rowsMax: number | undefined
}

/** `erp main.customer`, as messages and answers call it. */
export function formatPlace({ entity, source }: EntityPlace): string {
  return `${source} ${entity}`
}

export function isSamePlace(a: EntityPlace, b: EntityPlace): boolean {
  return a.source === b.source && a.entity === b.entity
}
