import { expect, test } from 'vitest'
import { parseEntityName } from '#record/entity-name'
import { DOLIBARR } from './dolibarr.ts'
import { ERPNEXT } from './erpnext.ts'
import { findTables } from './find-tables.ts'
import { ODOO } from './odoo.ts'
import type { Pack } from './pack.ts'

function find(pack: Pack, ...names: string[]) {
  return findTables(pack, names.map(parseEntityName))
}

test('findTables() takes the schema and the prefix under which most tables are', () => {
  const odoo = find(ODOO, 'old.res_partner', 'public.res_partner', 'public.account_move')
  expect(odoo?.nameOf('account_move')).toBe('public.account_move')
  expect(odoo?.nameOf('account_payment')).toBe('public.account_payment')
  const dolibarr = find(
    DOLIBARR,
    'llx_categorie_societe',
    'llx_societe',
    'llx_facture',
    'llx_const',
  )
  expect(dolibarr?.nameOf('societe')).toBe('llx_societe')
  expect(dolibarr?.nameOf('paiement')).toBe('llx_paiement')
  expect(dolibarr?.leftOut).toEqual(['llx_const'])
})

test('findTables() finds names with blanks, and folded to lower case', () => {
  const names = ['tabCustomer', '"tabSales Invoice"', '"tabCustom Field"', '"tabCustomer Group"']
  const erpnext = find(ERPNEXT, ...names)
  expect(erpnext?.nameOf('tabSales Invoice')).toBe('"tabSales Invoice"')
  expect(erpnext?.leftOut).toEqual(['"tabCustom Field"'])
  const folded = find(ERPNEXT, ...names.map((name) => name.toLowerCase()))
  expect(folded?.nameOf('tabSales Invoice')).toBe('"tabsales invoice"')
  expect(folded?.leftOut).toEqual(['"tabcustom field"'])
})

test('findTables() finds nothing where the parties are not', () => {
  expect(find(ODOO, 'public.account_move')).toBeUndefined()
})
