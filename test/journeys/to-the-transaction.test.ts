import { beforeEach, expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { tell } from './testing/tell-transactions.ts'
import { aTraveller, expectFailure, linesOf, type Traveller } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  live: { connector: sqlite, file: ./live.db }
  empty: { connector: sqlite, file: ./empty.db }
`

/** A morning in four transactions: the second is the bad one. */
const MORNING = [
  `INSERT INTO customer (id, name, iban, terms) VALUES (501, 'Signed at nine', 'DE501', '30d')`,
  `UPDATE customer SET terms = '0d', iban = 'XX' || id WHERE id IN (1, 2, 501);
   DELETE FROM address WHERE customer_id = 3; DELETE FROM customer WHERE id = 3`,
  `UPDATE customer SET name = 'Renamed since' WHERE id = 1`,
  `INSERT INTO address VALUES (501, 'billing', 'Ulm')`,
]

let traveller: Traveller
/** What the database held after each transaction, the first before all of them. */
let copies: ReturnType<typeof readAll>[]

beforeEach(async () => {
  traveller = await aTraveller()
  const { at, configure, holdfast, summary } = traveller
  for (const file of ['erp.db', 'live.db']) createExample(at(file))
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  copies = [readAll(at('live.db'))]
  for (const sql of MORNING) {
    change(at('live.db'), sql)
    copies.push(readAll(at('live.db')))
  }
  const told = MORNING.map((sql, i) => {
    return { transaction: `${9000 + i}`, time: `2026-06-30T09:0${i}:00.123456Z`, sql }
  })
  expect(await tell(traveller, { file: 'erp.db', source: 'erp' }, told)).toBe(3)
})

const undo = (...argv: string[]) => ['restore', '--undo-transaction', 'erp@3.2', ...argv]
const onLive = (...argv: string[]) => undo('--to', 'live', '--confirm', 'live', ...argv)

test('every moment between transactions can be looked at, compared and put back', async () => {
  const { answer, answerWith, at, holdfast, summary } = traveller
  const points = ['erp@1', 'erp@3.1', 'erp@3.2', 'erp@3.3', 'erp@3']
  for (const [i, point] of points.entries()) {
    await summary('restore', point, '--to', 'empty', '--delete-added', '--confirm', 'empty')
    expect(readAll(at('empty.db')), point).toEqual(copies[i])
    const verdict = { verdict: 'same', point }
    expect(await answer('verify', point, '--against', 'empty')).toMatchObject(verdict)
    const exported = await holdfast('export', point, 'main.customer', '--format', 'jsonl')
    expect(linesOf(exported), point).toHaveLength(copies[i]?.['customer']?.length ?? 0)
    const held = await answer<{ entity: string; rows: number }[]>('entities', point)
    expect(held).toContainEqual(
      expect.objectContaining({ entity: 'main.customer', rows: copies[i]?.['customer']?.length }),
    )
  }
  expect(await answerWith(4, 'verify', 'erp@3.3', '--against', 'empty')).toMatchObject({
    verdict: 'differs',
  })
  const diff = linesOf(await holdfast('diff', 'erp@3.1', 'erp@3.2', '--json'))
  expect(diff.map(({ key, op }) => [key, op])).toEqual([
    ['3,billing', 'delete'],
    ['1', 'update'],
    ['2', 'update'],
    ['3', 'delete'],
    ['501', 'update'],
    [undefined, undefined],
  ])
  const back = linesOf(await holdfast('diff', 'erp@3.2', 'erp@3.1', '--json'))
  expect(back.at(-1)).toMatchObject({ inserted: 2, updated: 3, deleted: 0 })
  expect(await holdfast('diff', 'erp@3', 'erp@3.4')).toMatchObject({ exit: 0 })
  // A moment is the last transaction at or before it.
  const at0902 = await answer('show', 'erp@2026-06-30T09:02:30Z', 'main.customer', '1')
  expect(at0902).toMatchObject({
    point: 'erp@3.3',
    version: 'erp@3.3',
    fields: { name: 'Renamed since', terms: '0d' },
  })
  expect(await answer('show', 'erp@3.2', 'main.customer', '1')).toMatchObject({
    point: 'erp@3.2',
    version: 'erp@3.2',
  })
  expectFailure(
    await holdfast('show', 'erp@3.2', 'main.customer', '3'),
    2,
    'history.record-unknown',
  )
  expectFailure(
    await holdfast('show', 'erp@3.5', 'main.customer', '1'),
    2,
    'timeline.point-unknown',
  )
})

test('points --transactions lists them newest first, and history names them', async () => {
  const { answer, holdfast } = traveller
  const all = await answer<{ point: string }[]>('points', '--transactions')
  expect(all.map(({ point }) => point)).toEqual(['erp@3.4', 'erp@3.3', 'erp@3.2', 'erp@3.1'])
  expect(all[2]).toEqual({
    point: 'erp@3.2',
    source: 'erp',
    kind: 'transaction',
    time: expect.stringMatching(/Z$/),
    cut: { time: '2026-06-30T09:01:00.123456Z', position: 'p9001' },
    transaction: '9001',
    entities: [
      { entity: 'main.address', inserted: 0, updated: 0, deleted: 1 },
      { entity: 'main.customer', inserted: 0, updated: 3, deleted: 1 },
    ],
  })
  const two = await holdfast('points', '--transactions', 'erp', '--limit', '2')
  expect(two.stdout.split('\n').map((line) => line.trim().split(/\s+/)[0])).toEqual([
    'POINT',
    'erp@3.4',
    'erp@3.3',
    '',
  ])
  expect(two.stderr).toContain('--limit')
  expect((await answer<unknown[]>('points', '--transactions', 'erp@3')).length).toBe(4)
  expect((await answer<unknown[]>('points', '--transactions', 'erp@3.2')).length).toBe(2)
  expect(await answer('points', '--transactions', 'erp@1')).toEqual([])
  expectFailure(await holdfast('points', '--transactions', '--limit', '0'), 2, 'cli.usage')
  expect(await answer('points', '--limit', '2')).toMatchObject([
    { point: 'erp@2' },
    { point: 'erp@3', kind: 'feed', transactions: 4 },
  ])
  const { versions } = await answer<{ versions: unknown[] }>('history', 'erp', 'main.customer', '1')
  expect(versions).toMatchObject([
    {
      point: 'erp@3.3',
      transaction: '9002',
      time: '2026-06-30T09:02:00.123456Z',
      changed: ['name'],
    },
    {
      point: 'erp@3.2',
      transaction: '9001',
      time: '2026-06-30T09:01:00.123456Z',
      changed: ['iban', 'terms'],
    },
    { point: 'erp@1', op: 'insert' },
  ])
  expect(versions[2]).not.toHaveProperty('transaction')
  const text = (await holdfast('history', 'erp', 'main.customer', '3')).stdout
  expect(text).toContain('  erp@3.2  2026-06-30 09:01:00.123456 UTC  transaction 9001  delete\n')
})

test('one bad transaction is undone, and what was done since stays', async () => {
  const { answer, at, holdfast, summary } = traveller
  const plan = await answer(...undo('--to', 'erp=live', '--plan-only'))
  expect(plan).toMatchObject({
    type: 'plan',
    point: 'erp@3.1',
    undone: { point: 'erp@3.2', transaction: '9001', time: '2026-06-30T09:01:00.123456Z' },
    conflicts: [],
    steps: [
      { entity: 'main.customer', insert: 1, update: 3, delete: 0, conflicts: 0 },
      { entity: 'main.address', insert: 1, update: 0, delete: 0, conflicts: 0 },
    ],
  })
  expectFailure(await holdfast(...undo('--to', 'live', '--yes')), 2, 'cli.confirmation-missing')
  expect(await summary(...onLive())).toMatchObject({
    inserted: 2,
    updated: 3,
    deleted: 0,
    conflicts: 0,
    verified: { records: 5, different: 0 },
  })
  // All four but the second.
  const wanted = at('wanted.db')
  createExample(wanted)
  for (const sql of [MORNING[0], MORNING[2], MORNING[3]]) change(wanted, sql ?? '')
  expect(readAll(at('live.db'))).toEqual(readAll(wanted))
  expect(await summary(...onLive())).toMatchObject({ updated: 0, skipped: 5 })
})

test('what was changed since is listed and refused, or left as it is', async () => {
  const { at, holdfast, summary } = traveller
  change(at('live.db'), `UPDATE customer SET terms = '7d' WHERE id = 2`)
  const before = readAll(at('live.db'))
  const refused = await holdfast(...onLive())
  expectFailure(refused, 5, 'app.undo-conflicts')
  expect(refused.stderr).toContain('conflict main.customer:2: terms changed since\n')
  const lines = linesOf<{ type: string }>(await holdfast(...onLive('--json')))
  expect(lines).toMatchObject([
    {
      type: 'plan',
      conflicts: [{ entity: 'main.customer', key: '2', found: 'changed', fields: ['terms'] }],
    },
  ])
  expect(readAll(at('live.db'))).toEqual(before)
  expect(await summary(...onLive('--skip-conflicts'))).toMatchObject({ updated: 2, conflicts: 1 })
  const rows = readAll(at('live.db'))['customer'] ?? []
  expect(rows.some((row) => `${row}`.includes(`'XX2'`))).toBe(true)
})

test('what cannot be meant is refused before anything is read', async () => {
  const { holdfast } = traveller
  const refuses = async (...argv: string[]) =>
    expectFailure(await holdfast('restore', ...argv, '--to', 'live'), 2, 'cli.usage')
  await refuses()
  await refuses('erp@3', '--skip-conflicts')
  await refuses('erp@3', '--undo-transaction', 'erp@3.2')
  await refuses('--undo-transaction', 'erp@3.2', '--entity', 'main.customer')
  await refuses('--undo-transaction', 'erp@3.2', '--delete-added')
  const whole = await holdfast('restore', '--undo-transaction', 'erp@3', '--to', 'live')
  expectFailure(whole, 2, 'app.transaction-missing')
  expect(whole.stderr).toContain('need one of erp@3.1 to erp@3.4')
})
