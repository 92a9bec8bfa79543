import type { Posting } from './billing/ledger.ts'
import type { DemoFiles } from './demo-files.ts'
import {
  type DayDeps,
  decideApprovals,
  issueInvoices,
  receivePayments,
  workCollections,
} from './mornings/billing-day.ts'
import {
  addBankAccounts,
  changePhones,
  moveAddresses,
  openCustomers,
  renegotiateTerms,
  withdrawConsents,
} from './mornings/master-data-day.ts'
import { inTransactions } from './mornings/open-systems.ts'
import { postToBalances } from './mornings/post-to-balances.ts'
import { formatIds, STORY_INDEX } from './world/customer.ts'
import { FIRST_DAY } from './world/days.ts'
import { countryByCode } from './world/group.ts'
import { seededRandom } from './world/seeded-random.ts'

export type DayOptions = {
  readonly seed: string
  /** From 1: how many days after the generated one. Each is lived once, in order. */
  readonly day: number
}

/**
 * Lets one ordinary business day pass in the three systems: some hundred changes that somebody
 * meant. References stay whole and the general ledger keeps tying out to the open invoices.
 *
 * @returns what happened, in words
 */
export function liveADay(files: DemoFiles, { seed, day }: DayOptions): string[] {
  return inTransactions(files, (systems) => {
    const postings: Posting[] = []
    const random = seededRandom(seed, 'day', day)
    const deps: DayDeps = { systems, random, today: FIRST_DAY + day, postings }
    const { debtorId } = formatIds(countryByCode('DE'), STORY_INDEX)
    openCustomers({ ...deps, seed }, COUNTS.customers)
    changePhones(deps, COUNTS.phones)
    moveAddresses(deps, COUNTS.addresses)
    withdrawConsents(deps, COUNTS.consents)
    renegotiateTerms(deps, COUNTS.terms)
    addBankAccounts(deps, COUNTS.bankAccounts)
    receivePayments(deps, COUNTS.payments, debtorId)
    decideApprovals(deps, COUNTS.approvals, debtorId)
    issueInvoices(deps, COUNTS.invoices)
    workCollections(deps, COUNTS.collections)
    postToBalances(systems.erp.db, postings)
    return describeDay()
  })
}

const COUNTS = {
  customers: 6,
  phones: 48,
  addresses: 14,
  consents: 22,
  terms: 5,
  bankAccounts: 4,
  payments: 70,
  approvals: 40,
  invoices: 45,
  collections: 18,
} as const

function describeDay(): string[] {
  return [
    `${COUNTS.customers} customers were opened in all three systems`,
    `${COUNTS.invoices} invoices were written, ${COUNTS.payments} paid, ${COUNTS.approvals} approvals given`,
    `${COUNTS.phones} phone numbers and ${COUNTS.addresses} addresses changed, ${COUNTS.consents} consents were withdrawn`,
    `${COUNTS.terms} payment terms were renegotiated and ${COUNTS.bankAccounts} bank accounts added, one by one`,
    `${COUNTS.collections} collections cases moved on`,
  ]
}
