import { formatField, NULL_FIELD, parseField } from '#record/row-text'
import { fitsDecimals } from '../decimal.ts'
import { sortLines } from '../sort-lines.ts'
import {
  type About,
  type AgeingRun,
  addBreak,
  addFaults,
  isCounted,
  isLater,
} from './ageing-run.ts'
import {
  formatDay,
  formatFaults,
  formatIndex,
  parseAmount,
  parseDay,
  parseFaults,
  parseIndex,
} from './line-text.ts'
import type { DisputeRecord, Fault, ItemRecord, NumberText, ReceivablesRecords } from './records.ts'

const ITEM = '0'
const CLEARING = '1'
const DISPUTE = '2'

/** What an item was cleared by, as far as that is known. */
export type ClearingLine = {
  readonly items: number
  readonly item: NumberText
  readonly amount: bigint
  readonly day: number | null
  /** `itself`: no receipt is known of it. `nothing`: it names a receipt that is not there. */
  readonly by: 'receipt' | 'itself' | 'nothing' | 'credit note'
  readonly companyCode: string | null
  readonly currency: string | null
  readonly faults: readonly Fault[]
}

/**
 * Brings items together with all that cleared them and is disputed of them, and adds each to the
 * ageing. Sorted, and met as streams: holds one item at a time.
 *
 * @param cleared lines of `formatClearing` for what was cleared by receipts
 */
export async function matchItems(
  run: AgeingRun,
  records: ReceivablesRecords,
  cleared: AsyncIterable<readonly string[]>,
  signal: AbortSignal,
): Promise<void> {
  let name = ''
  let item: MatchedItem | undefined
  for await (const lines of sortLines(run.deps, linesOf(records, cleared), signal)) {
    for (const line of lines) {
      const fields = line.split('\t')
      const found = `${fields[0]}\t${fields[1]}`
      if (found !== name) item?.close(run)
      if (found !== name) item = undefined
      name = found
      if (fields[2] === ITEM) {
        const next = readItem(fields)
        if (item !== undefined && next.hasNumber) addBreak(run, 'item-duplicate', next.about)
        // Clearings are of the last of several, so that each is aged, and none twice.
        item?.close(run)
        item = next
      } else if (fields[2] === CLEARING) takeClearing(run, item, fields)
      else takeDispute(run, item, fields)
    }
  }
  item?.close(run)
}

async function* linesOf(
  { clearings, disputes, items }: ReceivablesRecords,
  cleared: AsyncIterable<readonly string[]>,
) {
  yield* cleared
  for await (const some of items()) yield some.flatMap(formatItem)
  for await (const some of clearings()) {
    yield some.flatMap((one) => {
      if (one.receipt !== null) return []
      const { amount, clearedOn, faults, item, items } = one
      const group = { companyCode: null, currency: null }
      const what = { items, item: item ?? '', amount, day: clearedOn, by: 'itself' as const }
      return formatClearing({ ...what, ...group, faults })
    })
  }
  for await (const some of disputes()) yield some.map(formatDispute)
}

function formatItem(item: ItemRecord): string[] {
  const { amount, companyCode, currency, faults, items, number, open, postedOn, reverses } = item
  const what = `${formatIndex(items)}\t${number}\t${ITEM}`
  const group = `${formatField(companyCode)}\t${formatField(currency)}`
  // A credit note that is set off against an invoice is worth nothing beyond that.
  const worth = reverses === null ? amount : 0n
  const days = [postedOn, item.dueOn, item.clearedOn].map(formatDay).join('\t')
  const rest = `${open ?? ''}\t${formatFaults(faults)}\t${amount}`
  const line = `${what}\t${group}\t${worth}\t${days}\t${rest}`
  if (reverses === null) return [line]
  const day = postedOn
  const by = 'credit note' as const
  const set = { items, item: reverses, amount: -amount, day, by, companyCode, currency, faults: [] }
  return [line, formatClearing(set)]
}

export function formatClearing(clearing: ClearingLine): string {
  const { amount, by, companyCode, currency, day, faults, item, items } = clearing
  const group = `${formatField(companyCode)}\t${formatField(currency)}`
  const what = `${formatIndex(items)}\t${item}\t${CLEARING}\t${group}`
  return `${what}\t${amount}\t${formatDay(day)}\t${by}\t${formatFaults(faults)}`
}

function formatDispute({ amount, faults, item, items, since }: DisputeRecord): string {
  const what = `${formatIndex(items)}\t${item ?? ''}\t${DISPUTE}`
  return `${what}\t${amount}\t${formatDay(since)}\t${formatFaults(faults)}`
}

function readItem(fields: readonly string[]): MatchedItem {
  const companyCode = parseField(fields[3] ?? '') ?? ''
  const currency = parseField(fields[4] ?? '') ?? ''
  const number = fields[1] ?? ''
  return new MatchedItem(
    { kind: 'items', index: parseIndex(fields[0]), number, companyCode, currency },
    {
      worth: parseAmount(fields[5]),
      postedOn: parseDay(fields[6]),
      dueOn: parseDay(fields[7]),
      clearedOn: parseDay(fields[8]),
      recorded: fields[9] === '' ? null : parseAmount(fields[9]),
      faults: parseFaults(fields[10]),
      amount: parseAmount(fields[11]),
    },
  )
}

type ItemAbout = About & { readonly companyCode: string; readonly currency: string }

type ItemFacts = {
  readonly worth: bigint
  readonly amount: bigint
  readonly postedOn: number | null
  readonly dueOn: number | null
  readonly clearedOn: number | null
  readonly recorded: bigint | null
  readonly faults: readonly Fault[]
}

/** One item with all that is known to have cleared it. */
class MatchedItem {
  readonly about: ItemAbout
  readonly #facts: ItemFacts
  /** Up to the day, up to the end of its period, and ever. */
  #now = 0n
  #soon = 0n
  #ever = 0n
  #disputed = 0n

  constructor(about: ItemAbout, facts: ItemFacts) {
    this.about = about
    this.#facts = facts
  }

  get hasNumber(): boolean {
    return !this.#facts.faults.includes('number')
  }

  clear(run: AgeingRun, amount: bigint, day: number | null): void {
    this.#ever += amount
    if (isCounted(run, day)) this.#now += amount
    if (isCounted(run, day) || isLater(run, day)) this.#soon += amount
  }

  dispute(amount: bigint): void {
    this.#disputed += amount
  }

  close(run: AgeingRun): void {
    const { about } = this
    const { amount, clearedOn, faults, postedOn, recorded, worth } = this.#facts
    const group = run.ageing.groupOf(about.companyCode, about.currency)
    addFaults(run, faults, about)
    if (!fitsDecimals(amount, run.decimalsOf(about.currency))) {
      addBreak(run, 'amount-too-fine', about, { amount })
    }
    if (isLater(run, postedOn)) group.later += worth
    if (isLater(run, clearedOn)) group.later -= worth - this.#soon
    const isCleared = clearedOn !== null && isCounted(run, clearedOn)
    if (!isCounted(run, postedOn)) run.ageing.addNotApplied(group, isCleared ? 0n : this.#now)
    else if (!isCleared) this.#addOpen(run)
    const computed = clearedOn === null ? worth - this.#ever : 0n
    if (recorded !== null && recorded !== computed) {
      addBreak(run, 'open-differs', about, { recorded, computed })
    }
  }

  #addOpen(run: AgeingRun): void {
    const { about } = this
    const { dueOn, faults, worth } = this.#facts
    const open = worth - this.#now
    if (open === 0n) return
    const group = run.ageing.groupOf(about.companyCode, about.currency)
    run.ageing.addOpen(group, dueOn, open)
    if (faults.includes('due')) addBreak(run, 'due-missing', about, { open })
    const isOver = worth > 0n ? open < 0n : worth < 0n ? open > 0n : this.#now !== 0n
    if (isOver) addBreak(run, 'item-overcleared', about, { amount: worth, open })
    if (open <= 0n) return
    if (this.#disputed > open) this.#disputed = open
    group.disputed += this.#disputed
  }
}

function takeClearing(
  run: AgeingRun,
  item: MatchedItem | undefined,
  fields: readonly string[],
): void {
  const own = fields[3] === NULL_FIELD ? null : parseField(fields[3] ?? '')
  const currency = fields[4] === NULL_FIELD ? null : parseField(fields[4] ?? '')
  const amount = parseAmount(fields[5])
  const day = parseDay(fields[6])
  const by = fields[7]
  const at = { kind: 'items', index: parseIndex(fields[0]), number: fields[1] ?? '' } as const
  const about: About = { ...at, companyCode: own, currency }
  // Between two of which neither is any of ours.
  if (item === undefined && by === 'nothing' && run.mixed.has(at.index)) return
  const faults = parseFaults(fields[8])
  const known = item === undefined ? about : item.about
  if (faults.includes('amount')) addBreak(run, 'amount-unreadable', known)
  if (faults.includes('date')) addBreak(run, 'date-unreadable', known)
  if (by === 'nothing') addBreak(run, 'clearing-without-receipt', known, { amount })
  const companyCode = item?.about.companyCode ?? own
  const group =
    companyCode === null
      ? undefined
      : run.ageing.groupOf(companyCode, item?.about.currency ?? currency ?? '')
  // What came by a receipt was counted with it.
  if (by !== 'receipt' && isLater(run, day) && group !== undefined) group.later -= amount
  if (item === undefined) {
    addBreak(run, 'clearing-without-item', about, { amount })
    if (group !== undefined && isCounted(run, day)) run.ageing.addNotApplied(group, amount)
    return
  }
  item.clear(run, amount, day)
  if (own === null) return
  if (own === item.about.companyCode && currency === item.about.currency) return
  addBreak(run, 'clearing-differs', item.about, { amount })
}

function takeDispute(
  run: AgeingRun,
  item: MatchedItem | undefined,
  fields: readonly string[],
): void {
  const amount = parseAmount(fields[3])
  const number = fields[1] ?? ''
  const at = { kind: 'items', index: parseIndex(fields[0]), number } as const
  const about: About = item?.about ?? { ...at, companyCode: null, currency: null }
  const faults = parseFaults(fields[5])
  if (faults.includes('amount')) addBreak(run, 'amount-unreadable', about)
  if (item === undefined) addBreak(run, 'dispute-without-item', about)
  else if (isCounted(run, parseDay(fields[4]))) item.dispute(amount)
}
