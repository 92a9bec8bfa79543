import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { CONTACT_ID_STEP } from './crm/write-account.ts'
import { redirectInvoices, takeBackReceipts, takeOverTerms } from './damage-billing.ts'
import type { DemoFiles } from './demo-files.ts'
import { pickSome } from './mornings/billing-day.ts'
import { inTransactions } from './mornings/open-systems.ts'
import { formatIban } from './world/bank.ts'
import { formatIds, STORY_INDEX } from './world/customer.ts'
import { FIRST_DAY, formatDay } from './world/days.ts'
import { CREDIT_MEMO_TERMS, countryByCode } from './world/group.ts'
import { type SeededRandom, seededRandom } from './world/seeded-random.ts'
import { numberOf, type ResultRow, readRows, textOf } from './world/table-writer.ts'

/** Where to find a customer in the three systems. Keys are values, not yet quoted as addresses. */
export type StoryCustomer = {
  readonly name: string
  readonly accountId: string
  readonly customerNumber: string
  readonly companyCode: string
  readonly debtorId: string
  readonly supplierNumber: string
  /** A contact that the damage deletes. */
  readonly lostContactId: string
  /** Its invoice that was paid last; untouched by the damage. */
  readonly invoiceNumber: string
}

export type Damage = {
  /** What happened, a sentence each. */
  readonly sentences: readonly string[]
  readonly companyCode: string
  readonly paymentTermsChanged: number
  readonly bankAccountsChanged: number
  readonly contactsDeleted: number
  /** Deleted with their contacts. */
  readonly consentsDeleted: number
  /** Open invoices that are due later, by the terms of the import. */
  readonly dueDatesMoved: number
  readonly receiptsDeleted: number
  /** Contacts that stay and lose the superior they reported to. */
  readonly contactsOrphaned: number
  readonly customer: StoryCustomer
}

export const STORY_COMPANY_CODE = '0100'

const IMPORT_ROWS_MAX = 1_800
const CONTACTS_DELETED = 14
const DAMAGE_DAY = FIRST_DAY + 2

/**
 * Breaks the demo as such systems break: an import whose columns are shifted by one overwrites the
 * payment terms of one company, and billing takes them over; somebody replaces a bank account, and has
 * the invoices sent elsewhere; a bank statement is taken back that should have stayed; and a clean-up deletes contacts. Nothing here is
 * refused by the databases: every reference is still whole afterwards. The general ledger is not
 * touched, so that it tells what the receivables should be.
 *
 * @throws demo.damaged-already when it was run before
 */
export function breakThings(files: DemoFiles, seed: string): Damage {
  return inTransactions(files, ({ crm, erp, billing }) => {
    const customer = findStoryCustomer(erp.db, billing.db)
    const bankAccountsChanged = replaceBankAccount(erp.db, customer)
    redirectInvoices(billing.db, customer.debtorId)
    const changed = importShiftedColumn(erp.db)
    const dueDatesMoved = takeOverTerms(billing.db, changed, {
      companyCode: STORY_COMPANY_CODE,
      terms: CREDIT_MEMO_TERMS,
    })
    const receiptsDeleted = takeBackReceipts(billing.db, {
      companyCode: STORY_COMPANY_CODE,
      spared: customer.debtorId,
    })
    const contacts = deleteContacts(crm.db, seededRandom(seed, 'damage'), customer)
    const counts = {
      paymentTermsChanged: changed.length,
      bankAccountsChanged,
      dueDatesMoved,
      receiptsDeleted,
      ...contacts,
    }
    return {
      sentences: describeDamage(counts, customer),
      ...counts,
      companyCode: STORY_COMPANY_CODE,
      customer,
    }
  })
}

/** The customer of the story in a demo that was generated before. */
function findStoryCustomer(erp: DatabaseSync, billing: DatabaseSync): StoryCustomer {
  const ids = formatIds(countryByCode('DE'), STORY_INDEX)
  const [row] = readRows(
    erp,
    `SELECT c.name, s.supplier_number FROM customer c JOIN supplier s USING (customer_number)
     WHERE c.customer_number = ?`,
    ids.customerNumber,
  )
  const [invoice] = readRows(
    billing,
    `SELECT i.invoice_number FROM invoice i
       LEFT JOIN payment_allocation USING (invoice_number) LEFT JOIN payment USING (payment_id)
     WHERE i.debtor_id = ? ORDER BY received_on DESC NULLS LAST, 1 LIMIT 1`,
    ids.debtorId,
  )
  return {
    name: textOf(row, 'name'),
    accountId: String(ids.accountId),
    customerNumber: ids.customerNumber,
    companyCode: STORY_COMPANY_CODE,
    debtorId: ids.debtorId,
    supplierNumber: textOf(row, 'supplier_number'),
    lostContactId: String(ids.accountId * CONTACT_ID_STEP + 1),
    invoiceNumber: textOf(invoice, 'invoice_number'),
  }
}

/**
 * The column beside payment terms holds the terms of credit memos.
 * @returns the customers that have other terms now
 */
function importShiftedColumn(erp: DatabaseSync): string[] {
  const changed: ResultRow[] = erp
    .prepare(
      `UPDATE customer_company
       SET payment_terms = credit_memo_terms, changed_on = $on, changed_by = 'IMPORT07'
       WHERE company_code = $company AND customer_number IN (
         SELECT customer_number FROM customer_company
         WHERE company_code = $company AND payment_terms <> credit_memo_terms
         ORDER BY customer_number LIMIT $limit)
       RETURNING customer_number`,
    )
    .all({ on: formatDay(DAMAGE_DAY), company: STORY_COMPANY_CODE, limit: IMPORT_ROWS_MAX })
  return changed.map((row) => textOf(row, 'customer_number')).sort()
}

function replaceBankAccount(erp: DatabaseSync, { customerNumber }: StoryCustomer): number {
  const { changes } = erp
    .prepare(
      `UPDATE customer_bank_account
       SET iban = $iban, bic = 'ZZQXMT20', account_number = $account, country = 'MT',
           bank_name = 'Fast Example Pay', changed_on = $on, changed_by = 'SERVICE3'
       WHERE customer_number = $customer AND position = 1 AND country <> 'MT'`,
    )
    .run({
      iban: formatIban('MT', `ZZZZ00000${FRAUD_ACCOUNT}`),
      account: FRAUD_ACCOUNT,
      on: formatDay(DAMAGE_DAY),
      customer: customerNumber,
    })
  if (Number(changes) === 1) return 1
  const message = 'Cannot break the demo: found the damage already done, need whole databases'
  throw new AppError('demo.damaged-already', message)
}

const FRAUD_ACCOUNT = '000000000066613370'

function deleteContacts(
  crm: DatabaseSync,
  random: SeededRandom,
  { accountId, lostContactId }: StoryCustomer,
): Pick<Damage, 'contactsDeleted' | 'consentsDeleted' | 'contactsOrphaned'> {
  const others = readRows(
    crm,
    `SELECT DISTINCT reports_to_id AS id FROM contact
     WHERE reports_to_id IS NOT NULL AND account_id <> ? ORDER BY 1`,
    Number(accountId),
  )
  const picked = pickSome(random, others, CONTACTS_DELETED - 2).map((row) => numberOf(row, 'id'))
  const ids = [Number(lostContactId), Number(lostContactId) + 1, ...picked]
  const before = countContacts(crm)
  const remove = crm.prepare('DELETE FROM contact WHERE contact_id = ?')
  const orphan = crm.prepare('SELECT count(*) AS count FROM contact WHERE reports_to_id = ?')
  let contactsOrphaned = 0
  for (const id of ids) {
    contactsOrphaned += numberOf(orphan.get(id), 'count')
    remove.run(id)
  }
  const after = countContacts(crm)
  const contactsDeleted = before.contacts - after.contacts
  assert(contactsDeleted === ids.length, 'The contacts to delete are there.')
  return { contactsDeleted, consentsDeleted: before.consents - after.consents, contactsOrphaned }
}

function countContacts(crm: DatabaseSync): { contacts: number; consents: number } {
  const [row] = readRows(
    crm,
    `SELECT (SELECT count(*) FROM contact) AS contacts, (SELECT count(*) FROM consent) AS consents`,
  )
  return { contacts: numberOf(row, 'contacts'), consents: numberOf(row, 'consents') }
}

function describeDamage(
  counts: Omit<Damage, 'companyCode' | 'customer' | 'sentences'>,
  { name }: StoryCustomer,
): string[] {
  const number = (value: number) => String(value).replace(/(?<=\d)(?=\d{3}$)/, ' ')
  return [
    `A bulk import whose columns were shifted by one set the payment terms of ${number(counts.paymentTermsChanged)} customers of company ${STORY_COMPANY_CODE} to 90 days.`,
    `Billing took them over: ${number(counts.dueDatesMoved)} open invoices are due later.`,
    `The bank account of ${name}, customer and supplier, was replaced by one in another country, and its invoices go to another address.`,
    `A bank statement was taken back that should have stayed: ${counts.receiptsDeleted} receipts are gone, and what they paid is open again.`,
    `A clean-up deleted ${counts.contactsDeleted} contacts, and ${counts.consentsDeleted} consents went with them.`,
  ]
}
