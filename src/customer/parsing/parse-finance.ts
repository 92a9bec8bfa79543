import type * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import { didYouMean } from '#stdx/did-you-mean'
import type { Path } from '#stdx/yaml-lines'
import type { FinanceMap, ReceivablesMap } from '../finance-map.ts'
import type { financeSchema, ReceivablesSettings } from '../finance-schema.ts'
import { type Reading, readName } from './check-settings.ts'

const RECEIVABLES: Path = ['finance', 'receivables']

/**
 * What is left to say of a `finance` section once its settings are of their kinds: whether what it
 * names is there and fits. Problems are added to the reading, and what has them is left out.
 */
export function parseFinance(
  reading: Reading,
  settings: z.infer<typeof financeSchema> | undefined,
): FinanceMap {
  const receivables = settings?.receivables
  return { receivables: receivables && readReceivables(reading, receivables) }
}

function readReceivables(reading: Reading, settings: ReceivablesSettings): ReceivablesMap {
  const readAll = <T extends Placeable>(part: string, all: readonly T[]) =>
    all.flatMap((one, i) => place(reading, [...RECEIVABLES, part, i], one) ?? [])
  const { currencies, items, receipts } = settings
  const toItems = <T extends Pointing>(part: string, all: readonly T[]) =>
    readAll(part, all).map((one, i) => {
      return { ...one, items: findItems(reading, [...RECEIVABLES, part, i], one, items) }
    })
  settings.items.forEach((one, i) => {
    const path = [...RECEIVABLES, 'items', i, 'reverses']
    judgeCount(reading, path, one.reverses, { wanted: one.number, what: 'an item' })
  })
  settings.clearings.forEach((one, i) => {
    judgeReceipt(reading, [...RECEIVABLES, 'clearings', i, 'receipt'], one.receipt, receipts)
  })
  settings.controls.forEach(({ balance, credit, debit }, i) => {
    const isRunning = balance !== undefined && debit === undefined && credit === undefined
    const isMoved = balance === undefined && debit !== undefined && credit !== undefined
    if (isRunning || isMoved) return
    const problem = 'controls need either "balance" or both "debit" and "credit"'
    say(reading, [...RECEIVABLES, 'controls', i], problem)
  })
  return {
    overdueDays: settings.overdueDays,
    currencies: currencies && place(reading, [...RECEIVABLES, 'currencies'], currencies),
    items: readAll('items', items),
    receipts: readAll('receipts', receipts),
    clearings: toItems('clearings', settings.clearings),
    disputes: toItems('disputes', settings.disputes),
    controls: readAll('controls', settings.controls),
  }
}

type Placeable = {
  readonly source: string
  readonly entity: string
  readonly companyCode?: FieldOrSame | undefined
  readonly currency?: FieldOrSame | undefined
}
type FieldOrSame = Items[number]['companyCode']
type Pointing = Placeable & { readonly item: readonly string[]; readonly to?: string | undefined }
type Items = ReceivablesSettings['items']

function place<T extends Placeable>(
  reading: Reading,
  path: Path,
  one: T,
): (Omit<T, 'entity'> & { readonly entity: EntityName; readonly line: number }) | undefined {
  const known = [...reading.named.keys()]
  if (!known.includes(one.source)) {
    const hint = didYouMean(one.source, known)
    say(reading, [...path, 'source'], `"${one.source}" is no source of the map${hint}`)
  }
  for (const part of ['companyCode', 'currency'] as const) {
    const of = one[part]
    if (typeof of !== 'object' || !('entity' in of)) continue
    readName(reading, [...path, part, 'entity'], of.entity, false)
  }
  const entity = readName(reading, [...path, 'entity'], one.entity, false)
  return entity && { ...one, entity, line: reading.yaml.lineOf(path) }
}

/** Which of the items a clearing or a dispute is about; 0 where that is a problem of its own. */
function findItems(reading: Reading, path: Path, one: Omit<Pointing, 'entity'>, items: Items) {
  const { item, source, to } = one
  const named = items.flatMap((of, i) => (to === undefined || of.entity === to ? [i] : []))
  const own = named.filter((i) => items[i]?.source === source)
  const found = named.length === 1 ? named : own
  const [index] = found
  if (index === undefined || found.length > 1) {
    const hint = to === undefined ? '' : didYouMean(to, [...new Set(items.map((of) => of.entity))])
    const problem =
      to === undefined
        ? 'there are several items: say which with "to"'
        : `"${to}" is no item${hint}`
    say(reading, [...path, 'to'], problem)
    return 0
  }
  judgeCount(reading, [...path, 'item'], item, {
    wanted: items[index]?.number ?? [],
    what: 'an item',
  })
  return index
}

function judgeReceipt(
  reading: Reading,
  path: Path,
  receipt: readonly string[] | undefined,
  receipts: ReceivablesSettings['receipts'],
): void {
  if (receipt === undefined) return
  if (receipts.length !== 1) {
    const found = receipts.length === 0 ? 'there are none' : 'there are several'
    say(reading, path, `a clearing can name receipts only where they are one entity; ${found}`)
  }
  judgeCount(reading, path, receipt, { wanted: receipts[0]?.number ?? receipt, what: 'a receipt' })
}

function judgeCount(
  reading: Reading,
  path: Path,
  fields: readonly string[] | undefined,
  of: { readonly wanted: readonly string[]; readonly what: string },
): void {
  if (fields === undefined || fields.length === of.wanted.length) return
  const problem = `${fields.length} fields cannot be the number of ${of.what}, which is ${of.wanted.join(', ')}`
  say(reading, path, problem)
}

function say({ problems, yaml }: Reading, path: Path, problem: string): void {
  problems.push({ line: yaml.lineOf(path), problem })
}
