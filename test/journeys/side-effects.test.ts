import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

test('a plan tells what stays quiet, and what programs do by themselves as the map says', async () => {
  const { answer, at, configure, holdfast, summary } = await aTraveller()
  change(
    at('erp.db'),
    `CREATE TABLE invoice (id INTEGER PRIMARY KEY, total INTEGER); CREATE TABLE log (what TEXT);
    CREATE TABLE mail_out (id INTEGER PRIMARY KEY, sent INTEGER);
    INSERT INTO invoice VALUES (1, 10), (2, 20); INSERT INTO mail_out VALUES (1, 1);
    CREATE TRIGGER notes AFTER INSERT ON invoice BEGIN INSERT INTO log VALUES ('told'); END`,
  )
  await configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  live: { connector: sqlite, file: ./erp.db }
`)
  await holdfast('init')
  await summary('backup')
  change(at('erp.db'), 'DELETE FROM invoice WHERE id = 1; DELETE FROM mail_out; DELETE FROM log')
  const restore = ['restore', 'erp@1', '--to', 'live']
  const notes = { kind: 'trigger', name: 'notes', entity: 'main.invoice', state: 'quiet' }
  expect(await answer(...restore, '--plan-only')).toMatchObject({ sideEffects: [notes] })

  const map = (entity: string) =>
    writeFile(
      at('customers.yaml'),
      `version: 1\nsources:\n  erp:\n    entities: { main.invoice: { role: invoice } }\n    sideEffects: { ${entity}: the mailer sends it }\n`,
    )
  await map('main.mail_aut')
  const check = await holdfast('map', 'check')
  expect(check.stdout).toContain('no entity main.mail_aut; did you mean "main.mail_out"?')
  await map('main.mail_out')
  const { stdout } = await holdfast(...restore, '--plan-only')
  expect(stdout).toContain(`runs by itself, and cannot be kept from it:
  declared the mailer sends it on main.mail_out
kept quiet while it writes:
  trigger notes on main.invoice
`)
  const refused = await holdfast(...restore, '--confirm', 'live')
  expectFailure(refused, 5, 'restore.side-effects')
  // Where no such row is written, nothing is asked.
  const invoices = [...restore, '--entity', 'main.invoice', '--confirm', 'live']
  expect(await summary(...invoices)).toMatchObject({ inserted: 1 })
  const accepted = [...restore, '--accept-side-effects', '--confirm', 'live']
  expect(await summary(...accepted)).toMatchObject({ inserted: 1, skipped: 2 })
  expect(readAll(at('erp.db'))['log']).toEqual([])
  change(at('erp.db'), 'INSERT INTO invoice VALUES (3, 30)')
  expect(readAll(at('erp.db'))['log']).toHaveLength(1)
})
