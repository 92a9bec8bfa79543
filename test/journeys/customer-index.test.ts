import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const ACCOUNTS = 3000
const MAP = `
version: 1
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { number: id, name: name } }
      main.contact:
        role: contact
        identity: { email: email }
        links: [{ fields: [account], to: main.account }]
`

test('an index is made by whoever asks first, and nothing depends on it', async () => {
  const { answer, at, configure, holdfast, holdfastWith } = await aTraveller()
  await configure('sources:\n  crm: { connector: sqlite, file: ./crm.db }\n')
  await writeFile(at('customers.yaml'), MAP)
  const db = new DatabaseSync(at('crm.db'))
  db.exec(`
    CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER, email TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ACCOUNTS})
    INSERT INTO account SELECT i, 'Köhler ' || i || ' GmbH' FROM n;
    INSERT INTO contact SELECT id, id, 'c' || id || '@mail.example' FROM account`)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('backup', 'crm')).toMatchObject({ exit: 0 })

  // Two at once, each of whom finds no index.
  const ask = ['customer', 'find', 'kohler 2718', '--json']
  const [one, two] = await Promise.all([holdfast(...ask), holdfast(...ask)])
  expect(one.exit, one.stderr).toBe(0)
  expect(two.stdout).toBe(one.stdout)
  expect(JSON.parse(one.stdout)).toMatchObject({ found: 1, matches: [{ key: '2718', by: 'name' }] })
  const [id = ''] = await readdir(at('state'))
  const files = (await readdir(at(`state/${id}/index`))).map((name) =>
    at(`state/${id}/index/${name}`),
  )
  expect(files.length).toBe(4)
  for (const file of files) expect((await readFile(file)).includes('2718')).toBe(false)
  expect((await holdfast(...ask)).stderr).not.toContain('Indexing')

  // What a start loads is what it costs: see TOGETHER in tools/build.mjs.
  const loads = async (...argv: string[]) => {
    const cache = at(`cache ${argv[0]}`)
    expect(await holdfastWith({ XDG_CACHE_HOME: cache }, ...argv)).toMatchObject({ exit: 0 })
    return (await readdir(join(cache, 'holdfast/compiled'))).length
  }
  expect(await loads(...ask)).toBeLessThanOrEqual(12)
  expect(await loads('--version')).toBeLessThanOrEqual(3)

  for (const file of files) await writeFile(file, 'nothing of use')
  expect(await answer('customer', 'find', 'c2718@mail.example')).toMatchObject({
    matches: [{ by: 'email', customer: { entity: 'main.account', key: '2718' } }],
  })
  const off = { HOLDFAST_INDEX_MEGABYTES: '0' }
  expect((await holdfastWith(off, ...ask)).stdout).toBe(one.stdout)
  const wrong = { HOLDFAST_INDEX_MEGABYTES: 'some' }
  expectFailure(await holdfastWith(wrong, 'customer', 'find', 'kohler'), 2, 'config.invalid')

  db.exec("UPDATE account SET name = 'Renamed' WHERE id = 2718")
  db.close()
  expect(await holdfast('backup', 'crm')).toMatchObject({ exit: 0 })
  expect(await answer('customer', 'find', 'kohler 2718')).toMatchObject({ found: 0 })
  expect(await answer('customer', 'find', 'kohler 2718', '--at', 'crm@1')).toMatchObject({
    matches: [{ key: '2718', name: 'Köhler 2718 GmbH' }],
  })
  expect(await answer('customer', 'show', '2718')).toMatchObject({
    records: [{ name: 'Renamed' }, { entity: 'main.contact' }],
  })
})
