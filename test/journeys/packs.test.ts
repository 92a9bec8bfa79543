import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { ODOO_BOOKS } from '#app/testing/pack-systems/books'
import { ODOO_SYSTEM } from '#app/testing/pack-systems/odoo'
import { SUITECRM_SYSTEM } from '#app/testing/pack-systems/suitecrm'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CONFIG = `
sources:
  erp: { connector: sqlite, file: ./erp.db }
  crm: { connector: sqlite, file: ./crm.db }
`

test('somebody with well-known systems begins with a map that is true, and finds a customer', async () => {
  const { answer, at, configure, holdfast } = await aTraveller()
  await configure(CONFIG)
  const systems = { 'erp.db': ODOO_SYSTEM + ODOO_BOOKS, 'crm.db': SUITECRM_SYSTEM }
  for (const [file, sql] of Object.entries(systems)) {
    using db = new DatabaseSync(at(file))
    db.exec(sql)
  }
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expectFailure(await holdfast('map', 'pack', 'erp=odoo'), 2, 'vault.source-unknown')
  for (const source of ['erp', 'crm']) {
    expect(await holdfast('backup', source)).toMatchObject({ exit: 0 })
  }
  expectFailure(await holdfast('map', 'pack', 'erp=oddo'), 2, 'customer.pack-unknown')
  expectFailure(await holdfast('map', 'pack', 'erp=erpnext'), 2, 'customer.pack-unfit')

  const packs = ['erp=odoo', 'crm=suitecrm']
  const written = await holdfast('map', 'pack', ...packs, '--out', at('customers.yaml'))
  expect(written, written.stderr).toMatchObject({ exit: 0 })
  expect(written.stdout).toContain('not at erp@1: main.account_account company_id')
  const printed = await holdfast('map', 'pack', ...packs)
  expect(printed.stdout).toBe(await readFile(at('customers.yaml'), 'utf8'))
  const refused = await holdfast('map', 'pack', ...packs, '--out', at('customers.yaml'))
  expectFailure(refused, 2, 'cli.file-not-writable')

  expect(await answer('map', 'check', '--store')).toMatchObject({
    verdict: 'clean',
    problems: [],
    isStored: true,
  })
  const shown = await answer<{ records: { entity: string }[] }>('customer', 'show', 'C-10')
  const entities = new Set(shown.records.map(({ entity }) => entity))
  for (const entity of ['main.res_partner_bank', 'main.account_move_line', 'main.ir_attachment']) {
    expect(entities).toContain(entity)
  }
  const receivables = ['report', 'receivables', 'erp@1', '--as-of', '2026-06-30']
  expect(await answer(...receivables)).toMatchObject({
    verdict: 'clean',
    groups: [{ companyCode: 'Own Ltd', total: '19.00', control: '19.00', difference: '0.00' }],
  })
})
