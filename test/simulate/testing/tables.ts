import type { Source, SourceCut } from '#connector/connector'
import type { EntityName } from '#record/entity-name'
import { formatRow } from '#record/row-text'
import type { DescribedEntity, DescribedField, DescribedKey } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Clock } from '#stdx/clock'
import type { Chance } from './chance.ts'

/** The records of one entity, each as its fields in JSON, sorted: what two readings must agree in. */
export type Records = readonly string[]
/** All that a source held at one moment. */
export type Held = ReadonlyMap<EntityName, Records>

type Values = readonly (string | null)[]

type Table = {
  readonly entity: EntityName
  readonly sourceId: string
  readonly fields: readonly DescribedField[]
  readonly key: DescribedKey | null
  readonly rows: readonly Values[]
}

/**
 * A system in memory that goes on living: three tables, one that scans in key order, one that does
 * not, one without a key. Tables are replaced and never changed, so that a cut keeps what it saw.
 */
export class Tables {
  readonly #source: string
  readonly #rowsMax: number
  readonly #wide: Chance | undefined
  #tables: readonly Table[]
  #day = 0
  #ids = 0

  /** @param wide given: customers are many and wide from the beginning, so that later runs are small beside the first */
  constructor(source: string, rowsMax: number, wide?: Chance) {
    this.#source = source
    this.#rowsMax = rowsMax
    this.#wide = wide
    this.#tables = [this.#createCustomer(), this.#createAddress(), this.#createLog()]
  }

  /** Some time passes: most often a few rows change, now and then a table does. */
  live(chance: Chance): void {
    this.#day += 1
    if (chance.happens(0.1)) return
    this.#tables = this.#tables.map((table) => this.#liveOn(table, chance))
  }

  /** What the tables hold now, to compare with. */
  held(): Held {
    return new Map(this.#tables.map((table) => [table.entity, recordsOf(table)]))
  }

  /** @param mishap how likely a scan fails, as a connection that is lost */
  openSource(clock: Clock, chance: Chance, mishap: number): Source {
    const identity = { system: 'simulated', database: this.#source }
    return {
      identity,
      openCut: async () => this.#openCut({ clock, chance, mishap, identity }),
      async [Symbol.asyncDispose]() {},
    }
  }

  #openCut({ chance, clock, identity, mishap }: CutDeps): SourceCut {
    const tables = this.#tables
    return {
      cut: {
        position: String(this.#day),
        time: new Date(clock.nowMs()).toISOString(),
        identity,
      },
      readCatalogue: async () => ({
        entities: tables.map(describe),
        definition: null,
        sequences: {},
        notRestored: [],
      }),
      async *scan({ entity }, fields, signal) {
        const table = tables.find((one) => one.entity === entity)
        assert(table !== undefined, 'A scan is of a table that the cut described.')
        const size = chance.spread(1, 200)
        const rows = rowsOf(table, fields)
        for (let from = 0; from < rows.length; from += size) {
          if (chance.happens(0.2)) await clock.sleep(chance.spread(1, 20_000), signal)
          if (chance.happens(mishap)) {
            const message = `Cannot scan ${entity}: the connection was lost`
            throw new AppError('connector.scan-failed', message)
          }
          const text = rows.slice(from, from + size).join('')
          yield { kind: 'rows', bytes: new TextEncoder().encode(text) }
        }
      },
      async [Symbol.asyncDispose]() {},
    }
  }

  #liveOn(table: Table, chance: Chance): Table {
    if (chance.happens(0.02)) return this.#recreate(table)
    const shaped = chance.happens(0.08) ? this.#reshape(table, chance) : table
    const kept = shaped.rows.filter(() => !chance.happens(0.05))
    const changed = kept.map((row) => (chance.happens(0.1) ? changeRow(shaped, row, chance) : row))
    const room = Math.max(0, this.#rowsMax - changed.length)
    const added = Array.from({ length: Math.min(room, chance.spread(1, 30)) }, () =>
      this.#makeRow(shaped, chance),
    )
    return { ...shaped, rows: [...changed, ...added] }
  }

  #recreate({ entity }: Table): Table {
    if (entity.endsWith('customer')) return this.#createCustomer()
    return entity.endsWith('address') ? this.#createAddress() : this.#createLog()
  }

  /** A field comes, is called something else, or goes. */
  #reshape(table: Table, chance: Chance): Table {
    const extra = table.fields.findIndex(({ sourceId }) => Number(sourceId) > 3)
    const field = table.fields[extra]
    const id = String(this.#mintId() + 3)
    if (field === undefined) {
      const missing = chance.happens(0.7) ? 'none' : null
      const added = { ...aField(`extra${id}`, id), missing }
      const rows = table.rows.map((row) => [...row, missing])
      return { ...table, fields: [...table.fields, added], rows }
    }
    if (chance.happens(0.5)) {
      const renamed = { ...field, name: `renamed${id}` }
      return { ...table, fields: table.fields.with(extra, renamed) }
    }
    const without = <T>(all: readonly T[]) => all.filter((_, index) => index !== extra)
    return { ...table, fields: without(table.fields), rows: table.rows.map(without) }
  }

  #makeRow({ entity, fields }: Table, chance: Chance): Values {
    const id = String(this.#mintId())
    const rest = fields.slice(3).map(() => aValue(chance))
    if (entity.endsWith('customer')) return [id, aValue(chance), aNote(chance), ...rest]
    if (entity.endsWith('address')) {
      return [`C${chance.between(0, 9)}\t"${id}"`, 'billing', aValue(chance), ...rest]
    }
    return [`day ${this.#day}`, chance.pick(['in', 'out', null]) ?? null, 'x', ...rest]
  }

  #createCustomer(): Table {
    const key = { fields: ['id'], encodings: ['integer'] } as const
    const table = this.#create('customer', ['id', 'name', 'note'], key)
    const wide = this.#wide
    if (wide === undefined) return table
    const rows = Array.from({ length: this.#rowsMax }, () => {
      const note = Buffer.from(wide.bytes(WIDE_BYTES)).toString('base64')
      return [String(this.#mintId()), aValue(wide), note]
    })
    return { ...table, rows }
  }

  #createAddress(): Table {
    const key = { fields: ['kind', 'customer'], encodings: ['text', 'text'] } as const
    return this.#create('address', ['customer', 'kind', 'city'], key)
  }

  #createLog(): Table {
    return this.#create('log', ['at', 'said', 'by'], null)
  }

  #create(name: string, fields: readonly string[], key: DescribedKey | null): Table {
    return {
      entity: `public.${name}` as EntityName,
      sourceId: String(this.#mintId()),
      fields: fields.map((field, index) => aField(field, String(index + 1))),
      key,
      rows: [],
    }
  }

  #mintId(): number {
    this.#ids += 1
    return this.#ids
  }
}

type CutDeps = {
  readonly clock: Clock
  readonly chance: Chance
  readonly mishap: number
  readonly identity: Source['identity']
}

/** Fields by name as JSON, the names in order. */
export function formatRecord(fields: Readonly<Record<string, string | null>>): string {
  return JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function recordsOf({ fields, rows }: Table): Records {
  const format = (row: Values) =>
    formatRecord(Object.fromEntries(fields.map(({ name }, index) => [name, row[index] ?? null])))
  return rows.map(format).sort()
}

function describe({ entity, fields, key, sourceId }: Table): DescribedEntity {
  return {
    entity,
    sourceId,
    fields,
    key,
    foreignKeys: [],
    definition: null,
    scanOrder: entity.endsWith('customer') ? 'key' : 'none',
    missingGrant: null,
  }
}

/** The text of rows, the fields as asked; customers in the order of their ids. */
function rowsOf({ entity, fields, rows }: Table, names: readonly string[]): string[] {
  const indexes = names.map((name) => fields.findIndex((field) => field.name === name))
  const ordered = entity.endsWith('customer')
    ? [...rows].sort(([a], [b]) => Number(a) - Number(b))
    : rows
  return ordered.map((row) => formatRow(indexes.map((index) => row[index] ?? null)))
}

function changeRow({ key }: Table, row: Values, chance: Chance): Values {
  const first = key === null ? 1 : 2
  const index = chance.between(first, row.length - 1)
  return row.map((value, i) => (i === index ? aValue(chance) : value))
}

function aField(name: string, sourceId: string): DescribedField {
  return { name, type: 'text', isNullable: true, sourceId, missing: null }
}

const WIDE_BYTES = 900
const WORDS = ['', 'Ada', 'Müller\tÖ', 'back\\slash', 'two\nlines', '\\N', '0', 'DE89']

function aValue(chance: Chance): string | null {
  if (chance.happens(0.1)) return null
  return `${chance.pick(WORDS)}${chance.happens(0.5) ? chance.between(0, 999) : ''}`
}

/** Once in a while one that does not fit between the others. */
function aNote(chance: Chance): string | null {
  if (chance.happens(0.995)) return aValue(chance)
  return `${chance.between(0, 9)} large `.repeat(9000)
}
