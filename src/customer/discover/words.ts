/**
 * Names of entities and fields as words, so that `KundenNr`, `customer_id` and `debtor` can be seen
 * to speak of one thing.
 */

/** Words that only say "this names a record". */
const LABELS = new Set(
  'id ids no nr num number nummer key code kz ref fk uid guid uuid link'.split(' '),
)

/** One word for what is called by many, in English, German and the tongues of ERP systems. */
const CONCEPTS: Readonly<Record<string, string>> = conceptsOf({
  customer:
    'customer kunde kunden debitor debitoren debtor client account kunnr payer partner party soc societe buyer holder',
  supplier: 'supplier vendor lieferant lieferanten kreditor kreditoren creditor lifnr fournisseur',
  contact: 'contact kontakt ansprechpartner person socpeople',
  address: 'address adresse anschrift adrnr',
  invoice: 'invoice rechnung beleg facture bill vbeln move',
  payment: 'payment zahlung receipt paiement zahlungseingang',
  terms: 'term terms bedingung bedingungen zahlungsbedingung zterm zahlungsbedingungen',
  currency: 'currency waehrung waers devise curr',
  country: 'country land laender pays land1 staat nation',
  company: 'company bukrs buchungskreis firma gesellschaft mandant',
  tax: 'tax steuer vat mwst tva',
  case: 'case fall akte vorgang',
  contract: 'contract vertrag vertraege contrat agreement',
  article: 'article artikel product produkt material matnr item ware',
  line: 'line lines position posnr zeile detail det',
  person:
    'rep user employee mitarbeiter owner reviewer manager approver clerk assignee sachbearbeiter salesperson approved agent',
  notice: 'notice mahnung reminder dunning',
  bank: 'bank rib bankverbindung',
  order: 'order auftrag commande bestellung',
})

/** How words begin by which a record names another one of its own kind. */
const SELF_WORDS =
  'parent report cancel superior predecessor successor reversal reverses replace head master previous next uebergeordnet vorgaenger manager after merged alternative duplicate original storno'.split(
    ' ',
  )

/** The words of a name: `customerBankAccount`, `CUSTOMER_BANK`, `Customer Bank Accounts`. */
export function wordsOf(name: string): string[] {
  return name
    .normalize('NFC')
    .replaceAll('ß', 'ss')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .replaceAll('ä', 'ae')
    .replaceAll('ö', 'oe')
    .replaceAll('ü', 'ue')
    .split(/[^\p{L}\d]+/u)
    .filter((word) => word !== '')
    .map(singular)
}

/** What a name speaks of: its words as concepts, without those that only say that it is a key. */
export function conceptWords(name: string): string[] {
  const words = wordsOf(name).flatMap(splitLabel)
  return words.filter((word) => !LABELS.has(word)).map((word) => CONCEPTS[word] ?? word)
}

/** Where one name stands to another, 0 to 1. */
export type Likeness = { readonly share: number; readonly because: string }

const NOTHING: Likeness = { share: 0, because: '' }

/**
 * How well the name of a field fits to it naming records of an entity by one of its fields.
 * @param isSelf whether both are of the same entity
 */
export function nameLikeness(
  field: string,
  other: { readonly entity: string; readonly field: string; readonly isSelf: boolean },
): Likeness {
  const own = conceptWords(field)
  const there = conceptWords(lastName(other.entity))
  const key = conceptWords(other.field)
  if (other.isSelf) {
    const words = wordsOf(field)
    const isSelfWord = SELF_WORDS.some((start) => words.some((word) => word.startsWith(start)))
    if (isSelfWord) return { share: 0.9, because: 'its name speaks of another of its kind' }
  }
  const isSameName = wordsOf(field).join() === wordsOf(other.field).join()
  if (isSameName && own.length > 0) return { share: 1, because: 'both are called the same' }
  if (own.length === 0) return NOTHING
  if (isSame(own, there)) return { share: 1, because: 'it is called like the entity' }
  if (endsWith(own, there)) return { share: 0.8, because: 'its name ends like that of the entity' }
  if (isSame(own, key) || (key.length > 0 && endsWith(own, key))) {
    return { share: 0.8, because: 'its name ends like that of the key' }
  }
  if (own.at(-1) === there.at(-1)) {
    return { share: 0.6, because: `both names speak of a ${own.at(-1)}` }
  }
  const shared = own.filter((word) => there.includes(word))
  if (shared.length > 0) return { share: 0.4, because: `both names have ${shared.join(', ')}` }
  return NOTHING
}

/** The last part of a qualified name, without quotes and without what ERP systems put before all. */
export function lastName(entity: string): string {
  const parts = entity.match(/"(?:[^"]|"")*"|[^.]+/g) ?? [entity]
  const last = (parts.at(-1) ?? entity).replace(/^"(.*)"$/, '$1').replaceAll('""', '"')
  return last.replace(/^(?:tab(?=[A-Z])|llx_|tbl_?|t_|dbo_)/, '')
}

function singular(word: string): string {
  if (/(?:ss|us|is|ies)$/.test(word)) return word.replace(/ies$/, 'y')
  return word.length > 3 ? word.replace(/s$/, '') : word
}

/** `kundennr` is `kunden nr`. */
function splitLabel(word: string): string[] {
  const [, stem, label] = /^(\w{4,})(nr|id|no|nummer|code)$/.exec(word) ?? []
  if (stem === undefined || label === undefined) return [word]
  return stem in CONCEPTS ? [stem, label] : [word]
}

function conceptsOf(words: Readonly<Record<string, string>>): Record<string, string> {
  const found: Record<string, string> = Object.create(null)
  for (const [concept, list] of Object.entries(words)) {
    for (const word of list.split(' ')) {
      found[word] = concept
      found[singular(word)] = concept
    }
  }
  return found
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i])
}

function endsWith(words: readonly string[], end: readonly string[]): boolean {
  return end.length > 0 && words.length > end.length && isSame(words.slice(-end.length), end)
}
