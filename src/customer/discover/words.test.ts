import { expect, test } from 'vitest'
import { roleByName } from './role-by-name.ts'
import { lastName, nameLikeness, wordsOf } from './words.ts'

test('wordsOf() takes names apart however they are written', () => {
  expect(wordsOf('customerBankAccounts')).toEqual(['customer', 'bank', 'account'])
  expect(wordsOf('SALES_AREA')).toEqual(['sale', 'area'])
  expect(wordsOf('Übergeordneter Kunde')).toEqual(['uebergeordneter', 'kunde'])
  expect(wordsOf('VATNumber')).toEqual(['vat', 'number'])
})

test('lastName() leaves out schemas, quotes and what ERP systems put before all names', () => {
  expect(lastName('public."Order Lines"')).toBe('Order Lines')
  expect(lastName('erpnext."tabSales Invoice"')).toBe('Sales Invoice')
  expect(lastName('dolibarr.llx_societe')).toBe('societe')
  expect(lastName('main.table_of_contents')).toBe('table_of_contents')
})

test('nameLikeness() sees what a field names, across languages', () => {
  const like = (field: string, entity: string, key: string) =>
    nameLikeness(field, { entity, field: key, isSelf: false }).share
  expect(like('customer_number', 'main.customer', 'customer_number')).toBe(1)
  expect(like('KundenNr', 'main.customer', 'id')).toBe(1)
  expect(like('partner_id', 'public.debtor', 'id')).toBe(1)
  expect(like('alternative_payer', 'main.customer', 'number')).toBe(0.8)
  expect(like('credit_memo_terms', 'main.payment_terms', 'code')).toBe(0.6)
  expect(like('position', 'main.sales_rep', 'rep_id')).toBe(0)
  expect(like('id', 'main.customer', 'number')).toBe(0)
  const self = { entity: 'main.contact', field: 'contact_id', isSelf: true }
  expect(nameLikeness('reports_to_id', self).share).toBe(0.9)
})

test('roleByName() knows what SAP, Odoo, ERPNext, Dolibarr and SuiteCRM call things', () => {
  const roles = (names: string) =>
    names.split(', ').map((name) => `${name}: ${roleByName(name)?.role}`)
  expect(roles('sap.KNA1, sap.KNB1, sap.KNVV, sap.KNVP, sap.KNBK, sap.LFA1, sap.T001')).toEqual([
    'sap.KNA1: customer',
    'sap.KNB1: company-code-data',
    'sap.KNVV: sales-area',
    'sap.KNVP: partner-function',
    'sap.KNBK: bank-account',
    'sap.LFA1: supplier',
    'sap.T001: company-code',
  ])
  expect(
    roles(
      'public.res_partner, public.res_partner_bank, public.account_move, public.account_move_line, public.account_payment_term, public.account_account, public.account_tax',
    ),
  ).toEqual([
    'public.res_partner: customer',
    'public.res_partner_bank: bank-account',
    'public.account_move: invoice',
    'public.account_move_line: invoice-line',
    'public.account_payment_term: payment-term',
    'public.account_account: gl-account',
    'public.account_tax: tax-code',
  ])
  expect(
    roles(
      'e."tabCustomer", e."tabSales Invoice", e."tabSales Invoice Item", e."tabPayment Entry", e."tabBank Account"',
    ),
  ).toEqual([
    'e."tabCustomer": customer',
    'e."tabSales Invoice": invoice',
    'e."tabSales Invoice Item": invoice-line',
    'e."tabPayment Entry": payment',
    'e."tabBank Account": bank-account',
  ])
  expect(
    roles('d.llx_societe, d.llx_socpeople, d.llx_facture, d.llx_facturedet, d.llx_societe_rib'),
  ).toEqual([
    'd.llx_societe: customer',
    'd.llx_socpeople: contact',
    'd.llx_facture: invoice',
    'd.llx_facturedet: invoice-line',
    'd.llx_societe_rib: bank-account',
  ])
  expect(roles('s.accounts, s.contacts, s.contracts, s.weather')).toEqual([
    's.accounts: customer',
    's.contacts: contact',
    's.contracts: contract',
    's.weather: undefined',
  ])
})
