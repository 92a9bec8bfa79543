import fc from 'fast-check'
import { expect } from 'vitest'
import { tellTransactions } from '#capture/testing/tell-transactions'
import { openSource, readTable } from '#connector/testing/contract-system'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { aRestoring, type Restoring } from './a-restore.ts'

/** Random transactions, one of them undone right after it and later, against plain maps. */

type Op =
  | { readonly kind: 'put'; readonly id: number; readonly field: number; readonly value: string }
  | { readonly kind: 'delete'; readonly id: number }

const anId = fc.integer({ min: 1, max: 6 })
export const anOp: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      id: anId,
      field: fc.integer({ min: 0, max: 2 }),
      value: fc.constantFrom('x', 'y', 'z', ''),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: anId }) },
)
const aTransaction = fc.array(anOp, { minLength: 1, maxLength: 5 })
const aLife = fc.record({
  entries: fc.array(fc.array(aTransaction, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  }),
  /** Done to the target alone, behind everything. */
  since: fc.array(anOp, { maxLength: 4 }),
  pick: fc.nat(),
})

const FIELDS = ['a', 'b', 'c'] as const

export function sqlOf(op: Op): string {
  if (op.kind === 'delete') return `DELETE FROM t WHERE id = ${op.id}`
  const field = FIELDS[op.field] ?? 'a'
  return `INSERT INTO t (id, ${field}) VALUES (${op.id}, '${op.value}')
    ON CONFLICT (id) DO UPDATE SET ${field} = excluded.${field}`
}

type Rows = ReadonlyMap<string, readonly (string | null)[]>

export const contents = async (system: Restoring['erp']): Promise<Rows> =>
  new Map((await readTable(sqliteHarness, system, 'main.t')).map((row) => [row[0] ?? '', row]))

/** What undoing has to leave, record by record, and how many records it has to leave alone. */
export function undoIn(live: Rows, { before, after }: { before: Rows; after: Rows }) {
  const rows = new Map(live)
  let conflicts = 0
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, made, now] = [before.get(key), after.get(key), live.get(key)]
    const text = (row: typeof old) => JSON.stringify(row ?? null)
    if (text(old) === text(made) || text(now) === text(old)) continue
    if (text(now) === text(made)) {
      if (old === undefined) rows.delete(key)
      else rows.set(key, old)
      continue
    }
    if (!old || !made || !now) {
      conflicts += 1
      continue
    }
    const isTheirs = (value: string | null, i: number) => old[i] !== made[i] && value === made[i]
    const isFree = (value: string | null, i: number) =>
      old[i] === made[i] || value === old[i] || value === made[i]
    if (now.every(isFree))
      rows.set(
        key,
        now.map((v, i) => (isTheirs(v, i) ? (old[i] ?? null) : v)),
      )
    else conflicts += 1
  }
  return { rows, conflicts }
}

export const sorted = (rows: Rows) => [...rows].toSorted(([a], [b]) => Number(a) - Number(b))

/** Undoes a random transaction of each of so many random lives, right after it and later. */
export async function proveUndoing(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(aLife, async ({ entries, pick, since }) => {
      await using restoring = await aRestoring(
        sqliteHarness,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT DEFAULT 'c');
         INSERT INTO t VALUES (1, 'a1', 'b1', 'c1'), (2, NULL, '', 'c2'), (3, 'a3', 'b3', 'c3')`,
      )
      const { copy, erp, vault } = restoring
      const openErp = () => openSource(sqliteHarness, erp.address)
      const exec = (sql: string) => erp.exec(sql)
      await restoring.backUp()
      const states = [await contents(erp)]
      const addresses: string[] = []
      for (const transactions of entries) {
        const told = transactions.map((ops, i) => {
          const sql = ops.map(sqlOf).join(';')
          return { transaction: `${i}`, time: `2026-06-30T12:00:0${i}Z`, sql }
        })
        const seen = async (sql: string) => {
          await exec(sql)
          states.push(await contents(erp))
        }
        const deps = { vault, source: 'erp', openSource: openErp, exec: seen }
        const seq = await tellTransactions(deps, told)
        addresses.push(...told.map((_, i) => `erp@${seq}.${i + 1}`))
      }
      const index = pick % addresses.length
      const point = addresses[index] ?? ''
      const before = states[index] ?? new Map()
      const after = states[index + 1] ?? new Map()
      const undo = { isSkippingConflicts: true, refused: () => {} }
      await restoring.restore({ point, isDeleteAllowed: true })
      expect(sorted(await contents(copy)), 'as of the transaction').toEqual(sorted(after))
      const { summary } = await restoring.restore({ point, undo })
      expect(summary).toMatchObject({ conflicts: 0, verified: { different: 0 } })
      expect(sorted(await contents(copy)), 'right after').toEqual(sorted(before))
      await restoring.restore({ isDeleteAllowed: true })
      for (const op of since) await copy.exec(sqlOf(op))
      const wanted = undoIn(await contents(copy), { before, after })
      const later = await restoring.restore({ point, undo })
      expect(later.summary).toMatchObject({
        conflicts: wanted.conflicts,
        verified: { different: 0 },
      })
      expect(sorted(await contents(copy)), 'later').toEqual(sorted(wanted.rows))
    }),
    { numRuns },
  )
}
