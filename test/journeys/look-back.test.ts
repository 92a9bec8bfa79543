import { readFile, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { begunOnce } from './testing/begun-once.ts'
import { change, createExample } from './testing/example-database.ts'
import { linesOf, shapeOf } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`

const SUMMARY = {
  type: 'string',
  source: 'string',
  point: 'string',
  cut: { time: 'string', position: 'string' },
  entities: [
    {
      entity: 'string',
      rows: 'number',
      inserted: 'number',
      updated: 'number',
      deleted: 'number',
      fingerprint: 'string',
    },
  ],
  bytesStored: 'number',
  durationMs: 'number',
}

type Point = { readonly point: string; readonly cut: { readonly time: string } }

/** Three points: as created; after a day of changes; after a day without. */
const afterThreeDays = begunOnce(async ({ at, configure, holdfast, summary }) => {
  createExample(at('erp.db'))
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  const first = await summary('backup', 'erp')
  change(
    at('erp.db'),
    `UPDATE customer SET iban = 'XX' || id, terms = NULL WHERE id <= 3;
     DELETE FROM address WHERE customer_id = 500; DELETE FROM customer WHERE id = 500;
     INSERT INTO customer (id, name, terms) VALUES (501, 'New; "quoted", ' || char(10) || 'two lines', '')`,
  )
  const second = await summary('backup', 'erp')
  const third = await summary('backup', 'erp')
  return { first, second, third }
})

async function threeDays() {
  const { begun, ...traveller } = await afterThreeDays()
  return { ...traveller, ...begun }
}

test('what commands print for scripts keeps its shape', async () => {
  const { answer, answerWith, first, holdfast, second, summary, third } = await threeDays()
  for (const one of [first, second, third]) expect(shapeOf(one)).toEqual(SUMMARY)
  expect(third).toMatchObject({
    point: 'erp@3',
    entities: [
      { entity: 'main."Call Log"', rows: 4, inserted: 0, updated: 0, deleted: 0 },
      { entity: 'main.address', rows: 499, inserted: 0, updated: 0, deleted: 0 },
      { entity: 'main.customer', rows: 500, inserted: 0, updated: 0, deleted: 0 },
    ],
  })
  const points = await answer<Point[]>('points')
  expect(points.map(({ point }) => point)).toEqual(['erp@1', 'erp@2', 'erp@3'])
  expect(shapeOf(points)).toEqual([
    {
      point: 'string',
      source: 'string',
      kind: 'string',
      time: 'string',
      cut: { time: 'string', position: 'string' },
      labels: [],
      held: 'boolean',
      entities: 'number',
      bytesStored: 'number',
    },
  ])
  expect(shapeOf(await answer('entities', 'erp@2'))).toEqual([
    { entity: 'string', rows: 'number', fingerprint: 'string', schema: 'number' },
  ])
  const customer = { id: '2', name: 'Müller 2 "客户"\t\\', terms: '30d', photo: null }
  expect(await answer('show', 'erp@1', 'main.customer', '2')).toEqual({
    entity: 'main.customer',
    key: '2',
    point: 'erp@1',
    version: 'erp@1',
    fields: { ...customer, iban: 'DE2', credit_limit: '20' },
  })
  expect(await answer('history', 'erp', 'main.customer', '2')).toEqual({
    entity: 'main.customer',
    key: '2',
    versions: [
      {
        point: 'erp@2',
        time: points[1]?.cut.time,
        op: 'update',
        fields: { ...customer, iban: 'XX2', terms: null, credit_limit: '20' },
        changed: ['iban', 'terms'],
      },
      {
        point: 'erp@1',
        time: points[0]?.cut.time,
        op: 'insert',
        fields: { ...customer, iban: 'DE2', credit_limit: '20' },
        changed: [],
      },
    ],
  })
  expect(await answer('check')).toMatchObject({ verdict: 'whole', problems: [] })
  for (const [argv, depth] of [
    [['check'], 'hashes'],
    [['check', '--read-data'], 'decoded'],
  ] as const) {
    const report = await answer(...argv)
    expect(report).toMatchObject({ verdict: 'whole', depth, problems: [] })
    expect(shapeOf(report)).toMatchObject({ objects: 'number', bytes: 'number' })
  }
  const plan = await answer('restore', 'erp@1', '--to', 'copy', '--plan-only')
  expect(shapeOf(plan)).toMatchObject({ type: 'string', plan: 'string', point: 'string' })
  const restored = await summary('restore', 'erp@1', '--to', 'copy', '--yes')
  expect(shapeOf(restored)).toMatchObject({
    type: 'string',
    restore: 'string',
    plan: 'string',
    inserted: 'number',
    updated: 'number',
    deleted: 'number',
    skipped: 'number',
    extra: 'number',
    verified: { records: 'number', different: 'number' },
  })
  expect(await answerWith(4, 'verify', 'erp@2', '--against', 'copy')).toMatchObject({
    verdict: 'differs',
    entities: [
      { entity: 'main."Call Log"', verdict: 'same', rows: 4, missing: 0, extra: 0, different: 0 },
      { entity: 'main.address', verdict: 'differs', missing: 0, extra: 1, different: 0 },
      { entity: 'main.customer', verdict: 'differs', missing: 1, extra: 1, different: 3 },
    ],
  })
  const failed = await holdfast('show', 'erp@1', 'main.customer', '777', '--json')
  expect(failed).toMatchObject({ exit: 2, stdout: '' })
  expect(shapeOf(JSON.parse(failed.stderr))).toMatchObject({
    type: 'string',
    code: 'string',
    message: 'string',
    help: 'string',
    exit: 'number',
  })
})

test('differences are listed between points, and with the living system', async () => {
  const { at, holdfast } = await threeDays()
  const between = await holdfast('diff', 'erp@1', 'erp@2', '--json')
  expect(between.exit, between.stderr).toBe(4)
  const lines = linesOf(between)
  expect(lines.at(-1)).toMatchObject({ type: 'summary', inserted: 1, updated: 3, deleted: 2 })
  expect(lines).toHaveLength(7)
  expect(lines).toContainEqual({
    entity: 'main.address',
    key: '500,billing',
    op: 'delete',
    before: { customer_id: '500', kind: 'billing', city: '' },
    after: {},
  })
  expect(lines).toContainEqual(expect.objectContaining({ key: '501', op: 'insert', before: {} }))
  expect(lines).toContainEqual(
    expect.objectContaining({
      entity: 'main.customer',
      key: '1',
      op: 'update',
      before: expect.objectContaining({ iban: 'DE1', terms: '30d' }),
      after: expect.objectContaining({ iban: 'XX1', terms: null }),
    }),
  )
  const only = await holdfast('diff', 'erp@1', 'erp@2', '--entity', 'main.address', '--json')
  expect(linesOf(only)).toHaveLength(2)
  expect(await holdfast('diff', 'erp@2', 'erp@3')).toMatchObject({ exit: 0 })
  // The other way round everything is the other way round.
  const back = linesOf(await holdfast('diff', 'erp@2', 'erp@1', '--json'))
  expect(back.at(-1)).toMatchObject({ inserted: 2, updated: 3, deleted: 1 })

  expect(await holdfast('diff', 'erp@latest', 'erp@live')).toMatchObject({ exit: 0 })
  change(at('erp.db'), `DELETE FROM "Call Log" WHERE said IS NULL AND rowid = 1`)
  const live = await holdfast('diff', 'erp@latest', 'erp@live', '--json')
  expect(live.exit, live.stderr).toBe(4)
  expect(linesOf(live)).toMatchObject([
    { entity: 'main."Call Log"', op: 'delete', before: { at: '2026-06-30', said: null } },
    { type: 'summary', inserted: 0, updated: 0, deleted: 1 },
  ])
})

test('a point is found by number, time and word', async () => {
  const { answer, holdfast } = await threeDays()
  const points = await answer<Point[]>('points', 'erp')
  const [first, second] = points
  const show = async (address: string) => {
    const shown = await answer<{ point: string }>('show', address, 'main.customer', '7')
    return shown.point
  }
  expect(await show(`erp@${second?.cut.time}`)).toBe('erp@2')
  const between = new Date(Date.parse(second?.cut.time ?? '') - 1).toISOString()
  expect(await show(`erp@${between}`)).toBe('erp@1')
  expect(await show('erp@2999-01-01T00:00:00Z')).toBe('erp@3')
  expect(await show('erp@latest')).toBe('erp@3')
  const early = new Date(Date.parse(first?.cut.time ?? '') - 60_000).toISOString()
  for (const moment of [early, '2026-06-30T12:00:00', 'fy26-close', '0', '99', '2.5']) {
    expect((await holdfast('entities', `erp@${moment}`)).exit, moment).toBe(2)
  }
})

test('an export holds every record, in either format', async () => {
  const { answer, at, holdfast } = await threeDays()
  const lines = linesOf(await holdfast('export', 'erp@1', 'main.customer', '--format', 'jsonl'))
  expect(lines).toHaveLength(500)
  expect(lines[49]).toEqual({
    id: '50',
    name: 'Müller 50 "客户"\t\\',
    iban: 'DE50',
    terms: '30d',
    photo: '\\x00ff32',
    credit_limit: '500',
  })
  const { stdout } = await holdfast('export', 'erp@2', 'main.customer', '--format', 'csv')
  const csv = stdout.split('\r\n')
  expect(csv[0]).toBe('id,name,iban,terms,photo,credit_limit')
  expect(csv[1]).toBe('1,"Müller 1 ""客户""\t\\",XX1,,,10')
  // A null is nothing, an empty text is not; a value may hold line ends.
  expect(csv.at(-2)).toBe('501,"New; ""quoted"", \ntwo lines",,"",,')
  expect(csv.at(-1)).toBe('')
  expect(csv).toHaveLength(502)
  const calls = linesOf(await holdfast('export', 'erp@1', 'main."Call Log"', '--format', 'jsonl'))
  expect(calls.map(({ said }) => said).sort()).toEqual([null, null, 'paid', 'paid'].sort())
  expect(await holdfast('export', 'erp@1', 'main.customer')).toMatchObject({ exit: 2 })
  expect(await answer('points')).toHaveLength(3)
  expect((await stat(at('vault'))).mode & 0o077, 'the vault is for its owner alone').toBe(0)
  expect(await readFile(at('holdfast.yaml'), 'utf8')).toContain(CONFIG)
})
