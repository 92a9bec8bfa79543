import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import type { ReceivablesMap } from '#customer/finance-map'
import { parseMap } from '#customer/parse-map'
import type { EntityName } from '#record/entity-name'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import { type Copies, compareBalances, countFacts, countRoles } from './compare-facts.ts'
import type { OwnedRecord } from './find-drilled.ts'

const INVOICE = 'main.invoice' as EntityName
const MAP = `version: 1
sources: { erp: { entities: { main.invoice: { role: invoice } } } }
finance:
  receivables:
    items:
      - { source: erp, entity: main.invoice, number: [no], companyCode: company, currency: currency, date: day, amount: amount }
`

function fieldsOf(no: string, amount: string) {
  return { no, company: '0100', currency: 'EUR', day: '2026-01-01', amount }
}

function owned(...amounts: readonly string[]): OwnedRecord[] {
  const entity = { map: { source: 'erp', entity: INVOICE, role: 'invoice' } }
  return amounts.map((amount, customer) => {
    const record = { entity, key: String(customer), fields: fieldsOf(String(customer), amount) }
    return { customer, record } as unknown as OwnedRecord
  })
}

function copies(...amounts: readonly string[]): Copies {
  const records = amounts.map((amount, i) => ({
    key: String(i),
    fields: fieldsOf(String(i), amount),
  }))
  return new Map([['erp', new Map([[INVOICE, records]])]])
}

async function compare(vault: readonly OwnedRecord[], copy: Copies) {
  const { receivables } = parseMap(MAP, 'map').finance
  const deps = { random: systemRandom, tempDir: tmpdir() }
  const wanted = { asOf: 20_500, customers: vault.length, signal }
  return await compareBalances(
    deps,
    receivables as ReceivablesMap,
    { copies: copy, owned: vault },
    wanted,
  )
}

test('a cent that differs, and a record that is missing, are seen', async () => {
  const vault = owned('10.00', '20.00', '0.00')
  const good = copies('10.00', '20.00', '0.00')
  expect(await compare(vault, good)).toMatchObject({ withBalance: 2, different: [] })
  expect(await compare(vault, copies('10.00', '20.01', '0.00'))).toMatchObject({ different: [1] })
  expect(await compare(vault, copies('10.00'))).toMatchObject({ different: [1, 2] })
  // What a customer only needs is in the copy, too, and is nobody's.
  expect(await compare(vault.slice(0, 1), good)).toMatchObject({ different: [] })
  expect(countRoles(vault, good)).toEqual([{ role: 'invoice', vault: 3, copy: 3 }])
  const lacking = countRoles(vault, copies('10.00'))
  expect(lacking).toEqual([{ role: 'invoice', vault: 3, copy: 1 }])
  expect(countFacts(lacking, { different: [1] }, 3)).toEqual({ facts: 4, factsDifferent: 2 })
})
