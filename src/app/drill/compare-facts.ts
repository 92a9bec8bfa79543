import type { ReceivablesMap } from '#customer/finance-map'
import type { EntityName } from '#record/entity-name'
import type { BusinessDay } from '#report/business-day'
import { formatBusinessDay } from '#report/business-day'
import { type OpenBalance, type RecordsOfCustomers, sumOpenBalances } from '#report/open-balances'
import type { SortDeps } from '#report/report-receivables'
import type { OwnedRecord } from './find-drilled.ts'
import type { CopiedRecord } from './read-copy.ts'

/** Records of one role, in the vault and in the copy. */
export type RoleCount = { readonly role: string; readonly vault: number; readonly copy: number }

/** What customers owe by the vault and by the copy. */
export type BalanceFacts = {
  /** The last day that counts. */
  readonly asOf: string
  /** Customers of whom something is open by the vault. */
  readonly withBalance: number
  /** Numbers of those of whom the copy says something else. */
  readonly different: readonly number[]
}

/** What was computed from the vault and once more from the copy. */
export type DrillFacts = {
  readonly roles: readonly RoleCount[]
  /** `null`: the customer map has no `finance.receivables`. */
  readonly balances: BalanceFacts | null
}

/** Of each source the records that the copy holds, as `readCopy` gives them. */
export type Copies = ReadonlyMap<string, ReadonlyMap<EntityName, readonly CopiedRecord[]>>

/** Two names that no record shares with another. */
export function nameRecord(source: string, entity: string, key: string): string {
  return `${source}\t${entity}\t${key}`
}

/** Counts by role, in the order in which roles were met. Pure. */
export function countRoles(owned: readonly OwnedRecord[], copies: Copies): RoleCount[] {
  const there = new Set<string>()
  for (const [source, entities] of copies) {
    for (const [entity, records] of entities) {
      for (const { key } of records) there.add(nameRecord(source, entity, key))
    }
  }
  const roles = new Map<string, { vault: number; copy: number }>()
  for (const { record } of owned) {
    const { entity, role, source } = record.entity.map
    const count = roles.get(role) ?? { vault: 0, copy: 0 }
    roles.set(role, count)
    count.vault += 1
    if (there.has(nameRecord(source, entity, record.key))) count.copy += 1
  }
  return [...roles].map(([role, count]) => ({ role, ...count }))
}

/** What each customer owes, computed twice from two readings that share no record. */
export async function compareBalances(
  deps: SortDeps,
  map: ReceivablesMap,
  { copies, owned }: { readonly copies: Copies; readonly owned: readonly OwnedRecord[] },
  wanted: { readonly asOf: BusinessDay; readonly customers: number; readonly signal: AbortSignal },
): Promise<BalanceFacts> {
  const vault = await sumOpenBalances(deps, map, ofVault(owned), wanted)
  const copy = await sumOpenBalances(deps, map, ofCopies(owned, copies), wanted)
  const isSame = (a: OpenBalance | undefined, b: OpenBalance | undefined) =>
    JSON.stringify(a) === JSON.stringify(b)
  return {
    asOf: formatBusinessDay(wanted.asOf),
    withBalance: vault.filter(({ groups }) => groups.some(({ total }) => /[1-9]/.test(total)))
      .length,
    different: vault.flatMap((one, i) => (isSame(one, copy[i]) ? [] : [i])),
  }
}

function ofVault(owned: readonly OwnedRecord[]): RecordsOfCustomers {
  const groups = Map.groupBy(owned, ({ record: { entity } }) =>
    nameRecord(entity.map.source, entity.map.entity, ''),
  )
  return (source, entity) =>
    (groups.get(nameRecord(source, entity, '')) ?? []).map(({ customer, record }) => {
      return { customer, fields: record.fields }
    })
}

function ofCopies(owned: readonly OwnedRecord[], copies: Copies): RecordsOfCustomers {
  const ownerOf = new Map(
    owned.map(({ customer, record: { entity, key } }) => {
      return [nameRecord(entity.map.source, entity.map.entity, key), customer] as const
    }),
  )
  return (source, entity) =>
    (copies.get(source)?.get(entity) ?? []).flatMap(({ fields, key }) => {
      const customer = ownerOf.get(nameRecord(source, entity, key))
      return customer === undefined ? [] : [{ customer, fields }]
    })
}

/** How many facts there are, and how many of them differ. Pure. */
export function countFacts(
  roles: readonly RoleCount[],
  balances: { readonly different: readonly unknown[] } | null,
  customers: number,
) {
  const different = roles.filter(({ copy, vault }) => copy !== vault).length
  return {
    facts: roles.length + (balances === null ? 0 : customers),
    factsDifferent: different + (balances?.different.length ?? 0),
  }
}
