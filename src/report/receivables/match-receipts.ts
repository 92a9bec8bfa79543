import { formatField, parseField } from '#record/row-text'
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
  parseAmount,
  parseDay,
  parseFaults,
  parseIndex,
} from './line-text.ts'
import { formatClearing } from './match-items.ts'
import type { ClearingRecord, ReceiptRecord, ReceivablesRecords } from './records.ts'

const RECEIPT = '0'
const CLEARING = '1'

/**
 * Brings clearings and the receipts that they name together: yields the clearings as lines that know
 * the day, company code and currency of their receipt, and adds to the ageing what of a receipt
 * cleared nothing. Both are sorted, and met as streams.
 */
export async function* matchReceipts(
  run: AgeingRun,
  records: ReceivablesRecords,
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void, undefined> {
  let open: OpenReceipt | undefined
  for await (const lines of sortLines(run.deps, linesOf(records), signal)) {
    const clearings: string[] = []
    for (const line of lines) {
      const fields = line.split('\t')
      const number = `${fields[0]}\t${fields[1]}`
      if (open?.name !== number) {
        if (open !== undefined) close(run, open)
        open = { name: number, about: undefined, receivedOn: null, rest: 0n }
      }
      if (fields[2] === RECEIPT) takeReceipt(run, open, fields)
      else clearings.push(takeClearing(run, open, fields))
    }
    yield clearings
  }
  if (open !== undefined) close(run, open)
}

type OpenReceipt = {
  readonly name: string
  /** `undefined`: what was cleared names a receipt that is not there. */
  about: About | undefined
  receivedOn: number | null
  /** What came in and counts, less what it cleared. */
  rest: bigint
}

async function* linesOf(records: ReceivablesRecords) {
  for await (const receipts of records.receipts()) yield receipts.map(formatReceipt)
  for await (const clearings of records.clearings()) {
    // What cleared no item at all cleared nothing: the receipt keeps it.
    yield clearings.flatMap((one) => {
      const { item, receipt } = one
      return receipt === null || item === null ? [] : formatByReceipt(one, item, receipt)
    })
  }
}

function formatReceipt(receipt: ReceiptRecord): string {
  const { amount, companyCode, currency, faults, number, receipts, receivedOn } = receipt
  const group = `${formatField(companyCode)}\t${formatField(currency)}`
  const rest = `${amount}\t${formatDay(receivedOn)}\t${formatFaults(faults)}`
  return `${receipts}\t${number}\t${RECEIPT}\t${group}\t${rest}`
}

/** Receipts that clearings name are the first and only ones. */
function formatByReceipt(clearing: ClearingRecord, item: string, receipt: string): string {
  const { amount, clearedOn, faults, items } = clearing
  const rest = `${amount}\t${formatDay(clearedOn)}\t${formatFaults(faults)}`
  return `0\t${receipt}\t${CLEARING}\t${items}\t${item}\t${rest}`
}

function takeReceipt(run: AgeingRun, open: OpenReceipt, fields: readonly string[]): void {
  const companyCode = parseField(fields[3] ?? '') ?? ''
  const currency = parseField(fields[4] ?? '') ?? ''
  const amount = parseAmount(fields[5])
  const receivedOn = parseDay(fields[6])
  const about: About = {
    kind: 'receipts',
    index: parseIndex(fields[0]),
    number: fields[1] ?? '',
    companyCode,
    currency,
  }
  addFaults(run, parseFaults(fields[7]), about)
  if (!fitsDecimals(amount, run.decimalsOf(currency))) addBreak(run, 'amount-too-fine', about)
  const group = run.ageing.groupOf(companyCode, currency)
  if (isCounted(run, receivedOn)) {
    run.ageing.addNotApplied(group, amount)
    open.rest += amount
  }
  if (isLater(run, receivedOn)) group.later -= amount
  // Where several have one number, clearings are of the first; all of them came in.
  open.about ??= about
  open.receivedOn ??= receivedOn
}

function takeClearing(run: AgeingRun, open: OpenReceipt, fields: readonly string[]): string {
  const amount = parseAmount(fields[5])
  const own = parseDay(fields[6])
  const { about, receivedOn } = open
  // What came in later cannot have cleared anything before.
  const day = own === null || receivedOn === null ? (own ?? receivedOn) : Math.max(own, receivedOn)
  if (about !== undefined && isCounted(run, day)) {
    const group = run.ageing.groupOf(about.companyCode ?? '', about.currency ?? '')
    run.ageing.addNotApplied(group, -amount)
    open.rest -= amount
  }
  return formatClearing({
    items: parseIndex(fields[3]),
    item: fields[4] ?? '',
    amount,
    day,
    by: about === undefined ? 'nothing' : 'receipt',
    companyCode: about?.companyCode ?? null,
    currency: about?.currency ?? null,
    faults: parseFaults(fields[7]),
  })
}

function close(run: AgeingRun, { about, rest }: OpenReceipt): void {
  if (about !== undefined && rest < 0n) addBreak(run, 'receipt-overspent', about, { over: -rest })
}
