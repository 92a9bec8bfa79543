import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { aTraveller, linesOf, type Traveller } from '#test/journeys/testing/traveller'
import { change } from '../journeys/testing/example-database.ts'
import { aChance } from './testing/chance.ts'
import { killAfter } from './testing/kill.ts'

const ROWS = 20_000
const ROUNDS_MAX = 60
/** Each phase has to be hit so often, or the test has shown nothing. */
const HITS_MIN = 2

const TABLES = `CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, iban TEXT NOT NULL);
  CREATE TABLE address (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, city TEXT);`
const SOURCE = `${TABLES}
  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO customer SELECT i, 'DE' || i FROM n;
  INSERT INTO address SELECT id + 7, id, 'city of ' || iban FROM customer;`
const OTHERS = `${TABLES} INSERT INTO customer VALUES (5, 'other'), (41, 'other');
  INSERT INTO address VALUES (3, 5, 'elsewhere');`
const STRANGER = `INSERT INTO customer (iban) VALUES ('stranger')`

type Phase = 'before it began' | 'begun' | 'committed' | 'ended'

test('a restore that mints keys is killed at any moment, and nothing comes twice', async () => {
  const traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  change(at('erp.db'), SOURCE)
  const chance = aChance('kills of a restore that mints keys')
  const hits = new Map<Phase, number>()
  const isEnough = () =>
    (['begun', 'committed'] as const).every((phase) => (hits.get(phase) ?? 0) >= HITS_MIN)
  let lastMs = 2500
  for (let round = 1; round <= ROUNDS_MAX && !isEnough(); round++) {
    const copy = `copy${round}`
    await configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  ${copy}: { connector: sqlite, file: ./${copy}.db }
`)
    if (round === 1) {
      await holdfast('init')
      await summary('backup')
    }
    change(at(`${copy}.db`), OTHERS)
    const argv = ['restore', 'erp@1', '--to', copy, '--confirm', copy, '--keys', 'mint']
    await killAfter(traveller, (0.3 + 0.7 * chance.next()) * lastMs, argv)
    const phase = await tellPhase(traveller, copy)
    hits.set(phase, (hits.get(phase) ?? 0) + 1)
    const isStranger = round % 2 === 0
    if (isStranger) change(at(`${copy}.db`), STRANGER)
    const startedAtMs = performance.now()
    let run = await holdfast(...argv, '--json')
    const [, unclear] = /restore ([0-9a-f]{16}) was about to give/.exec(run.stderr) ?? []
    if (unclear !== undefined) {
      // Its numbers are a stranger's: only where nothing of it was written.
      expect([isStranger, phase]).toEqual([true, 'begun'])
      await summary('undo', unclear, '--on-conflict', 'theirs', '--confirm', copy)
      run = await holdfast(...argv, '--json')
    }
    expect(run, `round ${round}: ${phase}\n${run.stderr}`).toMatchObject({ exit: 0 })
    lastMs = performance.now() - startedAtMs
    expectWhole(at(`${copy}.db`), isStranger)
  }
  expect(isEnough(), JSON.stringify([...hits])).toBe(true)
})

/** By what the vault and the target say. */
async function tellPhase({ at, holdfast }: Traveller, copy: string): Promise<Phase> {
  const lines = linesOf(await holdfast('crosswalk', copy, '--all', '--json'))
  if (lines.length === 0) return 'before it began'
  if (lines[0]?.['state'] === 'written') return 'ended'
  return countOf(at(`${copy}.db`), 'customer') > 3 ? 'committed' : 'begun'
}

/** Every record once, what names it with it, and whatever was there before as it was. */
function expectWhole(path: string, isStranger: boolean): void {
  using database = new DatabaseSync(path)
  const ask = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row))
  const others = isStranger ? 3 : 2
  // The two others share their text.
  expect(ask('SELECT count(*), count(DISTINCT iban) FROM customer')).toEqual([
    [ROWS + others, ROWS + others - 1],
  ])
  expect(ask(`SELECT id, iban FROM customer WHERE id IN (5, 41)`)).toEqual([
    [5, 'other'],
    [41, 'other'],
  ])
  expect(
    ask(`SELECT count(*) FROM address a JOIN customer c ON c.id = a.customer
    WHERE a.city = 'city of ' || c.iban`),
  ).toEqual([[ROWS]])
  expect(ask('SELECT count(*) FROM address')).toEqual([[ROWS + 1]])
}

function countOf(path: string, table: string): number {
  using database = new DatabaseSync(path)
  return Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'])
}
