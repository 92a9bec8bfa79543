import fc from 'fast-check'

/**
 * Tables of any shape with rows that are whole: cycles, references to themselves, keys of several
 * fields, many to many, tables without key, foreign keys that wait and that act. What damage and a
 * restore make of them is worked out on plain maps.
 */

const aLink = fc.record({
  to: fc.nat(5),
  isNullable: fc.boolean(),
  action: fc.constantFrom('NO ACTION', 'NO ACTION', 'CASCADE', 'SET NULL', 'RESTRICT'),
  isDeferred: fc.boolean(),
  /** What the customer map says of it. */
  kind: fc.constantFrom('child', 'child', 'reference'),
})
const aRow = fc.record({
  picks: fc.array(fc.option(fc.nat(30), { freq: 4 }), { minLength: 5, maxLength: 5 }),
  v: fc.option(fc.constantFrom('', 'a', 'Ä b', "it's", 'tab\there', '\\N')),
  n: fc.option(fc.integer({ min: -9, max: 99 })),
  u: fc.option(fc.nat(5)),
})
const aTable = fc.record({
  shape: fc.constantFrom('id', 'id', 'pair', 'text', 'join', 'none'),
  links: fc.array(aLink, { maxLength: 3 }),
  /** Whether it has a field of values that are unique. */
  isUnique: fc.boolean(),
  rows: fc.array(aRow, { minLength: 1, maxLength: 6 }),
})
const anOp = fc.record({
  table: fc.nat(5),
  row: fc.nat(9),
  what: fc.constantFrom('change', 'delete', 'delete', 'move', 'add'),
  with: aRow,
})
export const someTables = fc.array(aTable, { minLength: 1, maxLength: 6 })
export const someDamage = fc.array(anOp, { minLength: 1, maxLength: 10 })

type Drawn<A> = A extends fc.Arbitrary<infer T> ? T : never
type DrawnRow = Drawn<typeof aRow>
export type Damage = Drawn<typeof someDamage>

export type Link = {
  readonly to: Table
  readonly fields: readonly string[]
  readonly isNullable: boolean
  readonly action: string
  readonly isDeferred: boolean
  readonly kind: string
  /** Of a polymorphic link, which no foreign key declares: counts only where this field names the table. */
  readonly when?: string
}
type Field = {
  readonly name: string
  readonly type: 'int' | 'text'
  readonly isNullable: boolean
  readonly isUnique?: boolean
}
export type Table = {
  readonly name: string
  readonly shape: string
  /** Names of fields; none in a table without key. */
  readonly key: readonly string[]
  readonly fields: readonly Field[]
  readonly links: readonly Link[]
}
export type Row = Readonly<Record<string, string | null>>
/** The rows of every table; those of one with a key by the text of their key. */
export type Rows = ReadonlyMap<Table, ReadonlyMap<string, Row>>

/** Lays out what was drawn: references go to tables that are there and have a key. */
export function layOut(
  drawn: Drawn<typeof someTables>,
  hasNotes = false,
): { tables: Table[]; rows: Rows } {
  const bare = drawn.map(({ shape }, i) => (i === 0 ? 'id' : shape))
  const keyed = bare.flatMap((shape, i) => (shape === 'join' || shape === 'none' ? [] : [i]))
  const tables: { -readonly [K in keyof Table]: Table[K] }[] = bare.map((shape, i) => {
    const key = shape === 'none' ? [] : shape === 'pair' ? ['k1', 'k2'] : ['id']
    const known = { name: `t${i}`, shape, key, fields: [] as readonly Field[] }
    return { ...known, links: [] as readonly Link[] }
  })
  const keyTypes = { id: ['int'], text: ['text'], pair: ['int', 'text'] } as const
  const typesOf = (shape: string) =>
    shape === 'id' || shape === 'text' || shape === 'pair' ? keyTypes[shape] : []
  for (const [i, table] of tables.entries()) {
    const isJoin = table.shape === 'join'
    const drawnLinks = isJoin ? padded(drawn[i]?.links ?? []) : (drawn[i]?.links ?? [])
    table.links = drawnLinks.map((link, n) => {
      const to = tables[keyed[link.to % keyed.length] ?? 0] ?? table
      const isKey = isJoin && n < 2
      const fields = to.key.map((_, part) => `l${n}_${part}`)
      const isNullable = link.isNullable && !isKey
      const action = link.action === 'SET NULL' && !isNullable ? 'NO ACTION' : link.action
      return { ...link, to, fields, isNullable, action }
    })
    const linked = table.links.flatMap(({ fields, isNullable, to }) =>
      fields.map((name, part) => ({
        name,
        type: typesOf(to.shape)[part] ?? ('int' as const),
        isNullable,
      })),
    )
    if (isJoin) table.key = table.links.slice(0, 2).flatMap(({ fields }) => fields)
    const own = isJoin
      ? []
      : table.key.map((name, part) => {
          return { name, type: typesOf(table.shape)[part] ?? 'int', isNullable: false } as const
        })
    const values: readonly Field[] = [
      { name: 'v', type: 'text', isNullable: true },
      { name: 'n', type: 'int', isNullable: true },
      { name: 'u', type: 'text', isNullable: true, isUnique: drawn[i]?.isUnique === true },
    ]
    table.fields = [...own, ...linked, ...values]
  }
  if (hasNotes) tables.push(notesOn(tables))
  const rows = new Map(tables.map((table) => [table, new Map<string, Row>()]))
  // First the keys that others name, then everything.
  for (const only of ['keys', 'all']) {
    for (const [i, table] of tables.entries()) {
      if (only === 'keys' && (table.shape === 'join' || table.shape === 'none')) continue
      rows.get(table)?.clear()
      for (const [id, row] of (drawn[i] ?? drawn[0])?.rows.entries() ?? [])
        put(rows, table, { id, row })
    }
  }
  return { tables, rows: mend(rows) }
}

/** Notes about records of any table whose key is one field. */
function notesOn(tables: readonly Table[]): Table {
  const link = { fields: ['about'], isNullable: true, action: '', isDeferred: false, kind: 'child' }
  const links = tables
    .filter(({ shape }) => shape === 'id' || shape === 'text')
    .map((to) => ({ ...link, to, when: 'kind' }))
  const text = { type: 'text', isNullable: true } as const
  const fields: readonly Field[] = [
    { name: 'id', type: 'int', isNullable: false },
    ...['kind', 'about', 'v', 'u'].map((name) => ({ name, ...text })),
    { name: 'n', type: 'int', isNullable: true },
  ]
  return { name: 'note', shape: 'note', key: ['id'], fields, links }
}

const ANY_LINK = { to: 0, isNullable: false, action: 'NO ACTION', isDeferred: false } as const

function padded<T extends object>(links: readonly T[]): (T | DrawnLink)[] {
  const more: DrawnLink = { ...ANY_LINK, kind: 'child' }
  return [...links, more, more].slice(0, Math.max(2, links.length))
}
type DrawnLink = Drawn<typeof aLink>

type Mutable = Map<Table, Map<string, Row>>

/** Adds a row; of one that is there already, another state. */
function put(rows: Mutable, table: Table, { id, row }: { id: number; row: DrawnRow }): void {
  const made: Record<string, string | null> = {
    ...ownKey(table, id),
    v: row.v,
    n: row.n === null ? null : `${row.n}`,
    u: freeValue(rows, table, row.u),
  }
  const about = table.links[(row.picks[3] ?? 0) % Math.max(1, table.links.length)]
  if (about?.when !== undefined) {
    made[about.when] = about.to.name
    made['about'] = pick(rows, about, row.picks[0] ?? null)?.['id'] ?? null
  }
  for (const [n, link] of table.links.entries()) {
    if (link.when !== undefined) continue
    const first = link.to === table && rows.get(table)?.size === 0 ? made : undefined
    const target = pick(rows, link, row.picks[n] ?? null) ?? first
    for (const [part, name] of link.fields.entries())
      made[name] = target?.[link.to.key[part] ?? ''] ?? null
  }
  const inOrder = Object.fromEntries(table.fields.map(({ name }) => [name, made[name] ?? null]))
  rows.get(table)?.set(keyText(table, inOrder, id), inOrder)
}

/** A value that is unique and taken already is left out. */
function freeValue(rows: Mutable, table: Table, drawn: number | null): string | null {
  const taken = [...(rows.get(table)?.values() ?? [])].map(({ u }) => u)
  const value = `u${drawn}`
  return drawn === null || (hasUnique(table) && taken.includes(value)) ? null : value
}

export function hasUnique({ fields }: Table): boolean {
  return fields.some(({ isUnique }) => isUnique === true)
}

function ownKey({ shape }: Table, id: number): Row {
  if (shape === 'id' || shape === 'note') return { id: `${id + 1}` }
  if (shape === 'text') return { id: `x${id} y` }
  if (shape === 'pair') return { k1: `${id % 2}`, k2: `y-${id}` }
  return {}
}

/** Rows without key are told apart by when they came, and compared without it. */
function keyText({ key }: Table, row: Row, id: number): string {
  return key.length === 0 ? `#${id}` : keyOf(key, row)
}

export function keyOf(fields: readonly string[], row: Row): string {
  return JSON.stringify(fields.map((name) => row[name]))
}

function pick(rows: Mutable, { isNullable, to }: Link, picked: number | null): Row | undefined {
  if (picked === null && isNullable) return undefined
  const all = [...(rows.get(to)?.values() ?? [])]
  return all[(picked ?? 0) % Math.max(1, all.length)]
}

/** Rows that name what is not there name nothing, or go, until every row has what it names. */
function mend(rows: Mutable): Mutable {
  for (let isWhole = false; !isWhole; ) {
    isWhole = true
    for (const [table, held] of rows) {
      for (const [text, row] of held) {
        const lost = table.links.filter((link) => isLost(rows, link, row))
        if (lost.length === 0) continue
        isWhole = false
        const isEmptied = lost.every(({ isNullable }) => isNullable)
        const emptied = Object.fromEntries(
          lost.flatMap(({ fields }) => fields.map((f) => [f, null])),
        )
        if (isEmptied) held.set(text, { ...row, ...emptied })
        else held.delete(text)
      }
    }
  }
  return rows
}

/** Whether a link of a row counts, and what it names. */
export function namedBy({ fields, to, when }: Link, row: Row): string | undefined {
  const values = fields.map((name) => row[name] ?? null)
  const isMeant = when === undefined || row[when] === to.name
  return isMeant && !values.includes(null) ? JSON.stringify(values) : undefined
}

function isLost(rows: Rows, link: Link, row: Row): boolean {
  const named = namedBy(link, row)
  if (named === undefined) return link.when === undefined && !link.isNullable
  return rows.get(link.to)?.has(named) !== true
}

/** What damage leaves. */
export function damage(rows: Rows, ops: Damage): Rows {
  const left: Mutable = new Map([...rows].map(([table, held]) => [table, new Map(held)]))
  const tables = [...rows.keys()]
  for (const [i, op] of ops.entries()) {
    const table = tables[op.table % tables.length]
    if (table === undefined) continue
    const held = left.get(table) ?? new Map<string, Row>()
    const [text, row] = [...held][op.row % Math.max(1, held.size)] ?? []
    if (op.what === 'add') put(left, table, { id: 100 + i, row: op.with })
    if (text === undefined || row === undefined) continue
    if (op.what === 'delete') held.delete(text)
    if (op.what === 'change') held.set(text, { ...row, v: `bad ${i}`, n: `${i}` })
    if (op.what === 'move') held.set(text, { ...row, ...movedLinks(left, table, op.with) })
  }
  return mend(left)
}

function movedLinks(rows: Mutable, { key, links }: Table, { picks }: DrawnRow): Row {
  const moved: Record<string, string | null> = {}
  for (const [n, link] of links.entries()) {
    if (link.when !== undefined || link.fields.some((name) => key.includes(name))) continue
    const target = pick(rows, link, picks[n] ?? null)
    for (const [part, name] of link.fields.entries())
      moved[name] = target?.[link.to.key[part] ?? ''] ?? null
  }
  return moved
}

/** Texts of all rows, sorted: what two systems are compared by. */
export function printRows(rows: Rows): Record<string, string[]> {
  const printed = [...rows].map(([{ fields, name }, held]) => {
    const texts = [...held.values()].map((row) => JSON.stringify(fields.map((f) => row[f.name])))
    return [name, texts.sort()] as const
  })
  return Object.fromEntries(printed)
}
