import type { ReceivablesMap } from '#customer/finance-map'
import type { BusinessDay } from '../business-day.ts'
import type { Receivables, ReceivablesGroup } from '../receivables.ts'
import type { SortDeps } from '../sort-lines.ts'
import type { AgeingRun } from './ageing-run.ts'
import { BreakList } from './break-list.ts'
import { Ageing, type GroupSums, totalOf } from './group-sums.ts'
import { matchItems } from './match-items.ts'
import { matchReceipts } from './match-receipts.ts'
import type { ReceivablesRecords } from './records.ts'
import { type ControlRow, type ControlSum, ControlSums } from './sum-controls.ts'

export type { SortDeps } from '../sort-lines.ts'

export type AgeingRecords = ReceivablesRecords & {
  controls(): AsyncIterable<readonly ControlRow[]>
}

export type AgeingOptions = Pick<AgeingRun, 'asOf' | 'decimalsOf' | 'format'> & {
  readonly signal: AbortSignal
}

/** Ages what was read and holds it against the control accounts; knows of no vault. */
export async function ageReceivables(
  deps: SortDeps,
  map: ReceivablesMap,
  records: AgeingRecords,
  { asOf, decimalsOf, format, signal }: AgeingOptions,
): Promise<Pick<Receivables, 'breaks' | 'columns' | 'groups'>> {
  const breaks = new BreakList()
  const ageing = new Ageing(asOf, map.overdueDays)
  const controls = await sumControls(map, records.controls(), { asOf, breaks })
  for (const { companyCode, currency } of controls.list()) ageing.groupOf(companyCode, currency)
  const { balancedUntil } = controls
  const places = { items: map.items, receipts: map.receipts }
  const mixed = new Set(map.clearings.flatMap(({ items, mixed }) => (mixed ? [items] : [])))
  const run: AgeingRun = {
    deps,
    ageing,
    breaks,
    asOf,
    balancedUntil,
    decimalsOf,
    format,
    mixed,
    places,
  }
  await matchItems(run, records, matchReceipts(run, records, signal), signal)
  const hasControls = map.controls.length > 0
  const groups = ageing.groups().map((group) => {
    const accounts = controls.list().filter((one) => isOf(one, group))
    return describeGroup(run, group, { accounts, hasControls })
  })
  return { columns: ageing.columns, groups, breaks: breaks.list() }
}

async function sumControls(
  map: ReceivablesMap,
  rows: AsyncIterable<readonly ControlRow[]>,
  { asOf, breaks }: { readonly asOf: BusinessDay; readonly breaks: BreakList },
): Promise<ControlSums> {
  const sums = new ControlSums(asOf)
  for await (const some of rows) {
    for (const row of some) {
      const of = map.controls[row.controls]
      if (sums.add(row, of?.balance !== undefined && row.hasPeriod)) continue
      breaks.add('balance-unreadable', () => ({
        source: of?.source ?? null,
        entity: of?.entity ?? null,
        number: [row.account, row.periodText],
        companyCode: row.companyCode,
        currency: row.currency,
        amounts: {},
      }))
    }
  }
  return sums
}

function isOf(sum: ControlSum, group: GroupSums): boolean {
  return sum.companyCode === group.companyCode && sum.currency === group.currency
}

function describeGroup(
  { breaks, format }: AgeingRun,
  group: GroupSums,
  {
    accounts,
    hasControls,
  }: { readonly accounts: readonly ControlSum[]; readonly hasControls: boolean },
): ReceivablesGroup {
  const { companyCode, currency } = group
  const show = (amount: bigint) => format(amount, currency)
  const total = totalOf(group)
  const control = accounts.reduce((sum, { balance }) => sum + balance, 0n)
  const difference = control - total - group.later
  if (hasControls && difference !== 0n) {
    breaks.add('control-differs', () => ({
      source: null,
      entity: null,
      number: [],
      companyCode,
      currency,
      amounts: {
        control: accounts.length === 0 ? null : show(control),
        total: show(total),
        later: show(group.later),
        difference: show(difference),
      },
    }))
  }
  return {
    companyCode,
    currency,
    items: group.items,
    amounts: group.amounts.map(show),
    total: show(total),
    disputed: show(group.disputed),
    later: show(group.later),
    control: accounts.length === 0 ? null : show(control),
    accounts: accounts.map(({ account, balance, periodText }) => {
      return { account, period: periodText, balance: show(balance) }
    }),
    difference: hasControls ? show(difference) : null,
  }
}
