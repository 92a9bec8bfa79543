import type { CustomerMap } from '#customer/customer-map'
import { drawnFrom } from '#customer/draw-customers'
import { type ClosureRecord, findClosure } from '#customer/find-closure'
import type { PartyRecord } from '#customer/find-party'
import type { EntityInMap, MapAt } from '#customer/map-at'
import type { RecordScope } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import { boundsFor, isOwned, refuseBounded } from '../choose-customers.ts'

/** A record of one of the customers, by the number of the draw. */
export type OwnedRecord = { readonly customer: number; readonly record: ClosureRecord }

/** What a drill puts back. */
export type Drilled = {
  /** What belongs to the customers, each record once. */
  readonly owned: readonly OwnedRecord[]
  /** The same and what it needs, by the source that holds it. */
  readonly scopes: ReadonlyMap<string, readonly RecordScope[]>
}

/** The entity whose records are drawn. @throws app.drill-nobody */
export function findPopulation(laid: MapAt): EntityInMap {
  const entity = drawnFrom(laid)
  if (entity !== undefined && entity.rows > 0) return entity
  const found = entity === undefined ? 'no entity with that role' : 'no record in any of that role'
  const message = `Cannot draw customers by the customer map: found ${found}, need a customer`
  throw new AppError('app.drill-nobody', message)
}

/**
 * The customers of a draw with everything attached. Of a record that several of them share, the first
 * on the way is the owner, so that nothing counts twice.
 * @throws app.customer-bounded
 */
export async function findDrilled(
  map: CustomerMap,
  laid: MapAt,
  wanted: { readonly customers: readonly PartyRecord[]; readonly signal: AbortSignal },
): Promise<Drilled> {
  const { customers, signal } = wanted
  const bounds = boundsFor(map, customers.length)
  const closure = await findClosure(laid, customers, { bounds, signal })
  refuseBounded(
    customers.map(({ key }) => key),
    closure,
  )
  const numbers = new Map(customers.map((one, i) => [nameOf(one), i] as const))
  const owned = closure.records.filter(isOwned).map((record) => {
    return { record, customer: numbers.get(nameOf(rootOf(record))) ?? 0 }
  })
  const scopes = new Map<string, RecordScope[]>()
  for (const { entity, key } of closure.records) {
    const { source, entity: name } = entity.map
    const scope = scopes.get(source) ?? []
    scopes.set(source, scope)
    scope.push({ entity: name, key, fields: null, seen: 'at-point' })
  }
  return { owned, scopes }
}

function rootOf(record: ClosureRecord): ClosureRecord {
  let at = record
  while (at.way.kind !== 'root') at = at.way.of
  return at
}

function nameOf({ entity: { map }, key }: PartyRecord): string {
  return `${map.source}\t${map.entity}\t${key}`
}
