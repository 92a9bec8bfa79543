import type { Source, SourceCut } from '#connector/connector'
import type { FeedMessage } from '#connector/feed'
import { findChanges } from '#connector/testing/find-changes'
import { ToldLog } from '#connector/testing/told-feed'
import { type EntityName, formatEntityName } from '#record/entity-name'
import { describeTold, type ToldTable, toldCut } from './told-source.ts'

export type ShopStep = {
  /** ISO 8601, of its commit. */
  readonly time: string
  /** One after the other in one transaction; none: the log grows by what is none of ours. */
  readonly edits: readonly Edit[]
  /** Rows of these are not told from here on. */
  readonly unfollowed?: string
}

export type Edit = { readonly rows: ReadonlyMap<string, Rows> } & Partial<Shape>
export type Rows = ToldTable['rows']
type Shape = {
  /** The table is emptied by TRUNCATE before it has these rows. */
  readonly truncated: string
  /** Its fields are others from here on. */
  readonly reshaped: ToldTable
}

/** Tables, and the names of those that may hold something else by now. */
export type KnownTables = {
  readonly tables: readonly ToldTable[]
  readonly unproven: readonly string[]
}

/** A system in memory that commits one transaction after the other, and tells them. */
export class ToldShop {
  readonly #log = new ToldLog()
  readonly #untold = new Set<string>()
  #tables: ReadonlyMap<string, ToldTable>
  /** What who only hears of it takes it to hold. */
  #known: ReadonlyMap<string, ToldTable>
  #time: string
  readonly #toldAt = new Map<string, KnownTables>()
  readonly #scannedAt = new Map<string, KnownTables>()

  constructor(tables: readonly ToldTable[], time: string) {
    this.#tables = new Map(tables.map((table) => [table.name, table]))
    this.#known = this.#tables
    this.#time = time
  }

  /** What is known of it behind a position, when all was told up to there. */
  toldAt(position: string): KnownTables | undefined {
    return this.#toldAt.get(position)
  }

  /** What a cut of a feed at a position held. */
  scannedAt(position: string): KnownTables | undefined {
    return this.#scannedAt.get(position)
  }

  commit({ edits, time, unfollowed }: ShopStep): void {
    const transaction = `tx ${this.#log.position}`
    if (unfollowed !== undefined) this.#untold.add(unfollowed)
    const parts = edits.flatMap((edit) => this.#apply(edit))
    if (unfollowed !== undefined) {
      const entity = nameOf(unfollowed)
      parts.unshift({ kind: 'unfollowed', entity, reason: 'its log is off', remedy: [] })
    }
    this.#log.add(transaction, time, parts)
    this.#time = time
    const unproven = [...this.#known.values()].filter((table) => !this.#isTold(table))
    this.#toldAt.set(this.#log.position, {
      tables: [...this.#known.values()],
      unproven: unproven.map(({ name }) => nameOf(name)).sort(),
    })
  }

  /** Its log goes before anybody read it. */
  loseLog(): void {
    this.#log.lose()
  }

  /** Tells everything again that a scan may join. */
  followAll(): void {
    this.#untold.clear()
  }

  /** @param rest what passes when all was told */
  openSource(rest: (signal: AbortSignal) => Promise<void>): Source {
    const openCut = () => this.#openCut()
    const followed = () => {
      const told = [...this.#tables.values()].filter((table) => this.#isTold(table))
      return told.map(({ name }) => nameOf(name))
    }
    return {
      identity: openCut().cut.identity,
      openCut: async () => openCut(),
      feed: this.#log.feed({
        openCut: (position) => {
          this.#known = this.#tables
          const tables = [...this.#known.values()]
          this.#scannedAt.set(position, { tables, unproven: [] })
          return openCut()
        },
        followed,
        rest,
        time: () => this.#time,
      }),
      async [Symbol.asyncDispose]() {},
    }
  }

  #openCut(): SourceCut {
    const told = toldCut([...this.#tables.values()], this.#time)
    return { ...told, cut: { ...told.cut, position: this.#log.position } }
  }

  #isTold({ key, name }: ToldTable): boolean {
    return key !== null && !this.#untold.has(name)
  }

  #apply({ reshaped, rows, truncated }: Edit): FeedMessage[] {
    const before = this.#tables
    const changed = [...rows].map(([name, own]): [string, ToldTable] => {
      const table = reshaped?.name === name ? reshaped : before.get(name)
      if (table === undefined) throw new Error(`The shop has no table "${name}".`)
      return [name, { ...table, rows: own }]
    })
    this.#tables = new Map([...before, ...changed])
    const told = changed.filter(([, table]) => this.#isTold(table))
    this.#known = new Map([...this.#known, ...told])
    return told.flatMap(([name, table]): FeedMessage[] => {
      const described = describeTold(table)
      const { entity } = described
      const isEmptied = truncated === name
      const old = isEmptied ? new Map() : textsOf(reshape(before.get(name) ?? table, table))
      const fields = table.fields.map((field) => field.name)
      const changes = findChanges(
        { entity, fields, key: table.key?.fields ?? [] },
        old,
        textsOf(table),
      )
      return [
        ...(isEmptied ? [{ kind: 'truncate' as const, entity, isWhole: true }] : []),
        ...(reshaped?.name === name ? [{ kind: 'described' as const, entity, described }] : []),
        ...(changes === undefined ? [] : [changes]),
      ]
    })
  }
}

function nameOf(table: string): EntityName {
  return formatEntityName(['public', table])
}

/** Rows that were there before its fields became these. */
function reshape({ fields: old, rows }: ToldTable, table: ToldTable): ToldTable {
  const indexes = table.fields.map(({ name }) => old.findIndex((field) => field.name === name))
  const values = (row: readonly string[]) =>
    table.fields.map(({ missing }, i) => row[indexes[i] ?? -1] ?? missing ?? '')
  return { ...table, rows: rows.map(values) }
}

function textsOf({ fields, key, rows }: ToldTable): Map<string, string> {
  const indexes = (key?.fields ?? []).map((name) => fields.findIndex((one) => one.name === name))
  const textOf = (row: readonly string[]) => `${row.join('\t')}\n`
  return new Map(rows.map((row) => [textOf(indexes.map((i) => row[i] ?? '')), textOf(row)]))
}
