import { expect, test } from 'vitest'
import { parseMap } from '#customer/parse-map'
import { signal } from '#vault/testing/a-vault'
import { fitMapPacks } from './fit-map-packs.ts'
import { DOLIBARR_BOOKS, ERPNEXT_BOOKS, ODOO_BOOKS } from './testing/pack-systems/books.ts'
import { DOLIBARR_SYSTEM } from './testing/pack-systems/dolibarr.ts'
import { ERPNEXT_SYSTEM } from './testing/pack-systems/erpnext.ts'
import { ODOO_SYSTEM } from './testing/pack-systems/odoo.ts'
import { SUITECRM_SYSTEM } from './testing/pack-systems/suitecrm.ts'
import { receivablesOf } from './testing/receivables-of.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const DAY = '2026-06-30'

async function fitted({ vault }: VaultOfFiles, ...wanted: string[]) {
  const { sources, text } = await fitMapPacks(vault, { wanted, at: [] }, signal)
  const lacking = sources.flatMap((one) => one.lacking)
  return { text, lacking: lacking.filter((what) => what.startsWith('finance: ')) }
}

const BOOKS = [
  {
    pack: 'odoo',
    system: ODOO_SYSTEM + ODOO_BOOKS,
    group: { companyCode: 'Own Ltd', currency: 'EUR', total: '19.00', control: '19.00' },
    // Not due, 1-30 days, over 30, 60 and 90, no due date, not applied.
    amounts: ['5.00', '19.00', '0.00', '0.00', '0.00', '0.00', '-5.00'],
    loss: 'UPDATE account_partial_reconcile SET amount = 99.99 WHERE id = 1',
    breaks: [],
  },
  {
    pack: 'erpnext',
    system: ERPNEXT_SYSTEM + ERPNEXT_BOOKS,
    group: { companyCode: 'Own', currency: 'EUR', total: '5.00', control: '5.00' },
    amounts: ['5.00', '40.00', '0.00', '0.00', '0.00', '0.00', '-40.00'],
    loss: `DELETE FROM "tabPayment Ledger Entry" WHERE name = 'le3'`,
    breaks: ['control-differs'],
  },
  {
    pack: 'dolibarr',
    system: DOLIBARR_SYSTEM + DOLIBARR_BOOKS,
    group: { companyCode: '1', currency: 'EUR', total: '20.00', control: '20.00' },
    amounts: ['0.00', '40.00', '0.00', '0.00', '0.00', '0.00', '-20.00'],
    loss: 'DELETE FROM llx_paiement WHERE rowid = 1',
    breaks: ['clearing-without-receipt'],
  },
]

test.each(BOOKS)(
  'with the pack $pack, what customers owe ties out to the ledger, and what is lost is told',
  async ({ amounts, breaks, group, loss, pack, system }) => {
    using files = await vaultOfSql({ [pack]: system })
    const { lacking, text } = await fitted(files, `${pack}=${pack}`)
    expect(lacking).toEqual([])
    const found = await receivablesOf(files, text, DAY)
    expect(found).toMatchObject({ verdict: 'clean', breaks: [], groups: [group] })
    expect(found.groups[0]?.amounts).toEqual(amounts)
    // Before anything was paid or set off.
    expect((await receivablesOf(files, text, '2026-05-02')).groups[0]).toMatchObject({
      difference: '0.00',
    })
    files.exec(pack, loss)
    await files.backUp()
    const hurt = await receivablesOf(files, text, DAY)
    expect(hurt.breaks.map(({ kind }) => kind).sort()).toEqual(breaks)
    if (breaks.length === 0) expect(hurt.groups[0]?.amounts).not.toEqual(amounts)
  },
)

test('where anything is not there that the finance of a pack names, none of it counts', async () => {
  using files = await vaultOfSql({ erp: ODOO_SYSTEM, crm: SUITECRM_SYSTEM, shop: DOLIBARR_SYSTEM })
  const odoo = await fitted(files, 'erp=odoo')
  expect(odoo.lacking).toContain('finance: erp main.account_move_line has no field debit')
  expect(odoo.lacking).toContain(
    'finance: main.account_account no id where account_type is asset_receivable',
  )
  expect(odoo.text).toContain('\n#~ finance:\n')
  expect(parseMap(odoo.text, 'it').finance.receivables).toBeUndefined()
  expect((await fitted(files, 'crm=suitecrm')).text).not.toContain('finance')
})

test('of several systems that say what customers owe, the first is taken', async () => {
  using files = await vaultOfSql({
    erp: ODOO_SYSTEM + ODOO_BOOKS,
    shop: DOLIBARR_SYSTEM + DOLIBARR_BOOKS,
  })
  const { text } = await fitted(files, 'erp=odoo', 'shop=dolibarr')
  const { receivables } = parseMap(text, 'both').finance
  expect(receivables?.items.map(({ source }) => source)).toEqual(['erp'])
})

test('a number that nothing gives a name to stands for itself, and what is not there is told', async () => {
  using files = await vaultOfSql({ erp: ODOO_SYSTEM + ODOO_BOOKS })
  files.exec('erp', 'UPDATE res_company SET name = NULL')
  await files.backUp()
  const { text } = await fitted(files, 'erp=odoo')
  expect((await receivablesOf(files, text, DAY)).groups).toMatchObject([
    { companyCode: '1', currency: 'EUR' },
  ])
  const wrong = text.replaceAll(
    'entity: main.res_company, key: id',
    'entity: main.res_company, key: no',
  )
  await expect(receivablesOf(files, wrong, DAY)).rejects.toMatchObject({
    code: 'report.finance-unfit',
    message: expect.stringContaining('erp main.res_company has no field no'),
  })
  const odd = text.replaceAll('entity: main.res_company, key: id', "entity: 'a b', key: id")
  expect(() => parseMap(odd, 'odd')).toThrow(/"a b" is no name of an entity/)
})
