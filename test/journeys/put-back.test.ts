import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { beforeEach, expect, test } from 'vitest'
import { begunOnce } from './testing/begun-once.ts'
import { change, createExample, readAll } from './testing/example-database.ts'
import { expectFailure, type Traveller } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
  empty: { connector: sqlite, file: ./empty.db }
`

/** What people and programs did to the copy since: 5 changed, 3 lost with their addresses, 2 new. */
const DAMAGE = `
  UPDATE customer SET terms = '90d', iban = 'XX' || id WHERE id <= 5;
  DELETE FROM address WHERE customer_id IN (10, 11, 12);
  DELETE FROM customer WHERE id IN (10, 11, 12);
  INSERT INTO customer (id, name) VALUES (2001, 'Added'), (2002, 'Added too');
  INSERT INTO "Call Log" VALUES ('2026-07-01', 'never said');
`

let traveller: Traveller
let wanted: ReturnType<typeof readAll>

const afterTheDamage = begunOnce(async ({ at, configure, holdfast, summary }) => {
  createExample(at('erp.db'))
  createExample(at('copy.db'))
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  change(at('copy.db'), DAMAGE)
})

beforeEach(async () => {
  traveller = await afterTheDamage()
  wanted = readAll(traveller.at('erp.db'))
})

type Plan = {
  readonly plan: string
  readonly steps: readonly Record<string, unknown>[]
}

const restore = (...argv: string[]) => ['restore', 'erp@1', '--to', 'copy', ...argv]
const confirmed = (...argv: string[]) => restore(...argv, '--confirm', 'copy')

test('a plan says what would be written, the same each time, and writes nothing', async () => {
  const { answer, at, holdfast } = traveller
  const before = await hashOf(at('copy.db'))
  const plan = await answer<Plan>(...restore('--plan-only'))
  expect(plan.steps).toEqual([
    step('main."Call Log"', { extra: 1, same: 4 }),
    step('main.customer', { insert: 3, update: 5, extra: 2, same: 492 }),
    step('main.address', { insert: 3, same: 497 }),
  ])
  expect((await answer<Plan>(...restore('--plan-only'))).plan).toBe(plan.plan)
  const deleting = await answer<Plan>(...restore('--plan-only', '--delete-added'))
  expect(deleting.plan).not.toBe(plan.plan)
  expect(deleting.steps[1]).toMatchObject({ delete: 2, extra: 0 })
  expect(await hashOf(at('copy.db'))).toBe(before)
  // Another value in a row that would be overwritten anyway is another situation, not another write.
  change(at('copy.db'), `UPDATE customer SET terms = '10d' WHERE id = 100`)
  expect((await answer<Plan>(...restore('--plan-only'))).plan).not.toBe(plan.plan)
  // A table that is not there yet stays away.
  await answer('restore', 'erp@1', '--to', 'empty', '--plan-only')
  expect(await holdfast('verify', 'erp@1', '--against', 'empty')).toMatchObject({ exit: 4 })
})

test('a living database gets back what was lost and changed, and keeps what was added', async () => {
  const { answerWith, at, holdfast, summary } = traveller
  expectFailure(await holdfast(...restore('--yes')), 2, 'cli.confirmation-missing')
  expectFailure(await holdfast(...restore('--confirm', 'erp')), 2, 'cli.confirmation-wrong')
  expect(await summary(...confirmed())).toMatchObject({
    inserted: 6,
    updated: 5,
    deleted: 0,
    extra: 3,
    verified: { records: 1004, different: 0 },
  })
  expect(await answerWith(4, 'verify', 'erp@1', '--against', 'copy')).toMatchObject({
    verdict: 'differs',
  })
  change(
    at('copy.db'),
    `DELETE FROM customer WHERE id > 2000; DELETE FROM "Call Log" WHERE rowid > 4`,
  )
  expect(readAll(at('copy.db'))).toEqual(wanted)
})

test('what was added goes away only when that was asked for', async () => {
  const { answer, at, summary } = traveller
  expect(await summary(...confirmed('--delete-added'))).toMatchObject({
    inserted: 6,
    updated: 5,
    deleted: 3,
    extra: 0,
    verified: { different: 0 },
  })
  expect(readAll(at('copy.db'))).toEqual(wanted)
  expect(await answer('verify', 'erp@1', '--against', 'copy')).toMatchObject({ verdict: 'same' })
  // Once more there is nothing to do.
  expect(await summary(...confirmed('--delete-added'))).toMatchObject({
    inserted: 0,
    updated: 0,
    deleted: 0,
    skipped: 1004,
  })
})

test('single records and fields are put back, and nothing beside them', async () => {
  const { at, holdfast, summary } = traveller
  const rowsOf = (sql: string) => readAll(at('copy.db'))[sql] ?? []
  const before = rowsOf('customer')
  expect(
    await summary(...confirmed('--record', 'main.customer:3', '--record', 'main.customer:10')),
  ).toMatchObject({ inserted: 1, updated: 1, deleted: 0, verified: { records: 2, different: 0 } })
  const after = rowsOf('customer')
  const customer = (id: number) =>
    wanted['customer']?.filter((row) => `${row}`.startsWith(`${id}i`))
  expect(after.filter((row) => !before.includes(row))).toEqual([
    ...(customer(10) ?? []),
    ...(customer(3) ?? []),
  ])
  expect(await summary(...confirmed('--field', 'main.customer:4:iban'))).toMatchObject({
    updated: 1,
    verified: { records: 1, different: 0 },
  })
  expect(rowsOf('customer').find((row) => `${row}`.startsWith('4i'))).toContain(
    `'DE4'text,'90d'text`,
  )
  const address = ['--record', 'main.address:"11",billing']
  expectFailure(await holdfast(...confirmed(...address)), 5, 'restore.parents-missing')
  expect(await summary(...confirmed(...address, '--record', 'main.customer:11'))).toMatchObject({
    inserted: 2,
  })
  expect(
    await summary(...confirmed('--record', 'main.customer:2001', '--delete-added')),
  ).toMatchObject({ deleted: 1 })
  expect(rowsOf('customer')).toHaveLength(500 - 3 + 2 + 2 - 1)
})

test('rows that swapped values which have to be unique get them back', async () => {
  const { at, summary } = traveller
  change(at('copy.db'), 'CREATE UNIQUE INDEX one_iban ON customer (iban)')
  change(
    at('copy.db'),
    `UPDATE customer SET iban = 'swap' WHERE id = 20; UPDATE customer SET iban = 'DE20' WHERE id = 21;
     UPDATE customer SET iban = 'DE21' WHERE id = 20`,
  )
  const both = ['--record', 'main.customer:20', '--record', 'main.customer:21']
  expect(await summary(...confirmed(...both))).toMatchObject({ updated: 2, inserted: 0 })
  const ibans = (rows: readonly unknown[] = []) => rows.filter((row) => /^2[01]i/.test(`${row}`))
  const copied = ibans(readAll(at('copy.db'))['customer'])
  expect(copied).toEqual(ibans(wanted['customer']))
  expect(copied).toHaveLength(2)
})

test('a table whose fields have other types takes what it can keep, and nothing is rounded', async () => {
  const { answer, at, holdfast } = traveller
  change(
    at('empty.db'),
    `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, iban INTEGER, terms TEXT,
       photo BLOB, credit_limit NUMERIC)`,
  )
  const argv = ['restore', 'erp@1', '--to', 'empty', '--entity', 'main.customer']
  const { steps } = await answer<Plan>(...argv, '--plan-only')
  expect(steps[0]?.['otherTypes']).toContainEqual({
    field: 'iban',
    point: 'TEXT',
    target: 'INTEGER',
  })
  change(at('erp.db'), `UPDATE customer SET iban = '0049' WHERE id = 7`)
  // A copy of a file is another file.
  expect(await holdfast('backup', '--quiet', '--new-identity')).toMatchObject({ exit: 0 })
  const run = await holdfast(...argv.with(1, 'erp@2'), '--yes')
  expectFailure(run, 1, 'restore.value-lost')
  expect(run.stderr).toContain('main.customer: iban is TEXT at the point and INTEGER in empty')
  expect(readAll(at('empty.db'))).toEqual({ customer: [] })
})

test('what others refer to is not deleted, and is named before anything is written', async () => {
  const { answer, at, holdfast } = traveller
  change(
    at('copy.db'),
    `INSERT INTO address (customer_id, kind) VALUES (2001, 'a'), (2001, 'b');
     CREATE TABLE visit (day TEXT, customer_id INTEGER REFERENCES customer (id));
     INSERT INTO visit VALUES ('2026-07-01', 2002), ('2026-07-02', 3), ('2026-07-03', NULL)`,
  )
  const customers = ['--entity', 'main.customer', '--delete-added']
  expect(await answer(...restore(...customers, '--plan-only'))).toMatchObject({
    referred: [
      {
        entity: 'main.customer',
        key: '2001',
        referredBy: { entity: 'main.address', key: '2001,a', records: 2 },
      },
      { key: '2002', referredBy: { entity: 'main.visit', key: null, records: 1 } },
    ],
  })
  const run = await holdfast(...confirmed(...customers))
  expectFailure(run, 5, 'restore.still-referred')
  expect(run.stderr).toContain('main.customer:2001 by main.address:2001,a and 1 more')
  expect(run.stderr).toContain('main.customer:2002 by main.visit')
  // With everything, the addresses go, too; what the point knows nothing of stays in the way.
  const all = await holdfast(...confirmed('--delete-added'))
  expectFailure(all, 5, 'restore.still-referred')
  expect(all.stderr).not.toContain('by main.address')
  change(at('copy.db'), 'DELETE FROM visit WHERE customer_id = 2002')
  expect(await holdfast(...confirmed('--delete-added'))).toMatchObject({ exit: 0 })
})

test('single entities are put back', async () => {
  const { at, summary } = traveller
  const before = readAll(at('copy.db'))
  expect(
    await summary(...confirmed('--entity', 'main."Call Log"', '--delete-added')),
  ).toMatchObject({ deleted: 1, inserted: 0, updated: 0 })
  expect(readAll(at('copy.db'))).toEqual({ ...before, 'Call Log': wanted['Call Log'] })
  expect(
    await summary('restore', 'erp@1', '--to', 'empty', '--entity', 'main.customer', '--yes'),
  ).toMatchObject({ inserted: 500 })
  expect(readAll(at('empty.db'))).toEqual({ customer: wanted['customer'] })
})

test('what does not exist or does not fit is refused before anything is written', async () => {
  const { at, holdfast } = traveller
  const before = await hashOf(at('copy.db'))
  for (const [argv, code] of [
    [['--record', 'main.customer:99999'], 'history.record-unknown'],
    [['--record', 'main.customer'], 'record.address-invalid'],
    [['--record', 'main.nobody:1'], 'history.entity-unknown'],
    [['--entity', 'main.nobody'], 'history.entity-unknown'],
    [['--field', 'main.customer:4:ibn'], 'restore.field-unknown'],
    [['--entity', 'main.customer', '--record', 'main.customer:4'], 'app.scope-mixed'],
  ] as const) {
    expectFailure(await holdfast(...confirmed(...argv)), 2, code)
  }
  const toSource = await holdfast('restore', 'erp@1', '--to', 'erp', '--confirm', 'erp')
  expectFailure(toSource, 2, 'config.name-unknown')
  expect(await hashOf(at('copy.db'))).toBe(before)
})

function step(entity: string, counts: Record<string, number>): Record<string, unknown> {
  const none = { insert: 0, update: 0, delete: 0, extra: 0, same: 0, otherTypes: [] }
  return { entity, action: 'repair', ...none, ...counts }
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
