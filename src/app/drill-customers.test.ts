import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Config } from '#config/config'
import type { Clock } from '#stdx/clock'
import { signal, stillClock } from '#vault/testing/a-vault'
import { drillCustomers } from './drill-customers.ts'
import type { DrillRequest } from './drill-report.ts'
import { readDrillStanding } from './drill-standing.ts'
import { openFile, vaultOfSql } from './testing/vault-of-files.ts'

const CRM = `
CREATE TABLE account (id INTEGER PRIMARY KEY, tax TEXT, name TEXT, boss INTEGER REFERENCES account);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO account SELECT i, 'DE' || i, 'Customer ' || i, CASE WHEN i > 1 THEN i / 2 END FROM n`
const ERP = `
CREATE TABLE country (code TEXT PRIMARY KEY);
CREATE TABLE customer (no TEXT PRIMARY KEY, tax TEXT, country TEXT REFERENCES country);
CREATE TABLE invoice (no INTEGER PRIMARY KEY, customer TEXT, company TEXT, currency TEXT, day TEXT, amount TEXT);
INSERT INTO country VALUES ('DE'), ('FR');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO customer SELECT 'C' || i, 'DE' || i, 'DE' FROM n;
INSERT INTO invoice SELECT i * 10 + k, 'C' || i, '0100', 'EUR', '2026-01-0' || k, i || '.50'
  FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT i FROM n), (SELECT 1 AS k UNION SELECT 2)`
const MAP = `
version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { taxId: tax, name: name }
        links: [{ fields: [boss], to: main.account, kind: reference }]
  erp:
    entities:
      main.country: { role: country }
      main.customer:
        role: customer
        identity: { taxId: tax }
        links: [{ fields: [country], to: main.country, kind: reference }]
      main.invoice: { role: invoice, links: [{ fields: [customer], to: main.customer }] }
finance:
  receivables:
    items:
      - { source: erp, entity: main.invoice, number: [no], companyCode: company, currency: currency, date: day, due: day, amount: amount }
`

type Change = Partial<DrillRequest> & {
  readonly clock?: Clock
  readonly signal?: AbortSignal
  /** Told of a file before it is opened for the first time. */
  readonly onOpened?: (path: string) => unknown
}

async function aDrill() {
  const group = await vaultOfSql({ crm: CRM, erp: ERP }, MAP)
  onTestFinished(() => group[Symbol.dispose]())
  const tempDir = await mkdtemp(join(tmpdir(), 'holdfast-drilling-'))
  onTestFinished(() => rm(tempDir, { recursive: true, force: true }))
  const settings = { withinMs: 30_000, customers: 50, everyMs: 86_400_000 }
  const depsFor = ({ clock = stillClock, onOpened = () => {} }: Change) => ({
    ...group.restoring,
    clock,
    readConfig: async () => ({ tempDir, drill: settings }) as unknown as Config,
    openTarget: (name: string) => openFile(group.files[name] ?? join(tempDir, `${name}.db`)),
    openOwnFile: async ({ path }: { readonly path: string }) => {
      await onOpened(path)
      return await openFile(path)
    },
  })
  const drill = async (change: Change) => {
    const { clock: _, onOpened: __, signal: asked = signal, ...rest } = change
    const all = { customers: '5', within: undefined, at: [], seed: 'one', to: [], file: undefined }
    const request = { ...all, mayRunSideEffects: false, ...rest }
    return await drillCustomers(depsFor(change), group.vault, request, asked)
  }
  const standing = async (clock: Clock) =>
    await readDrillStanding(depsFor({ clock }), group.vault, signal)
  const evidence = async () =>
    (await group.vault.readRestores(signal)).drills.map((one) => one.body)
  return { drill, evidence, group, standing, tempDir }
}

test('customers drawn by lot come back with all that is theirs, and that is kept', async () => {
  const { drill, evidence, tempDir } = await aDrill()
  const modes: number[] = []
  const onOpened = async (path: string) => modes.push((await stat(path)).mode & 0o777)
  const report = await drill({ onOpened })
  expect(report).toMatchObject({
    verdict: 'passed',
    reason: null,
    points: ['crm@1', 'erp@1'],
    population: { source: 'crm', entity: 'main.account', rows: 40 },
    records: 20,
    verified: { different: 0 },
    roles: [
      { role: 'customer', vault: 10, copy: 10 },
      { role: 'invoice', vault: 10, copy: 10 },
    ],
    balances: { withBalance: 5, different: [] },
  })
  expect(report.inserted).toBeGreaterThan(20)
  expect(new Set(report.customers).size).toBe(5)
  expect(modes.length).toBeGreaterThan(0)
  expect(new Set(modes)).toEqual(new Set([0o600]))
  expect(await readdir(tempDir)).toEqual([])
  const [fact] = await evidence()
  expect(fact).toMatchObject({
    ...{ drill: report.drill, seed: 'one', verdict: 'passed', reason: null, plan: report.plan },
    ...{ records: 20, facts: 7, factsDifferent: 0, verifiedDifferent: 0 },
    targets: [
      { source: 'crm', target: null },
      { source: 'erp', target: null },
    ],
  })
  expect(fact?.customers).toHaveLength(5)
  for (const digest of fact?.customers ?? []) expect(digest).toMatch(/^[0-9a-f]{32}$/)
})

test('a seed draws the same customers again, another one others, and never more than there are', async () => {
  const { drill, evidence } = await aDrill()
  const [first, again, other, all] = [
    await drill({}),
    await drill({}),
    await drill({ seed: 'two' }),
    await drill({ customers: '1000' }),
  ]
  expect(again.customers).toEqual(first.customers)
  expect(other.customers).not.toEqual(first.customers)
  expect(all).toMatchObject({ verdict: 'passed', records: 160 })
  expect(all.customers.slice(0, 5)).toEqual(first.customers)
  const drills = await evidence()
  expect(drills[1]?.customers).toEqual(drills[0]?.customers)
  expect(drills[2]?.customers).not.toEqual(drills[0]?.customers)
})

test('a drill that takes too long has failed, and doctor knows', async () => {
  const { drill, standing } = await aDrill()
  expect(await standing(stillClock)).toMatchObject({ due: expect.stringContaining('No drill') })
  await drill({})
  expect(await standing(stillClock)).toMatchObject({ due: undefined, failed: undefined })
  const late = { ...stillClock, nowMs: () => stillClock.nowMs() + 2 * 86_400_000 }
  expect(await standing(late)).toMatchObject({ due: expect.stringContaining('too long ago') })
  let passed = 0
  const slow = { ...stillClock, nowMs: () => (passed += 1000) }
  const report = await drill({ clock: slow, within: '2s' })
  expect(report).toMatchObject({ verdict: 'failed', reason: { code: 'app.drill-late' } })
  expect(report.durationMs).toBeGreaterThan(2000)
  expect(await standing(stillClock)).toMatchObject({
    failed: { body: { reason: 'app.drill-late' } },
  })
})

test('a target that holds the tables is left alone, an empty one is filled', async () => {
  const { drill, evidence, group, tempDir } = await aDrill()
  const refused = await drill({ to: ['crm=crm'] })
  expect(refused.reason?.code).toBe('app.drill-target-used')
  expect(await evidence()).toMatchObject([{ verdict: 'failed', reason: 'app.drill-target-used' }])
  const filled = await drill({ to: ['crm=spare'] })
  expect(filled).toMatchObject({ verdict: 'passed', targets: [{ target: 'spare' }, {}] })
  expect(await readdir(tempDir)).toEqual(['spare.db'])
  expect(Object.keys(group.files)).toEqual(['crm', 'erp'])
  for (const to of ['spare', 'shop=spare']) {
    await expect(drill({ to: [to] })).rejects.toMatchObject({ code: 'app.targets-unclear' })
  }
})

test('what is interrupted leaves no copy behind, and no evidence', async () => {
  const { drill, evidence, tempDir } = await aDrill()
  const stopping = new AbortController()
  const running = drill({ signal: stopping.signal, onOpened: () => stopping.abort() })
  await expect(running).rejects.toThrow()
  expect(await readdir(tempDir)).toEqual([])
  expect(await evidence()).toEqual([])
})

test('what was typed wrong is said before anything is drawn', async () => {
  const { drill, evidence } = await aDrill()
  await expect(drill({ customers: '0' })).rejects.toMatchObject({ code: 'app.drill-count-invalid' })
  await expect(drill({ within: 'soon' })).rejects.toMatchObject({
    code: 'app.drill-within-invalid',
  })
  await expect(drill({ seed: 'a b' })).rejects.toMatchObject({ code: 'app.drill-seed-invalid' })
  expect(await evidence()).toEqual([])
})
