import type { Role } from '../roles.ts'
import { lastName, wordsOf } from './words.ts'

/** What the name of an entity says it is, with the words that said so. */
export type NamedRole = { readonly role: Role; readonly because: string }

/**
 * Patterns over the words of a name, in singular and joined by blanks, the particular before the
 * general: English, German, and the table names of SAP, Odoo, ERPNext, Dolibarr and SuiteCRM.
 */
const PATTERNS: readonly (readonly [Role, RegExp])[] = [
  ['crosswalk', /\b(?:external|foreign|legacy) (?:id|key|ref)|crosswalk|\bxref\b|\b(?:id|key) map/],
  ['kyc-document', /\bkyc\b.*\b(?:doc|document|dokument|file)/],
  ['kyc-case', /\bkyc\b/],
  ['lc-amendment', /(?:letter of credit|akkreditiv|\blc\b).*(?:amend|aenderung)/],
  ['lc-document', /(?:letter of credit|akkreditiv|\blc\b).*(?:doc|dokument)/],
  ['letter-of-credit', /letter of credit|akkreditiv/],
  ['reconciliation-account', /reconciliation account|abstimmkont/],
  [
    'gl-account',
    /^(?:gl|general ledger|ledger) account$|^account account$|sachkont|^ska1$|^skb1$|chart of account/,
  ],
  [
    'bank-account',
    /bank (?:account|detail)|partner bank|bankverbindung|\brib\b|^knbk$|^lfbk$|^but0bk$/,
  ],
  [
    'payment-term',
    /payment (?:term|condition)|zahlungsbedingung|terms of payment|^t052$|\bc paiement term/,
  ],
  ['promise-to-pay', /promise|zahlungszusage/],
  ['invoice-approval', /invoice.*(?:approv|release|workflow)|rechnung.*freigabe/],
  [
    'join',
    /(?:payment|zahlung|paiement).*(?:alloc|assign|zuordnung|reference|facture)|^partial reconcile$|account partial reconcile/,
  ],
  [
    'invoice-line',
    /(?:invoice|bill|rechnung|facture).*(?:line|item|position|det)|facturedet|account move line|^vbrp$/,
  ],
  ['dispute', /dispute|reklamation|klaerfall|^udmcaseattr/],
  ['dunning', /dunning|mahnung|mahn|collect(?:ion|ing)|inkasso|payment reminder/],
  [
    'invoice',
    /invoice|^bill$|rechnung|^facture$|account move$|open item|^bsid$|^bsad$|^vbrk$|credit (?:memo|note)/,
  ],
  ['payment', /^payment|payment$|payment entry|zahlung|^paiement$|receipt$/],
  ['credit-line', /credit (?:line|limit)|kreditlinie|kreditlimit|^knkk$/],
  ['financial-statement', /financial statement|jahresabschluss|bilanz/],
  ['acquisition-cost', /acquisition cost|\bcac\b|akquise/],
  ['contract', /contract|vertrag|subscription$|agreement/],
  ['consent', /consent|einwilligung|\bopt in|opt out/],
  [
    'tax-registration',
    /tax (?:registration|number)|vat (?:registration|number)|steuernummer|taxnum/,
  ],
  [
    'tax-code',
    /tax (?:code|rate|key)|^(?:account )?tax$|steuerkennzeichen|steuerschluessel|^t007a$|c tva$/,
  ],
  [
    'company-code-data',
    /(?:customer|debtor|supplier|kunde|vendor|debitor).*(?:company|buchungskreis)|^knb1$|^lfb1$/,
  ],
  ['sales-area', /sale area|vertriebsbereich|^knvv$/],
  ['partner-function', /partner function|customer partner|partnerrolle|^knvp$/],
  ['address', /address|adresse|anschrift|^adrc$/],
  ['contact', /contact|kontakt|ansprechpartner|^knvk$|^socpeople$|^person$/],
  ['company-code', /^company(?: code)?$|^res company$|buchungskreis|^t001$/],
  ['currency', /^(?:res )?currency$|waehrung|^tcurc$|^c currency$/],
  ['country', /^(?:res )?country$|^(?:land|laender)$|^t005$|^c country$/],
  [
    'other-reference',
    /sale rep|\buser$|employee|mitarbeiter|^article$|^artikel$|product|material|^item$|warehouse|^unit|^uom|language|department|territory|industry|branch/,
  ],
  ['supplier', /^(?:supplier|vendor|lieferant|lieferanten|kreditor|creditor|lfa1|fournisseur)$/],
  [
    'customer',
    /^(?:customer|kunde|kunden|debitor|debitoren|debtor|client|account|(?:res |business )?partner|geschaeftspartner|kna1|but000|societe|party|organi[sz]ation)$/,
  ],
]

/** The role that an entity's name speaks of; `undefined` where it says nothing. */
export function roleByName(entity: string): NamedRole | undefined {
  const words = wordsOf(lastName(entity)).join(' ')
  for (const [role, pattern] of PATTERNS) {
    const found = pattern.exec(words)?.[0]
    if (found !== undefined) return { role, because: `its name says "${found}"` }
  }
  return undefined
}
