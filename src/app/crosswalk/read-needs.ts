import { type CustomerMap, isSamePlace, type MapEntity, type MapLink } from '#customer/customer-map'
import { isReference } from '#customer/roles'
import { type EntityAt, entityAt } from '#history/entity-at'
import { keyIndexes, scanFields } from '#record/project'
import type { KeysElsewhere, LinkElsewhere } from '#restore/key-references'
import type { Need } from '#restore/needed-records'
import type { Vault } from '#vault/vault'
import type { FoundPoint } from '../points/find-point.ts'
import { findElsewhere, readElsewhere } from '../points/read-elsewhere.ts'

type Reading = {
  readonly found: FoundPoint
  /** Sources that are put back, too: what they lack now they may get. */
  readonly others: readonly string[]
  readonly signal: AbortSignal
}

/**
 * What the customer map says that records of a source need: the links of kind `reference`. Reference
 * data of another system is looked for as it was captured last. Links of what is not held, or not in
 * these fields, say nothing.
 */
export async function readNeeds(
  vault: Vault,
  { entities }: CustomerMap,
  reading: Reading,
): Promise<Need[]> {
  const needs: Need[] = []
  for (const from of entities) {
    if (from.source !== reading.found.source) continue
    for (const link of from.links) {
      const to = entities.find((one) => isSamePlace(one, link.to))
      if (to === undefined || link.kind !== 'reference') continue
      const need = await readNeed(vault, { from, link, to }, reading)
      if (need !== undefined) needs.push(need)
    }
  }
  return needs
}

/** What the customer map says inside a source, of any kind: that fields hold keys of other records. */
export function readKeyLinks({ entities }: CustomerMap, found: FoundPoint): Need[] {
  const own = entities.filter(({ source }) => source === found.source)
  return own.flatMap((from) =>
    from.links.flatMap((link) => {
      const to = own.find((one) => isSamePlace(one, link.to))
      const held = to && [fieldsAt(found, from), fieldsAt(found, to)]
      return (to && held && toNeed({ from, link, to }, held)) ?? []
    }),
  )
}

/** The same of records of other sources, which are put back as well. */
export function readLinksElsewhere(
  { entities }: CustomerMap,
  source: string,
  others: readonly KeysElsewhere[],
): LinkElsewhere[] {
  const own = entities.filter((one) => one.source === source)
  return own.flatMap(({ entity, links }) =>
    links.flatMap((link): LinkElsewhere[] => {
      const to = entities.find((one) => isSamePlace(one, link.to))
      const keys = others.find((one) => one.source === to?.source && one.source !== source)
      if (to === undefined || keys === undefined) return []
      const { fields, line, none, when } = link
      const by = `line ${line} of the customer map`
      const toFields = link.toFields ?? to.key
      return [{ by, entity, fields, none, when, to: to.entity, toFields, keys }]
    }),
  )
}

type AskedLink = { readonly from: MapEntity; readonly link: MapLink; readonly to: MapEntity }

async function readNeed(
  vault: Vault,
  { from, link, to }: AskedLink,
  { found, others, signal }: Reading,
): Promise<Need | undefined> {
  if (to.source === found.source)
    return toNeed({ from, link, to }, [fieldsAt(found, from), fieldsAt(found, to)])
  if (!isReference(to.role) || others.includes(to.source)) return undefined
  const elsewhere = await findElsewhere(vault, to, signal)
  const other = elsewhere && fieldsOf(elsewhere.at)
  const need = toNeed({ from, link, to }, [fieldsAt(found, from), other])
  if (need === undefined || elsewhere === undefined) return undefined
  const rows = (fields: readonly string[]) => readElsewhere(vault, elsewhere, fields, signal)
  return { ...need, elsewhere: { source: to.source, rows } }
}

type HeldFields = { readonly all: readonly string[]; readonly key: readonly string[] }

function toNeed(
  { from, link, to }: AskedLink,
  [own, other]: readonly (HeldFields | undefined)[],
): Need | undefined {
  const { fields, line, none, toFields, when } = link
  if (own === undefined || other === undefined) return undefined
  const wanted = toFields ?? to.key ?? other.key
  const asked = [...fields, ...when.map(([field]) => field)]
  const isThere =
    wanted.length === fields.length &&
    asked.every((field) => own.all.includes(field)) &&
    wanted.every((field) => other.all.includes(field))
  if (!isThere) return undefined
  const open = to.open !== undefined && other.all.includes(to.open.field) ? to.open : null
  return {
    ...{ by: `line ${line} of the customer map`, fields, when, none, open },
    ...{ entity: from.entity, to: to.entity, toFields: wanted },
    role: isReference(to.role) ? to.role : null,
  }
}

function fieldsAt({ point, state }: FoundPoint, { entity }: MapEntity): HeldFields | undefined {
  if (point.factsOf(entity) === undefined) return undefined
  return fieldsOf(entityAt(state, point, entity))
}

function fieldsOf({ schema }: EntityAt): HeldFields {
  const all = scanFields(schema)
  return { all, key: keyIndexes(schema).map((index) => all[index] ?? '') }
}
