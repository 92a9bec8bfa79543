import type { EntityName } from '#record/entity-name'
import type { ReceivablesSettings } from './finance-schema.ts'

/** Where the reports of finance find what they are about; its names are those of the map. */
export type FinanceMap = { readonly receivables: ReceivablesMap | undefined }

type Placed<T> = Omit<T, 'entity'> & {
  readonly entity: EntityName
  /** Of what stands in the file. */
  readonly line: number
}

export type ItemsMap = Placed<ReceivablesSettings['items'][number]>
export type ReceiptsMap = Placed<ReceivablesSettings['receipts'][number]>
/** `items`: which of the items it means, from 0. */
export type ClearingsMap = Placed<Omit<ReceivablesSettings['clearings'][number], 'to'>> & {
  readonly items: number
}
export type DisputesMap = Placed<Omit<ReceivablesSettings['disputes'][number], 'to'>> & {
  readonly items: number
}
export type ControlsMap = Placed<ReceivablesSettings['controls'][number]>
export type CurrenciesMap = Placed<NonNullable<ReceivablesSettings['currencies']>>

export type ReceivablesMap = {
  /** Ascending; where one column of days overdue ends. */
  readonly overdueDays: readonly number[]
  readonly currencies: CurrenciesMap | undefined
  readonly items: readonly ItemsMap[]
  readonly receipts: readonly ReceiptsMap[]
  readonly clearings: readonly ClearingsMap[]
  readonly disputes: readonly DisputesMap[]
  readonly controls: readonly ControlsMap[]
}
