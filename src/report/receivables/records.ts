import type { BusinessDay } from '../business-day.ts'

/** The number of an item or a receipt as one text: its fields' canonical text, made one field. */
export type NumberText = string

/** What a record says besides, that keeps it from being told plainly; see `faultsOf`. */
export type Fault = 'amount' | 'company' | 'currency' | 'date' | 'due' | 'number'

export type ItemRecord = {
  /** Which of the items of the map it is, from 0. */
  readonly items: number
  readonly number: NumberText
  readonly companyCode: string
  readonly currency: string
  /** Above zero: owed by the customer. */
  readonly amount: bigint
  /** `null`: since ever. */
  readonly postedOn: BusinessDay | null
  readonly dueOn: BusinessDay | null
  readonly clearedOn: BusinessDay | null
  /** As the system says; `null`: it does not. */
  readonly open: bigint | null
  /** The item that it is set off against. */
  readonly reverses: NumberText | null
  readonly faults: readonly Fault[]
}

export type ReceiptRecord = {
  readonly receipts: number
  readonly number: NumberText
  readonly companyCode: string
  readonly currency: string
  readonly amount: bigint
  readonly receivedOn: BusinessDay | null
  readonly faults: readonly Fault[]
}

export type ClearingRecord = {
  /** Of which items the one is that was cleared. */
  readonly items: number
  /** `null`: of none. */
  readonly item: NumberText | null
  readonly receipt: NumberText | null
  readonly amount: bigint
  readonly clearedOn: BusinessDay | null
  readonly faults: readonly Fault[]
}

export type DisputeRecord = {
  readonly items: number
  readonly item: NumberText | null
  readonly amount: bigint
  readonly since: BusinessDay | null
  readonly faults: readonly Fault[]
}

/** All that a report of receivables is made of, each as often as it is read, batch by batch. */
export type ReceivablesRecords = {
  items(): AsyncIterable<readonly ItemRecord[]>
  receipts(): AsyncIterable<readonly ReceiptRecord[]>
  clearings(): AsyncIterable<readonly ClearingRecord[]>
  disputes(): AsyncIterable<readonly DisputeRecord[]>
}
