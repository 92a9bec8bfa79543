/**
 * The tables that are backed up. Every value follows from the row's number, so that every machine
 * measures the same bytes; the widths and the share of incompressible text (hashes in names,
 * addresses and mail) are those of a customer table, about 333 bytes a row as COPY text.
 */
export type Table = {
  readonly name: string
  readonly key: string
  /** `create table`, and an `insert` of rows numbered 1 to `rows`; no key yet. */
  readonly create: string
  readonly fill: (rows: number) => string
  /** An update of one row in a hundred, other rows in each `round`. */
  readonly change: (round: number) => string
  /** The rows that `change` of this round touched. */
  readonly changed: (round: number) => string
}

type Column = readonly [name: string, type: string, value: string]

const CUSTOMER: readonly Column[] = [
  ['customer_id', 'bigint not null', 'n'],
  ['customer_no', 'text not null', `'C' || lpad(n::text, 10, '0')`],
  ['legal_name', 'text not null', `md5(n::text) || ' GmbH'`],
  [
    'first_name',
    'text',
    pick('n', ['Anna', 'Ben', 'Chen', 'Dora', 'Emil', 'Fatima', 'Goran', 'Hana']),
  ],
  ['last_name', 'text', 'initcap(left(md5((7 * n)::text), 8))'],
  [
    'email',
    'text',
    `left(md5(n::text), 10) || '@' || ${pick('n', ['example.com', 'mail.test', 'corp.example'])}`,
  ],
  ['phone', 'text', `'+49' || 1000000000 + 7919 * n % 8999999999`],
  ['tax_id', 'text', `'DE' || lpad((104729 * n % 999999999)::text, 9, '0')`],
  ['country', 'char(2)', pick('n', ['DE', 'FR', 'US', 'JP', 'BR', 'IN'])],
  ['region', 'text', `'R' || n % 40`],
  ['city', 'text', `'City' || n % 5000`],
  ['street', 'text', `left(md5((3 * n)::text), 12) || ' Str. ' || n % 200`],
  ['postal', 'text', `lpad((n % 99999)::text, 5, '0')`],
  ['segment', 'text', pick('n', ['retail', 'wholesale', 'key'])],
  ['company_code', 'text', '(1000 + n % 20)::text'],
  ['recon_account', 'text', `'00' || 140000 + n % 10`],
  ['payment_terms', 'text', `'NT' || 15 + 15 * (n % 4)`],
  ['currency', 'char(3)', pick('n', ['EUR', 'USD', 'JPY', 'BRL'])],
  ['credit_limit', 'numeric(15,2)', '(37 * n % 1000000) / 100.0'],
  ['kyc_status', 'text', pick('n', ['verified', 'pending', 'expired'])],
  ['kyc_checked_at', 'timestamptz', minutesAfter('2025-01-01', 'n % 500000')],
  ['created_at', 'timestamptz', minutesAfter('2020-01-01', 'n % 2000000')],
  ['updated_at', 'timestamptz', minutesAfter('2026-01-01', 'n % 300000')],
  [
    'attributes',
    'jsonb',
    `jsonb_build_object('channel', ${pick('n', ['web', 'store', 'edi'])}, 'score', n % 100,
      'tags', jsonb_build_array('a' || n % 7, 'b' || n % 11))`,
  ],
]

const LEDGER: readonly Column[] = [
  ['entry_id', 'bigint not null', 'n'],
  ['account', 'int not null', '100000 + (n % 997)::int'],
  ['amount', 'numeric(12,2) not null', '(7919 * n % 1000003) / 100.0'],
]

const CONTACT: readonly Column[] = [
  ['contact_id', 'uuid not null', `md5('contact ' || n)::uuid`],
  ['customer_id', 'bigint not null', 'n / 3'],
  ['email', 'text', `left(md5(n::text), 10) || '@example.com'`],
  ['is_primary', 'boolean not null', 'n % 3 = 0'],
  ['created_at', 'timestamptz', minutesAfter('2020-01-01', 'n % 2000000')],
]

export const CUSTOMER_TABLE = table('customer', CUSTOMER, 'customer_id', (round) => [
  `payment_terms = 'NT' || ${90 + round}`,
  `credit_limit = credit_limit + ${round}`,
  `updated_at = timestamptz '2026-09-01 UTC' + (86400 * ${round} + customer_id % 86400) * interval '1 s'`,
])
export const NARROW_TABLE = table('ledger_entry', LEDGER, 'entry_id', () => ['amount = amount + 1'])
export const UUID_TABLE = table('contact', CONTACT, 'contact_id', () => [
  'is_primary = not is_primary',
])

/** A few rows, one of them with a value of `valueBytes` that does not compress. */
export function largeValueSql(valueBytes: number): string {
  const hashes = Math.ceil(valueBytes / 16)
  return `
    create table document (document_id bigint primary key, title text, content bytea);
    alter table document alter content set storage external;
    insert into document
      select n, 'Contract ' || n, decode(repeat(md5(n::text), 100), 'hex') from generate_series(1, 100) n;
    insert into document
      select 101, 'Scan', (select string_agg(decode(md5(n::text), 'hex'), '' order by n)
        from generate_series(1, ${hashes}) n)`
}

function table(
  name: string,
  columns: readonly Column[],
  key: string,
  changes: (round: number) => readonly string[],
): Table {
  // A hash that PostgreSQL keeps stable decides who changes: one in a hundred, all over the table.
  const isChanged = (round: number) => `hashtext(${key}::text || ':${round}') % 100 = 0`
  return {
    name,
    key,
    create: `create table ${name} (${columns.map(([column, type]) => `${column} ${type}`).join(', ')})`,
    fill: (rows) =>
      `insert into ${name} select ${columns.map(([, , value]) => value).join(', ')}
       from generate_series(1::bigint, ${rows}) n`,
    change: (round) => `update ${name} set ${changes(round).join(', ')} where ${isChanged(round)}`,
    changed: (round) => `select * from ${name} where ${isChanged(round)} order by ${key}`,
  }
}

function pick(by: string, values: readonly string[]): string {
  return `(array['${values.join("', '")}'])[1 + ${by} % ${values.length}]`
}

function minutesAfter(day: string, minutes: string): string {
  return `timestamptz '${day} UTC' + (${minutes}) * interval '1 minute'`
}
