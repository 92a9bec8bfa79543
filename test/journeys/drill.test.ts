import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller } from './testing/traveller.ts'

const CRM = `CREATE TABLE account (id INTEGER PRIMARY KEY, tax TEXT, name TEXT);
  CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account, name TEXT);
  INSERT INTO account VALUES (1, 'DE1', 'Arndt'), (2, 'DE2', 'Behn'), (3, 'DE3', 'Cordes');
  INSERT INTO contact VALUES (10, 1, 'Ada'), (11, 1, 'Bo'), (20, 2, 'Cy')`
const ERP = `CREATE TABLE customer (no TEXT PRIMARY KEY, tax TEXT);
  CREATE TABLE invoice (no TEXT PRIMARY KEY, customer TEXT REFERENCES customer, day TEXT, amount TEXT);
  INSERT INTO customer VALUES ('A', 'DE1'), ('B', 'DE2'), ('C', 'DE3');
  INSERT INTO invoice VALUES ('R1', 'A', '2026-05-01', '119.00'), ('R2', 'B', '2026-05-02', '0.10')`
const CONFIG = `sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp: { connector: sqlite, file: ./erp.db }
tempDir: ./tmp
drill: { customers: 2, within: 60s }
`
const MAP = `version: 1
match: [taxId]
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { taxId: tax, name: name } }
      main.contact: { role: contact, links: [{ fields: [account], to: main.account }] }
  erp:
    entities:
      main.customer: { role: customer, identity: { taxId: tax } }
      main.invoice: { role: invoice, links: [{ fields: [customer], to: main.customer }] }
finance:
  receivables:
    items:
      - { source: erp, entity: main.invoice, number: [no], companyCode: { is: '1' }, currency: { is: EUR }, date: day, amount: amount }
`

type Report = {
  verdict: string
  seed: string
  customers: string[]
  drill: string
  reason: { code: string } | null
}

test('customers are drilled, the evidence is told, and a damaged vault is found out', async () => {
  const { answer, answerWith, at, configure, holdfast, start } = await aTraveller()
  change(at('crm.db'), CRM)
  change(at('erp.db'), ERP)
  await mkdir(at('tmp'))
  await configure(CONFIG)
  await holdfast('init')
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  await writeFile(at('customers.yaml'), MAP)
  expect((await holdfast('points')).stderr).toContain('app.drill-due')
  const before = { crm: readAll(at('crm.db')), erp: readAll(at('erp.db')) }

  const first = await answer<Report>('drill')
  expect(first).toMatchObject({ verdict: 'passed', reason: null })
  const again = await holdfast('drill', '--seed', first.seed, '--at', 'crm@1', 'erp@1')
  expect(again.exit, again.stderr).toBe(0)
  expect(again.stdout).toMatch(/^passed in .*\n2 customers drawn from 3 of crm main\.account\n/)
  expect(again.stdout).toContain(`seed ${first.seed}\n`)
  expect(again.stdout).toContain('all the same in the copy\n')
  expect({ crm: readAll(at('crm.db')), erp: readAll(at('erp.db')) }).toEqual(before)
  expect((await holdfast('doctor')).stdout).toMatch(/ok +drills: 2 customers came back/)

  // On a busy machine one may come to its end before it hears of it.
  let exit = 0
  for (let drills = 0; exit === 0 && drills < 10; drills++) {
    const { child, done } = start('drill', '--customers', '3')
    while (child.exitCode === null && (await readdir(at('tmp'))).length === 0) await sleep(5)
    child.kill('SIGINT')
    ;({ exit } = await done)
  }
  expect(exit).toBe(130)
  expect(await readdir(at('tmp'))).toEqual([])

  await damageRows(at('vault/segments/erp'))
  const failed = await answerWith<Report>(4, 'drill', '--seed', first.seed)
  expect(failed).toMatchObject({ verdict: 'failed', customers: first.customers })
  expect(failed.reason?.code).toMatch(/^(seal|segment)\./)
  expect((await holdfast('doctor')).stdout).toMatch(
    new RegExp(`bad +drills: drill ${failed.drill} of .* failed: ${failed.reason?.code}`),
  )
  expect(await readdir(at('tmp'))).toEqual([])
})

/** Another byte in the middle of every object that holds rows. */
async function damageRows(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.rows')) continue
    const path = join(folder, name)
    const bytes = await readFile(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    await chmod(path, 0o600)
    await writeFile(path, bytes)
  }
}
