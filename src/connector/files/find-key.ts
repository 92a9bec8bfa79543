import type { CellText } from './cell-text.ts'
import { CELL, type Cells } from './cells.ts'
import { RowTextBytes } from './row-text-bytes.ts'
import { PLACES_FEW, PLACES_MANY, SeenValues } from './seen-values.ts'

const BACKSLASH = 0x5c
const NULL_LETTER = 0x4e
const TAB = 0x09
/** Fields that are looked at one by one, from the first. */
const SINGLES_MAX = 32
const PAIRS_MAX = 8
/** Records that are looked at for what is only proposed. */
const GUESSES_ROWS_MAX = 100_000

const IS_NEW = 0
const IS_NULL = 1
const IS_TWICE = 2

/** Names that people give to what identifies a record. */
const TELLING =
  /(?:^|[_\s-])(?:id|uuid|guid|key|code|no|nr|num|number)$|[a-z0-9](?:I[dD]|U(?:uid|UID)|G(?:uid|UID)|Key|Code|N[or]|Num(?:ber)?)$/
const TELLING_BESIDE = /^(?:line|pos|position|seq|sequence|item|row|index)/i

/** What may identify a record: one field or two, nowhere null and nowhere the same twice. */
export type KeyCandidate = {
  readonly fields: readonly string[]
  /** Whether the names say that it is meant to identify. */
  readonly isTelling: boolean
  /** Whether all records were looked at. */
  readonly isExact: boolean
}

type Watched = {
  readonly columns: readonly number[]
  readonly isTelling: boolean
  readonly seen: SeenValues
}

/** Watches records go by and drops whatever cannot be their key. */
export class KeySearch {
  readonly #scratch = new RowTextBytes()
  #names: readonly string[]
  #watched: Watched[]
  #declared: Watched | undefined
  /** The first record whose declared key is null or was there before. */
  broken: { readonly record: number; readonly isNull: boolean } | undefined

  /** @param declared the fields that are said to be the key: nothing else is then looked at */
  constructor(names: readonly string[], declared: readonly string[] | undefined) {
    this.#names = names
    const columns = declared?.map((name) => names.indexOf(name)) ?? []
    this.#declared =
      columns.length > 0
        ? { columns, isTelling: true, seen: new SeenValues(PLACES_MANY) }
        : undefined
    this.#watched = declared === undefined ? listCandidates(names) : []
  }

  /** Fields that came up after the first record were null in it, and are no key. */
  look(cells: Cells, from: number, text: CellText, recordsBefore: number): void {
    this.#watched = this.#watched.filter((one) => {
      if (!one.isTelling && recordsBefore > GUESSES_ROWS_MAX) return true
      for (let row = from; row < cells.rowCount; row++) {
        if (this.#judge(cells, row, text, one) !== IS_NEW) return false
      }
      return true
    })
    const declared = this.#declared
    if (declared === undefined) return
    for (let row = from; row < cells.rowCount && this.broken === undefined; row++) {
      const verdict = this.#judge(cells, row, text, declared)
      if (verdict === IS_NEW) continue
      this.broken = { record: recordsBefore + row + 1, isNull: verdict === IS_NULL }
    }
  }

  /** What is left, the likeliest first. */
  conclude(entity: string): KeyCandidate[] {
    const likely = (one: KeyCandidate) =>
      (one.isTelling ? 0 : 4) + (one.fields.length > 1 ? 2 : 0) + (isOwn(one, entity) ? 0 : 1)
    const left = this.#watched.map(({ columns, isTelling, seen }) => ({
      fields: columns.map((column) => this.#names[column] ?? ''),
      isTelling,
      isExact: isTelling && seen.isExact,
    }))
    return left
      .filter(({ fields }) => fields.length === 1 || !left.some((one) => isPart(one, fields)))
      .sort((a, b) => likely(a) - likely(b))
  }

  #judge(cells: Cells, row: number, text: CellText, { columns, seen }: Watched) {
    const scratch = this.#scratch
    scratch.length = 0
    for (const column of columns) {
      const cell = row * cells.columnCount + column
      const kind = column < cells.columnCount ? cells.kinds[cell] : CELL.absent
      if (kind === CELL.absent || kind === CELL.null) return IS_NULL
      const start = scratch.length
      text.append(scratch, cells, cell, column)
      if (isNull(scratch, start)) return IS_NULL
      scratch.push(TAB)
    }
    return seen.add(scratch.bytes, 0, scratch.length) ? IS_NEW : IS_TWICE
  }
}

function isNull({ bytes, length }: RowTextBytes, start: number): boolean {
  return length === start + 2 && bytes[start] === BACKSLASH && bytes[start + 1] === NULL_LETTER
}

function listCandidates(names: readonly string[]): Watched[] {
  const isTelling = (column: number) => isTellingName(names[column] ?? '')
  const columns = [...names.keys()].slice(0, SINGLES_MAX)
  const telling = columns.filter(isTelling)
  const pairs = telling.flatMap((a) =>
    columns.filter((b) => b !== a && (b < 4 || isTelling(b))).map((b) => [a, b]),
  )
  const ordered = pairs.map(([a = 0, b = 0]) => (a < b ? [a, b] : [b, a]))
  const unique = [...new Map(ordered.map((pair) => [pair.join(), pair])).values()]
  const isBoth = (pair: readonly number[]) =>
    pair.every((column) => isTelling(column) || TELLING_BESIDE.test(names[column] ?? ''))
  return [
    ...columns.map((column) => ({ columns: [column], isTelling: isTelling(column) })),
    ...unique.slice(0, PAIRS_MAX).map((pair) => ({ columns: pair, isTelling: isBoth(pair) })),
  ].map((one) => ({
    ...one,
    seen: new SeenValues(one.isTelling ? PLACES_MANY : PLACES_FEW),
  }))
}

/** `ID` and `CUSTOMER_ID` as well as `id` and `customerId`. */
function isTellingName(name: string): boolean {
  return TELLING.test(name) || (name === name.toUpperCase() && TELLING.test(name.toLowerCase()))
}

function isPart({ fields }: KeyCandidate, pair: readonly string[]): boolean {
  return fields.length === 1 && fields.every((field) => pair.includes(field))
}

/** `id`, or `customer_id` of `customers`. */
function isOwn({ fields }: KeyCandidate, entity: string): boolean {
  const [name = ''] = fields
  const bare = name
    .replace(TELLING, '')
    .replace(/[_\s-]$/, '')
    .toLowerCase()
  return bare === '' || (bare.length > 2 && entity.toLowerCase().includes(bare))
}
