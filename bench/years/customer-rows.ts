import { hash } from 'node:crypto'
import type { EntityName } from '#record/entity-name'
import type { Field, SchemaVersion } from '#record/schema'

/** The customer table of `lib/tables.ts` without a server: about 333 bytes a row. */

const NAMES = [
  ...['customer_id', 'customer_no', 'legal_name', 'first_name', 'last_name', 'email', 'phone'],
  ...['tax_id', 'country', 'region', 'city', 'street', 'postal', 'segment', 'company_code'],
  ...['recon_account', 'payment_terms', 'currency', 'credit_limit', 'kyc_status'],
  ...['kyc_checked_at', 'created_at', 'updated_at', 'attributes'],
]

export const CUSTOMER: SchemaVersion = {
  entity: 'public.customer' as EntityName,
  version: 1,
  generation: 1,
  layout: 1,
  sourceId: null,
  fieldIdMax: NAMES.length,
  fields: NAMES.map(
    (name, i): Field => ({
      id: i + 1,
      name,
      type: i === 0 ? 'bigint' : 'text',
      isNullable: i > 0,
      sourceId: null,
      missing: null,
    }),
  ),
  sourceOrder: NAMES.map((_, i) => i + 1),
  key: { kind: 'fields', fieldIds: [1], encodings: ['integer'] },
  foreignKeys: [],
  definition: null,
}

const FIRST_NAMES = ['Anna', 'Ben', 'Chen', 'Dora', 'Emil', 'Fatima', 'Goran', 'Hana']
const DOMAINS = ['example.com', 'mail.test', 'corp.example']
const COUNTRIES = ['DE', 'FR', 'US', 'JP', 'BR', 'IN']
const MINUTE_MS = 60_000

/** The row as COPY text, as it is from `day` on; a change touches terms, limit and time. */
export function formatCustomer(n: number, day: number): string {
  const digest = hash('md5', String(n))
  const at = (base: string, minutes: number) =>
    new Date(Date.parse(base) + minutes * MINUTE_MS).toISOString().replace('T', ' ').slice(0, 19)
  const fields = [
    n,
    `C${String(n).padStart(10, '0')}`,
    `${digest} GmbH`,
    FIRST_NAMES[n % 8],
    capitalize(hash('md5', String(7 * n)).slice(0, 8)),
    `${digest.slice(0, 10)}@${DOMAINS[n % 3]}`,
    `+49${1_000_000_000 + ((7919 * n) % 8_999_999_999)}`,
    `DE${String((104_729 * n) % 999_999_999).padStart(9, '0')}`,
    COUNTRIES[n % 6],
    `R${n % 40}`,
    `City${n % 5000}`,
    `${hash('md5', String(3 * n)).slice(0, 12)} Str. ${n % 200}`,
    String(n % 99_999).padStart(5, '0'),
    ['retail', 'wholesale', 'key'][n % 3],
    1000 + (n % 20),
    `00${140_000 + (n % 10)}`,
    `NT${15 + 15 * ((n + day) % 4)}`,
    ['EUR', 'USD', 'JPY', 'BRL'][n % 4],
    `${(37 * n + day) % 10_000}.${String((n + day) % 100).padStart(2, '0')}`,
    ['verified', 'pending', 'expired'][n % 3],
    `${at('2025-01-01T00:00:00Z', n % 500_000)}+00`,
    `${at('2020-01-01T00:00:00Z', n % 2_000_000)}+00`,
    `${at('2026-01-01T00:00:00Z', day * 1440 + (n % 1440))}+00`,
    `{"tags": ["a${n % 7}", "b${n % 11}"], "score": ${n % 100}, "channel": "${['web', 'store', 'edi'][n % 3]}"}`,
  ]
  return `${fields.join('\t')}\n`
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
