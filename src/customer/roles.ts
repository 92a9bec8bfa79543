/**
 * What the entities of a customer map can be. The list is closed: plans, masks, clocks and reports
 * are written in these words, and a map that could invent its own would be understood by nobody.
 */

/** Parties: their records are what a customer is found by and what everything else hangs from. */
export const PARTY_ROLES = ['customer', 'supplier'] as const

/** What belongs to a party. */
export const ATTACHED_ROLES = [
  'contact',
  'address',
  'bank-account',
  'tax-registration',
  'company-code-data',
  'sales-area',
  'partner-function',
  'kyc-case',
  'kyc-document',
  'invoice',
  'invoice-line',
  'invoice-approval',
  'payment',
  'dunning',
  'promise-to-pay',
  'dispute',
  'credit-line',
  'letter-of-credit',
  'lc-amendment',
  'lc-document',
  'financial-statement',
  'acquisition-cost',
  'contract',
  'consent',
  /** Which record of one system is which record of another. */
  'crosswalk',
  /** Ties two entities together, many to many. */
  'join',
  'other',
] as const

/** What records of customers rest on and share with all others. */
export const REFERENCE_ROLES = [
  'gl-account',
  'reconciliation-account',
  'payment-term',
  'tax-code',
  'currency',
  'country',
  'company-code',
  'other-reference',
] as const

export const ROLES = [...PARTY_ROLES, ...ATTACHED_ROLES, ...REFERENCE_ROLES] as const

export type Role = (typeof ROLES)[number]

const PARTIES: readonly Role[] = PARTY_ROLES
const REFERENCES: readonly Role[] = REFERENCE_ROLES

export function isParty(role: Role): boolean {
  return PARTIES.includes(role)
}

export function isReference(role: Role): boolean {
  return REFERENCES.includes(role)
}
