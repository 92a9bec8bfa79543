import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { writeDurably } from '#stdx/write-durably'
import { signal } from '#vault/testing/a-vault'
import { formatPlan, readPlanRequest } from './carry-out-plan.ts'
import { restorePoint } from './restore-point.ts'
import type { RestoreRequest } from './restore-request.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'holdfast-plan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SQL = `
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, terms TEXT);
INSERT INTO customer VALUES (1, 'Ada', 'N30'), (2, 'Bo', 'N30'), (3, 'Cy' || char(10) || 'Ö', NULL)`
const DAMAGE = `UPDATE customer SET terms = 'N90' WHERE id < 3; DELETE FROM customer WHERE id = 3`

const agree = async () => {}

/** Plans to a file without writing. */
async function planTo(path: string, life: VaultOfFiles, change: Partial<RestoreRequest> = {}) {
  const request: RestoreRequest = {
    targets: [{ point: 'erp@1', target: 'erp' }],
    entities: [],
    records: [],
    fields: [],
    isDeleteAllowed: false,
    isPlanOnly: true,
    agree,
    onPlanned: (whole) =>
      writeDurably(path, formatPlan(whole), { random: systemRandom, mayReplace: true }),
    ...change,
  }
  const { plans } = await restorePoint(life.restoring, life.vault, request, signal)
  return plans[0]?.plan
}

async function carryOut(path: string, life: VaultOfFiles) {
  const callbacks = { agree, refused: () => {} }
  const request = await readPlanRequest(life.restoring, life.vault, { path, callbacks }, signal)
  return await restorePoint(life.restoring, life.vault, request, signal)
}

async function aLife() {
  const life = await vaultOfSql({ erp: SQL })
  life.exec('erp', DAMAGE)
  return life
}

test('formatPlan() tells every step with both values, and carrying it out writes exactly that', async () => {
  using life = await aLife()
  const path = join(folder, 'whole.plan')
  const plan = await planTo(path, life)
  const [head, ...lines] = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const summary = lines.pop()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(head).toMatchObject({
    format: 'holdfast-plan/1',
    plan,
    points: ['erp@1'],
    vault: life.vault.id,
  })
  const step = { type: 'step', source: 'erp', target: 'erp', entity: 'main.customer' }
  const terms = { terms: { before: 'N90', after: 'N30' } }
  const live = expect.stringMatching(/^[0-9a-f]+$/)
  const row = { id: { after: '3' }, name: { after: 'Cy\nÖ' }, terms: { after: null } }
  expect(lines).toEqual([
    { ...step, key: '1', op: 'update', fields: terms, live },
    { ...step, key: '2', op: 'update', fields: terms, live },
    { ...step, key: '3', op: 'insert', fields: row, live: null },
  ])
  expect(summary).toMatchObject({ type: 'summary', insert: 1, update: 2, delete: 0 })
  // An unrelated row voids nothing.
  life.exec('erp', `INSERT INTO customer VALUES (9, 'new', NULL)`)
  // Nor does a capture in between, which tells when the damage was done.
  await life.backUp()
  const { plans, summaries } = await carryOut(path, life)
  expect(plans[0]?.plan).toBe(plan)
  expect(summaries).toMatchObject([{ inserted: 1, updated: 2, plan }])
})

test('a plan is void once a record that it writes was touched, and says which', async () => {
  using life = await aLife()
  const path = join(folder, 'void.plan')
  await planTo(path, life, { fields: ['main.customer:1:terms', 'main.customer:2:terms'] })
  // Another field of a touched record.
  life.exec('erp', `UPDATE customer SET name = 'Eve' WHERE id = 1`)
  await expect(carryOut(path, life)).rejects.toMatchObject({
    code: 'restore.plan-void',
    message: expect.stringContaining('1 record changed since it was made, erp main.customer:1'),
  })
  life.exec('erp', `UPDATE customer SET name = 'Ada' WHERE id = 1`)
  expect((await carryOut(path, life)).summaries).toMatchObject([{ updated: 2 }])
  await expect(carryOut(path, life)).rejects.toMatchObject({ details: { count: 2 } })
})

test('a plan is for the very system that it was made for, not for another of its name', async () => {
  using life = await aLife()
  using copy = await aLife()
  const path = join(folder, 'copy.plan')
  await planTo(path, life)
  const swapped = { ...life, restoring: copy.restoring }
  await expect(carryOut(path, swapped)).rejects.toMatchObject({
    code: 'restore.plan-void',
    message: expect.stringContaining('"erp" is another system than it was made for'),
  })
  expect((await carryOut(path, life)).summaries).toMatchObject([{ inserted: 1, updated: 2 }])
})

test('a large value is told by its size, and only where it changes', async () => {
  const sql = `CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT, said TEXT, old TEXT);
    INSERT INTO doc VALUES (1, printf('%.*c', 200000, 'x'), 'a', NULL), (2, 'b', 'b', 'b')`
  using life = await vaultOfSql({ erp: sql })
  life.exec(
    'erp',
    `UPDATE doc SET said = 'z', old = 'new' WHERE id = 1;
     UPDATE doc SET body = printf('%.*c', 300000, 'y') WHERE id = 2; INSERT INTO doc VALUES (3, '', '', '')`,
  )
  const path = join(folder, 'large.plan')
  await planTo(path, life, { isDeleteAllowed: true })
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(1, -1)
  const large = { bytes: 300_000, hash: expect.stringMatching(/^[0-9a-f]{64}$/) }
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      op: 'update',
      fields: { said: { before: 'z', after: 'a' }, old: { before: 'new', after: null } },
    },
    { op: 'update', fields: { body: { before: large, after: 'b' } } },
    { op: 'delete', fields: { said: { before: '' } } },
  ])
  expect(lines[0]).not.toContain('body')
  expect((await carryOut(path, life)).summaries).toMatchObject([{ updated: 2, deleted: 1 }])
})

test('a table that is made is one step', async () => {
  using life = await aLife()
  const path = join(folder, 'made.plan')
  life.exec('erp', 'DROP TABLE customer')
  await planTo(path, life)
  expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[1] ?? '')).toMatchObject({
    key: null,
    op: 'insert',
    rows: 3,
  })
  expect((await carryOut(path, life)).summaries).toMatchObject([{ inserted: 3 }])
})

test('readPlanRequest() refuses a file that was edited, cut, or made for another vault', async () => {
  using life = await aLife()
  const path = join(folder, 'edited.plan')
  await planTo(path, life)
  const text = readFileSync(path, 'utf8')
  const edits = [
    text.replace('N30', 'N14'),
    text.replace('"isDeleteAllowed":false', '"isDeleteAllowed":true'),
    text.replace('"type":"step"', '"type":"stop"'),
    text.split('\n').toSpliced(1, 1).join('\n'),
    text.split('\n').slice(0, -2).join('\n'),
    `${text}{"type":"step"}\n`,
    text.replace('holdfast-plan/1', 'holdfast-plan/2'),
    text.replace('"insert":1', '"insert":2'),
    'no plan',
    '',
  ]
  for (const edited of edits) {
    expect(edited).not.toBe(text)
    writeFileSync(path, edited)
    await expect(carryOut(path, life)).rejects.toMatchObject({ code: 'restore.plan-invalid' })
  }
  await expect(carryOut(join(folder, 'none'), life)).rejects.toMatchObject({
    code: 'restore.plan-invalid',
  })
  writeFileSync(path, text)
  using other = await vaultOfSql({ erp: SQL })
  await expect(carryOut(path, other)).rejects.toMatchObject({
    code: 'restore.plan-invalid',
    message: expect.stringContaining('it is for vault'),
  })
})
