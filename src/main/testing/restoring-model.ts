import fc from 'fast-check'
import { expect } from 'vitest'
import { aCrossing, type Crossing, type Side } from './a-crossing.ts'
import { createTables, readAllRows, writeRows } from './random-sql.ts'
import {
  damage,
  hasUnique,
  layOut,
  namedBy,
  printRows,
  type Row,
  type Rows,
  someDamage,
  someTables,
  type Table,
} from './random-tables.ts'

/** Random tables, damaged at random and put back, whole, in part and undone, against plain maps. */

const aStory = fc.record({
  drawn: someTables,
  damage: someDamage,
  scope: fc.constantFrom(
    'whole' as const,
    'whole' as const,
    'laidOver' as const,
    'picked' as const,
  ),
  picks: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
})

/** Long runs are asked for: `HOLDFAST_TEST_RUNS=200`; they draw another seed every time, and print it. */
export type Runs = { readonly numRuns: number; readonly seed: number }
export type MakeSide = () => Promise<Side>

export const NOTHING = {
  ...{ cycle: 0, self: 0, composite: 0, join: 0, deferred: 0, acting: 0, bare: 0, unique: 0 },
  ...{ whole: 0, laidOver: 0, picked: 0, refused: 0 },
}
/** How many of the runs had each shape: a suite that never meets one proves nothing of it. */
export type Shapes = typeof NOTHING

/**
 * Restores into each of so many random systems, whole, beside what was added, or only some records,
 * and undoes that; the driver of the target says what is there.
 */
export async function proveRestoring(
  make: { readonly source: MakeSide; readonly target: MakeSide },
  few: Runs,
): Promise<Shapes> {
  const shapes = { ...NOTHING }
  await fc.assert(
    fc.asyncProperty(aStory, async ({ scope, ...story }) => {
      const { rows, tables } = layOut(story.drawn)
      await using erp = await make.source()
      await using copy = await make.target()
      await createTables(erp, tables)
      await writeRows(erp, rows)
      const crossing = await aCrossing({ erp, copy })
      const read = () => readAllRows(copy, tables)
      await crossing.backUp('erp')
      await crossing.move('erp', 'copy')
      expect(await read(), 'created').toEqual(printRows(rows))
      const damaged = damage(rows, story.damage)
      await writeRows(copy, damaged)
      const picked = scope === 'picked' ? pickRows(rows, story.picks) : []
      if (scope === 'picked' && picked.length === 0) return
      const wanted = {
        whole: () => rows,
        laidOver: () => laidOver(damaged, rows),
        picked: () => withParents(damaged, rows, picked),
      }[scope]()
      const change = {
        isDeleteAllowed: scope === 'whole',
        records: picked.map(([table, row]) => addressOf(erp, table, row)),
        missingParents: 'create' as const,
      }
      countShapes(shapes, tables)
      shapes[scope] += 1
      const told = { crossing, read, shapes, what: scope }
      await proveMove(told, { target: 'copy', change, damaged, wanted })
    }),
    askedRuns() ?? { ...few, endOnFailure: true },
  )
  console.info(`restored at random: ${JSON.stringify(shapes)}`)
  return shapes
}

type Proving = {
  readonly crossing: Crossing
  readonly read: () => Promise<unknown>
  readonly shapes: { refused: number }
  /** Names the run where it fails. */
  readonly what: string
}

type Move = {
  readonly target: string
  readonly change: NonNullable<Parameters<Crossing['move']>[2]>
  readonly damaged: Rows
  readonly wanted: Rows
}

/** Restores and undoes that; what would hold a unique value twice is refused, with nothing written. */
export async function proveMove(
  { crossing, read, shapes, what }: Proving,
  { change, damaged, target, wanted }: Move,
): Promise<void> {
  if (isTwice(wanted)) {
    shapes.refused += 1
    await expect(crossing.move('erp', target, change)).rejects.toMatchObject({
      code: 'connector.constraint-violated',
    })
    expect(await read(), 'refused').toEqual(printRows(damaged))
    return
  }
  const { summaries } = await crossing.move('erp', target, change)
  expect(summaries?.[0]?.verified.different).toBe(0)
  expect(await read(), what).toEqual(printRows(wanted))
  await undo(crossing, summaries?.[0]?.restore ?? '', target)
  expect(await read(), 'undone').toEqual(printRows(damaged))
}

/** Of the few runs that are the same every time; nothing of the others. */
export function expectEveryShape(shapes: Shapes): void {
  const { refused: _, ...wanted } = shapes
  if (askedRuns() === undefined) expect(Math.min(...Object.values(wanted))).toBeGreaterThan(0)
}

export function askedRuns(): { readonly numRuns: number } | undefined {
  const asked = process.env['HOLDFAST_TEST_RUNS']
  return asked === undefined ? undefined : { numRuns: Number(asked) }
}

/** Whether a value that is unique would be there twice. */
function isTwice(rows: Rows): boolean {
  return [...rows].some(([table, held]) => {
    const values = [...held.values()].flatMap(({ u }) => u ?? [])
    return hasUnique(table) && new Set(values).size < values.length
  })
}

async function undo(crossing: Crossing, restore: string, target: string): Promise<void> {
  const targets = [{ point: 'erp@1', target, undoes: restore }]
  const { summaries } = await crossing.move('erp', target, {
    targets,
    undo: { isSkippingConflicts: false, refused: () => {} },
  })
  expect(summaries?.[0]?.verified.different).toBe(0)
}

/** What the point holds, and what else is there; of rows without key as many as either has. */
function laidOver(live: Rows, point: Rows): Rows {
  const laid = [...live].map(([table, held]) => {
    const old = point.get(table) ?? new Map<string, Row>()
    if (table.key.length > 0) return [table, new Map([...held, ...old])] as const
    const missing = new Map(old)
    for (const row of held.values()) {
      const [same] =
        [...missing].find(([, one]) => JSON.stringify(one) === JSON.stringify(row)) ?? []
      if (same !== undefined) missing.delete(same)
    }
    const added = [...missing].map(([text, row]) => [`+${text}`, row] as const)
    return [table, new Map([...held, ...added])] as const
  })
  return new Map(laid)
}

function pickRows(rows: Rows, picks: readonly number[]): [Table, Row][] {
  const all = [...rows].flatMap(([table, held]) =>
    table.key.length === 0 ? [] : [...held.values()].map((row): [Table, Row] => [table, row]),
  )
  const picked = picks.flatMap((pick) => all.slice(pick % all.length, (pick % all.length) + 1))
  return [...new Set(picked)]
}

function addressOf({ kind }: Side, { key, name }: Table, row: Row): string {
  const schema = { postgres: 'public.', mariadb: '', sqlite: 'main.' }[kind]
  return `${schema}${name}:${key.map((field) => `"${row[field]}"`).join(',')}`
}

/** Rows that come back bring every row that they name and that is not there. */
export function withParents(live: Rows, point: Rows, picked: readonly [Table, Row][]): Rows {
  const left = new Map([...live].map(([table, held]) => [table, new Map(held)]))
  const open = [...picked]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [table, row] = next
    left.get(table)?.set(JSON.stringify(table.key.map((name) => row[name])), row)
    for (const link of table.links) {
      const { to } = link
      const named = namedBy(link, row) ?? ''
      const parent = point.get(to)?.get(named)
      if (parent !== undefined && left.get(to)?.has(named) === false) open.push([to, parent])
    }
  }
  return left
}

export function countShapes(shapes: Shapes, tables: readonly Table[]): void {
  const links = tables.flatMap((table) => table.links.map((link) => ({ ...link, table })))
  const reaches = (from: Table, wanted: Table, seen = new Set<Table>()): boolean => {
    if (seen.has(from)) return false
    seen.add(from)
    return from.links.some(({ to }) => to !== from && (to === wanted || reaches(to, wanted, seen)))
  }
  const found = {
    cycle: tables.some((table) => reaches(table, table)),
    self: links.some(({ table, to }) => table === to),
    composite: links.some(({ to }) => to.key.length > 1),
    join: tables.some(({ shape }) => shape === 'join'),
    deferred: links.some(({ isDeferred }) => isDeferred),
    acting: links.some(({ action }) => action === 'CASCADE' || action === 'SET NULL'),
    bare: tables.some(({ key }) => key.length === 0),
    unique: tables.some(hasUnique),
  }
  for (const name of Object.keys(found) as (keyof typeof found)[])
    shapes[name] += found[name] ? 1 : 0
}
