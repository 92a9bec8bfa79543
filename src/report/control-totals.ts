import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { formatDecimal, parseDecimal } from './decimal.ts'
import { compareText } from './receivables/group-sums.ts'
import type { ReconciledTotal, TotalGroup, TotalOfSide } from './reconciliation.ts'

/** A sum over records of a source that a target has to have, too, group by group. */
export type ControlTotal<Part extends TotalPart = TotalPart> = {
  readonly name: string
  readonly source: readonly Part[]
  readonly target: readonly Part[]
  /** What a value of a group is called in the target, by field of the source; others are called the same. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Records of one entity that are a part of a total. */
export type TotalPart = {
  readonly entity: EntityName
  /** One value for all records counts them. */
  readonly amount: FieldOrValue
  /** What is summed up apart; as many for each part of a total. */
  readonly by: readonly FieldOrValue[]
  /** `credit`: the amount counts below zero. */
  readonly side: 'debit' | 'credit'
}

/** A field, or one value for all records. */
export type FieldOrValue = string | { readonly is: string }

/** What a part needs to know of a record. */
export function fieldsOfPart({ amount, by }: Pick<TotalPart, 'amount' | 'by'>): string[] {
  return [amount, ...by].filter((field) => typeof field === 'string')
}

/** What is left of a record: its group, in the words of the target, and what it adds. */
export type TotalLine = {
  readonly by: readonly (string | null)[]
  /** `null`: there is none; `undefined`: it is no exact decimal number. */
  readonly amount: bigint | null | undefined
}

/**
 * How a part is read from the values of `fieldsOfPart`.
 * @param values of the total, for a part of the source; of the target's: none
 */
export function readTotalPart(
  part: TotalPart,
  values: ControlTotal['values'],
): (record: readonly (string | null)[]) => TotalLine {
  let at = 0
  const reader = (field: FieldOrValue): ((record: readonly (string | null)[]) => string | null) => {
    if (typeof field !== 'string') return () => field.is
    const index = at++
    return (record) => record[index] ?? null
  }
  const readAmount = reader(part.amount)
  const groups = part.by.map((field) => {
    const read = reader(field)
    const names = new Map(typeof field === 'string' ? Object.entries(values[field] ?? {}) : [])
    return (record: readonly (string | null)[]) => {
      const value = read(record)
      return value === null ? null : (names.get(value) ?? value)
    }
  })
  const sign = part.side === 'credit' ? -1n : 1n
  return (record) => {
    const text = readAmount(record)
    const amount = text === null ? null : parseDecimal(text)
    const by = groups.map((group) => group(record))
    return { by, amount: typeof amount === 'bigint' ? sign * amount : amount }
  }
}

const GROUPS_MAX = 10_000
/** What amounts of most currencies have; more are shown where there are more. */
const DECIMALS = 2

/** One total while both sides are read, in any order. Exact, and bounded by the number of groups. */
export class TotalSums {
  readonly #total: ControlTotal
  readonly #groups = new Map<string, SumsOfGroup>()

  constructor(total: ControlTotal) {
    this.#total = total
  }

  /** @throws report.totals-too-many */
  add(side: 'source' | 'target', { amount, by }: TotalLine): void {
    const sums = this.#groupOf(by)[side]
    sums.records += 1
    if (amount === null) sums.empty += 1
    else if (amount === undefined) sums.unreadable += 1
    else sums.amount += amount
  }

  /** In the order of the groups' values, by their characters. */
  judge(): ReconciledTotal {
    const { name, source } = this.#total
    const groups = [...this.#groups.values()]
      .sort((a, b) => compareGroups(a.by, b.by))
      .map(formatGroup)
    const by = source[0]?.by.map((field) => (typeof field === 'string' ? field : field.is)) ?? []
    return { name, verdict: groups.every(isSame) ? 'same' : 'differs', by, groups }
  }

  #groupOf(by: TotalLine['by']): SumsOfGroup {
    const key = JSON.stringify(by)
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    if (this.#groups.size >= GROUPS_MAX) {
      const { name } = this.#total
      const message = `Cannot sum up "${name}": found more than ${GROUPS_MAX} groups`
      throw new AppError('report.totals-too-many', message, { name })
    }
    const made = { by, source: noSums(), target: noSums() }
    this.#groups.set(key, made)
    return made
  }
}

type Sums = { records: number; amount: bigint; empty: number; unreadable: number }
type SumsOfGroup = { readonly by: TotalLine['by']; readonly source: Sums; readonly target: Sums }

/** To the last digit, and with nothing that could not be read. */
export function isSame({ difference, source, target }: TotalGroup): boolean {
  return source.unreadable + target.unreadable === 0 && parseDecimal(difference) === 0n
}

function noSums(): Sums {
  return { records: 0, amount: 0n, empty: 0, unreadable: 0 }
}

function formatGroup({ by, source, target }: SumsOfGroup): TotalGroup {
  const difference = formatDecimal(target.amount - source.amount, DECIMALS)
  return { by, source: formatSums(source), target: formatSums(target), difference }
}

function formatSums({ amount, ...counts }: Sums): TotalOfSide {
  return { ...counts, amount: formatDecimal(amount, DECIMALS) }
}

/** A null comes before every text. */
function compareGroups(a: TotalLine['by'], b: TotalLine['by']): number {
  for (const [i, one] of a.entries()) {
    const other = b[i] ?? null
    const order =
      one === null || other === null
        ? Number(one !== null) - Number(other !== null)
        : compareText(one, other)
    if (order !== 0) return order
  }
  return 0
}
