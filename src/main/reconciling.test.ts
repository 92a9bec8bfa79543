import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { aRestoring } from './testing/a-restore.ts'

const IDS = Array.from({ length: 30 }, (_, i) => i - 10)
const SQL = `CREATE TABLE bill (id INTEGER PRIMARY KEY, firm TEXT, cents INTEGER);
  CREATE TABLE item (nr INTEGER PRIMARY KEY, code TEXT, cents INTEGER);
  INSERT INTO bill VALUES ${IDS.map((id) => `(${id}, '${Math.abs(id) % 3}', ${id * 101})`).join()};
  INSERT INTO item SELECT id, 'F' || firm, cents FROM bill`
const MAPPING = `version: 1
entities:
  main.item:
    from: main.bill
    fields: { nr: id, code: { expression: "'F' + firm" }, cents: cents }
totals:
  - name: cents
    source: { entity: main.bill, amount: cents, by: [firm] }
    target: { entity: main.item, amount: cents, by: [code] }
    values: { firm: { 0: F0, 1: F1, 2: F2 } }
`

type Item = { readonly code: string; readonly cents: number }

const damage = fc.record({
  nr: fc.integer({ min: -15, max: 25 }),
  item: fc.option(
    fc.record({
      code: fc.constantFrom('F0', 'F1', 'F2'),
      cents: fc.integer({ min: -5000, max: 5000 }),
    }),
  ),
})

test('whatever happens to a target, every difference is listed, and sums differ by just that', async () => {
  await using life = await aRestoring(sqliteHarness, SQL)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-reconciling-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'mapping.yaml')
  await writeFile(file, MAPPING)
  await life.backUp()
  const wanted = new Map(
    IDS.map((id): [number, Item] => [id, { code: `F${Math.abs(id) % 3}`, cents: id * 101 }]),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { maxLength: 12 }), async (damages) => {
      const items = new Map(wanted)
      for (const { item, nr } of damages) {
        if (item === null) items.delete(nr)
        else items.set(nr, item)
      }
      const rows = Array.from(items, ([nr, { cents, code }]) => `(${nr}, '${code}', ${cents})`)
      const values = rows.length === 0 ? '' : `INSERT INTO item VALUES ${rows.join()}`
      await life.copy.exec(`DELETE FROM item; ${values}`)
      const found = await life.reconcile('erp@1', file)
      expect(found.differences.shown).toEqual(listDifferences(wanted, items))
      const differences = Object.fromEntries(
        found.totals[0]?.groups.map(({ by, difference }) => [by[0], Number(difference)]) ?? [],
      )
      for (const code of ['F0', 'F1', 'F2'])
        expect(differences[code] ?? 0).toBe(sumOf(items, code) - sumOf(wanted, code))
      expect(found.verdict).toBe(found.differences.count === 0 ? 'same' : 'differs')
    }),
    { numRuns: 25 },
  )
})

function listDifferences(wanted: ReadonlyMap<number, Item>, items: ReadonlyMap<number, Item>) {
  const keys = [...new Set([...wanted.keys(), ...items.keys()])].sort((a, b) => a - b)
  return keys.flatMap((nr) => {
    const [a, b] = [wanted.get(nr), items.get(nr)]
    const from = a === undefined ? null : { entity: 'main.bill', key: String(nr) }
    const record = { entity: 'main.item', key: String(nr), from }
    if (a === undefined) return [{ kind: 'extra', ...record, fields: [] }]
    if (b === undefined) return [{ kind: 'missing', ...record, fields: [] }]
    const fields = (['code', 'cents'] as const).flatMap((field) =>
      a[field] === b[field] ? [] : [{ field, wanted: String(a[field]), found: String(b[field]) }],
    )
    return fields.length === 0 ? [] : [{ kind: 'different', ...record, fields }]
  })
}

function sumOf(items: ReadonlyMap<number, Item>, code: string): number {
  return [...items.values()].reduce((sum, one) => sum + (one.code === code ? one.cents : 0), 0)
}
