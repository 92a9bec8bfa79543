import { type Ledger, listBalances } from '../billing/ledger.ts'
import { formatTaxId, inventBankDetails } from '../world/bank.ts'
import type { Customer } from '../world/customer.ts'
import { COMPANIES, COUNTRIES, PAYMENT_TERMS } from '../world/group.ts'
import { CURRENCIES } from '../world/money.ts'
import { inventCompanyName } from '../world/names.ts'
import { seededRandom } from '../world/seeded-random.ts'
import type { TableWriter } from '../world/table-writer.ts'
import { GL_ACCOUNTS } from './gl-accounts.ts'
import { type ErpDeps, writeErpCustomer } from './write-erp-customer.ts'
import { writeLettersOfCredit } from './write-letters-of-credit.ts'

/** Fills an empty ERP. `ledger` holds what billing posted: the GL balances follow from it. */
export function writeErp(deps: ErpDeps, customers: readonly Customer[], ledger: Ledger): void {
  writeReferenceTables(deps.write)
  for (const customer of customers) writeErpCustomer(deps, customer)
  writeOtherSuppliers(deps, customers.length)
  for (const customer of customers) writeLettersOfCredit(deps, customer)
  for (const row of listBalances(ledger)) deps.write('gl_balance', row)
}

function writeReferenceTables(write: TableWriter): void {
  for (const { code, name, decimals } of CURRENCIES) write('currency', { code, name, decimals })
  for (const { code, name, language } of COUNTRIES) write('country', { code, name, language })
  for (const { code, description, netDays, discountDays, discountPercent } of PAYMENT_TERMS) {
    write('payment_terms', {
      code,
      description,
      net_days: netDays,
      discount_days: discountDays,
      discount_percent: discountPercent,
    })
  }
  for (const { code, name, country, currency, taxPermille } of COMPANIES) {
    write('company_code', { company_code: code, name, country, currency })
    const taxCode = (tax_code: string, description: string, rate_permille: number) =>
      write('tax_code', { company_code: code, tax_code, description, rate_permille })
    taxCode('A0', 'Export, exempt', 0)
    taxCode('A1', 'Domestic, full rate', taxPermille)
    for (const account of GL_ACCOUNTS) {
      write('gl_account', {
        company_code: code,
        account: account.number,
        name: account.name,
        is_reconciliation: account.isReconciliation ? 1 : 0,
      })
    }
  }
}

/** Suppliers that buy nothing; their number grows with the world. */
function writeOtherSuppliers({ write, seed }: ErpDeps, customerCount: number): void {
  for (let i = 0; i < customerCount / 16; i++) {
    const random = seededRandom(seed, 'supplier', i)
    const country = random.pick(COUNTRIES)
    const supplierNumber = String(900_001 + i).padStart(10, '0')
    write('supplier', {
      supplier_number: supplierNumber,
      name: inventCompanyName(random, country),
      country: country.code,
      tax_id: formatTaxId(country.code, 900_000 + i),
      payment_terms: random.pick(['NT30', 'NT60']),
      customer_number: null,
    })
    const bank = inventBankDetails(random, country.code)
    write('supplier_bank_account', {
      supplier_number: supplierNumber,
      position: 1,
      bank_name: bank.bankName,
      iban: bank.iban === '' ? null : bank.iban,
      bic: bank.bic,
      account_number: bank.accountNumber,
    })
  }
}
