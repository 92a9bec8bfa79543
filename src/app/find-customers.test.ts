import { expect, test } from 'vitest'
import { signal } from '#vault/testing/a-vault'
import { searchCustomers } from './find-customers.ts'
import { type VaultOfFiles, vaultOfSql } from './testing/vault-of-files.ts'

const MAP = `
version: 1
sources:
  crm:
    entities:
      main.account: { role: customer, identity: { number: id, name: name, taxId: vat } }
      main.contact:
        role: contact
        identity: { email: email }
        links: [{ fields: [account], to: main.account }]
  erp:
    entities:
      main.debtor: { role: customer, identity: { number: number, name: name } }
      main.bank:
        role: bank-account
        identity: { iban: iban }
        links: [{ fields: [debtor], to: main.debtor }]
`
const CRM = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT, vat TEXT);
  CREATE TABLE contact (id INTEGER PRIMARY KEY, account INTEGER, email TEXT);
  INSERT INTO account VALUES (1, 'Müller & Söhne GmbH', 'DE 123.456'), (2, 'Soehne Muller', NULL), (3, 'Other', 'X');
  INSERT INTO contact VALUES (10, 1, 'Eva@Mueller.example'), (11, 9, 'lost@a.example')
`
const ERP = `
  CREATE TABLE debtor (number TEXT PRIMARY KEY, name TEXT);
  CREATE TABLE bank (debtor TEXT, position INTEGER, iban TEXT, PRIMARY KEY (debtor, position));
  INSERT INTO debtor VALUES ('00042', 'MULLER & SOHNE'), ('D,1', 'Muller');
  INSERT INTO bank VALUES ('D,1', 1, 'DE02 1203 0000 0000 2020 51')
`

async function find(
  { asking, vault }: VaultOfFiles,
  text: string,
  change: { at?: string[]; limit?: string } = {},
) {
  const request = { text, at: change.at ?? [], file: undefined, limit: change.limit ?? '20' }
  const { found, matches } = await searchCustomers(asking, vault, request, signal)
  const told = matches.map(({ by, customer, key, source }) => {
    return `${source} ${key} ${by} ${customer === null ? 'nobody' : `${customer.source} ${customer.key}`}`
  })
  return { found, told }
}

test('searchCustomers() finds names, numbers, tax ids, addresses and accounts, and whose they are', async () => {
  using system = await vaultOfSql({ crm: CRM, erp: ERP }, MAP)
  expect((await find(system, 'sohne, MULLER')).told).toEqual([
    'crm 1 name crm 1',
    'erp "00042" name erp "00042"',
  ])
  expect((await find(system, 'muller')).told).toEqual([
    'erp "D,1" name erp "D,1"',
    'crm 1 name crm 1',
    'erp "00042" name erp "00042"',
    'crm 2 name crm 2',
  ])
  expect((await find(system, '00042')).told).toEqual(['erp "00042" number erp "00042"'])
  expect((await find(system, 'de123456')).told).toEqual(['crm 1 taxId crm 1'])
  expect((await find(system, 'eva@mueller.example')).told).toEqual(['crm 10 email crm 1'])
  expect((await find(system, 'lost@a.example')).told).toEqual(['crm 11 email nobody'])
  expect((await find(system, 'DE02120300000000202051')).told).toEqual([
    'erp "D,1",1 iban erp "D,1"',
  ])
  expect(await find(system, 'muller', { limit: '1' })).toEqual({
    found: 4,
    told: ['erp "D,1" name erp "D,1"'],
  })
  expect(await find(system, ' ')).toEqual({ found: 0, told: [] })
  await expect(find(system, 'x', { limit: '0' })).rejects.toMatchObject({
    code: 'app.limit-invalid',
  })
})

test('searchCustomers() finds who was there at a moment', async () => {
  using system = await vaultOfSql({ crm: CRM, erp: ERP }, MAP)
  system.exec('crm', "UPDATE account SET name = 'Renamed' WHERE id = 1")
  await system.backUp()
  expect((await find(system, 'renamed')).told).toEqual(['crm 1 name crm 1'])
  expect((await find(system, 'renamed', { at: ['crm@1'] })).told).toEqual([])
  expect((await find(system, 'müller söhne', { at: ['crm@1'] })).told).toContain('crm 1 name crm 1')
})
