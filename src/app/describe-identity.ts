import { type Decision, nameOf, standingOf } from '#customer/decisions'
import type { Closure, ClosureRecord } from '#customer/find-closure'

/** What people decided on who is one, as far as it touches one customer; nothing where nobody did. */
export type ShownIdentity = {
  readonly identity?: {
    /** Those that stand on its parties, oldest first. */
    readonly decisions: readonly Decision[]
    /** Parties that something leads to and that are decided to be apart. */
    readonly apart: readonly ShownApart[]
  }
}

export type ShownApart = {
  readonly source: string
  readonly entity: string
  readonly key: string
  /** Index of the record that it is apart from. */
  readonly from: number
  /** Index of the record that leads to it. */
  readonly of: number
  /** `false`: what leads to it is not decided to be apart from it, and may belong to either. */
  readonly isSettled: boolean
}

export function describeIdentity(
  decisions: readonly Decision[],
  { barred, records }: Pick<Closure, 'barred' | 'records'>,
): ShownIdentity {
  const indexes = new Map(records.map((record, index) => [nameOfRecord(record), index]))
  const isOwned = (name: string) => {
    const { way } = records[indexes.get(name) ?? -1] ?? {}
    return way !== undefined && way.kind !== 'needed'
  }
  const own = standingOf(decisions).filter(({ a, b }) => isOwned(nameOf(a)) || isOwned(nameOf(b)))
  if (own.length === 0 && barred.length === 0) return {}
  const indexOf = (record: ClosureRecord) => indexes.get(nameOfRecord(record)) ?? 0
  const apart = barred.map(({ from, isSettled, of, party }) => {
    const { entity, source } = party.entity.map
    return { source, entity, key: party.key, from: indexOf(from), of: indexOf(of), isSettled }
  })
  return { identity: { decisions: own, apart } }
}

function nameOfRecord({ entity: { map }, key }: Pick<ClosureRecord, 'entity' | 'key'>): string {
  return nameOf({ source: map.source, entity: map.entity, key })
}
