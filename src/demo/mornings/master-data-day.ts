import { writeDebtor } from '../billing/write-billing.ts'
import { CONTACT_ID_STEP, writeAccount } from '../crm/write-account.ts'
import { writeKyc } from '../crm/write-kyc.ts'
import { writeErpCustomer } from '../erp/write-erp-customer.ts'
import { inventBankDetails } from '../world/bank.ts'
import { createCustomer, formatIds, STORY_INDEX } from '../world/customer.ts'
import { formatDay, formatMoment } from '../world/days.ts'
import { countryByCode } from '../world/group.ts'
import { inventStreet } from '../world/names.ts'
import { numberOf, readRows, textOf } from '../world/table-writer.ts'
import { type DayDeps, pickSome } from './billing-day.ts'

/** Opens new customers in all three systems. */
export function openCustomers({ systems, seed }: DayDeps & { seed: string }, count: number): void {
  const { crm, erp, billing } = systems
  const [row] = readRows(erp.db, 'SELECT count(*) AS count FROM customer')
  const first = numberOf(row, 'count')
  for (let index = first; index < first + count; index++) {
    const customer = createCustomer(seed, index)
    writeAccount({ write: crm.write, seed }, customer)
    writeKyc({ write: crm.write, seed }, customer)
    writeErpCustomer({ write: erp.write, seed }, customer)
    writeDebtor({ write: billing.write, seed }, customer)
  }
}

/** New phone numbers, among them one of the customer of the story. */
export function changePhones({ systems, random, today }: DayDeps, count: number): void {
  const { db } = systems.crm
  // The one that the damage deletes later: the number put back is the new one.
  const storyContact = formatIds(countryByCode('DE'), STORY_INDEX).accountId * CONTACT_ID_STEP + 1
  const contacts = readRows(
    db,
    'SELECT contact_id FROM contact WHERE phone IS NOT NULL AND contact_id <> ? ORDER BY 1',
    storyContact,
  )
  const update = db.prepare(
    'UPDATE contact SET phone = $phone, updated_at = $at WHERE contact_id = $id',
  )
  const ids = pickSome(random, contacts, count - 1).map((row) => numberOf(row, 'contact_id'))
  for (const id of [storyContact, ...ids]) {
    const at = formatMoment(today, random.between(28_000, 64_000))
    update.run({ phone: `+49 000 ${random.digits(6)}`, at, id })
  }
}

export function moveAddresses({ systems, random }: DayDeps, count: number): void {
  const { db } = systems.crm
  const addresses = readRows(db, "SELECT account_id FROM address WHERE kind = 'legal' ORDER BY 1")
  const update = db.prepare(
    `UPDATE address SET street = $street, house_number = $house, postal_code = $code
     WHERE account_id = $id AND kind = 'legal'`,
  )
  for (const row of pickSome(random, addresses, count)) {
    update.run({
      street: inventStreet(random, random.pick(['de', 'fr', 'en', 'pl', 'cs', 'ja'])),
      house: String(random.between(1, 99)),
      code: `0${random.digits(4)}`,
      id: numberOf(row, 'account_id'),
    })
  }
}

/** Consents withdrawn. */
export function withdrawConsents({ systems, random, today }: DayDeps, count: number): void {
  const { db } = systems.crm
  const granted = readRows(
    db,
    'SELECT contact_id, purpose FROM consent WHERE is_granted = 1 ORDER BY 1, 2',
  )
  const update = db.prepare(
    `UPDATE consent SET is_granted = 0, decided_at = $at
     WHERE contact_id = $id AND purpose = $purpose`,
  )
  for (const row of pickSome(random, granted, count)) {
    update.run({
      at: formatMoment(today, random.between(28_000, 64_000)),
      id: numberOf(row, 'contact_id'),
      purpose: textOf(row, 'purpose'),
    })
  }
}

/** Terms renegotiated one by one, as they should be: none in the company that the story is about. */
export function renegotiateTerms({ systems, random, today }: DayDeps, count: number): void {
  const { db } = systems.erp
  const records = readRows(
    db,
    `SELECT customer_number, company_code FROM customer_company
     WHERE company_code <> '0100' AND payment_terms = 'NT14' ORDER BY 1, 2`,
  )
  const update = db.prepare(
    `UPDATE customer_company SET payment_terms = 'NT30', changed_on = $on, changed_by = 'JDUBOIS'
     WHERE customer_number = $customer AND company_code = $company`,
  )
  for (const row of pickSome(random, records, count)) {
    update.run({
      on: formatDay(today),
      customer: textOf(row, 'customer_number'),
      company: textOf(row, 'company_code'),
    })
  }
}

/** Second bank accounts, opened by a clerk. */
export function addBankAccounts({ systems, random, today }: DayDeps, count: number): void {
  const { db, write } = systems.erp
  const holders = readRows(
    db,
    `SELECT customer_number, country, name FROM customer c WHERE NOT EXISTS (
       SELECT 1 FROM customer_bank_account b WHERE b.customer_number = c.customer_number)
     ORDER BY 1`,
  )
  for (const row of pickSome(random, holders, count)) {
    const country = textOf(row, 'country')
    const bank = inventBankDetails(random, country)
    write('customer_bank_account', {
      customer_number: textOf(row, 'customer_number'),
      position: 1,
      country,
      bank_name: bank.bankName,
      iban: bank.iban === '' ? null : bank.iban,
      bic: bank.bic,
      account_number: bank.accountNumber,
      holder: textOf(row, 'name'),
      changed_on: formatDay(today),
      changed_by: 'KNOWAK',
    })
  }
}
