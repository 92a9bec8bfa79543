/** Numbers that are names (customers, accounts, company codes) are text with leading zeros. */
export const ERP_SCHEMA = `
CREATE TABLE currency (
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  decimals INTEGER NOT NULL
);
CREATE TABLE country (
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  language TEXT NOT NULL
);
CREATE TABLE company_code (
  company_code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT NOT NULL REFERENCES country (code),
  currency TEXT NOT NULL REFERENCES currency (code)
);
CREATE TABLE payment_terms (
  code TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  net_days INTEGER NOT NULL,
  discount_days INTEGER NOT NULL,
  discount_percent NUMERIC NOT NULL
);
CREATE TABLE tax_code (
  company_code TEXT NOT NULL REFERENCES company_code (company_code),
  tax_code TEXT NOT NULL,
  description TEXT NOT NULL,
  rate_permille INTEGER NOT NULL,
  PRIMARY KEY (company_code, tax_code)
);
CREATE TABLE gl_account (
  company_code TEXT NOT NULL REFERENCES company_code (company_code),
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  is_reconciliation INTEGER NOT NULL CHECK (is_reconciliation IN (0, 1)),
  PRIMARY KEY (company_code, account)
) WITHOUT ROWID;
CREATE TABLE gl_balance (
  company_code TEXT NOT NULL,
  account TEXT NOT NULL,
  currency TEXT NOT NULL REFERENCES currency (code),
  period TEXT NOT NULL,
  debit TEXT NOT NULL,
  credit TEXT NOT NULL,
  balance TEXT NOT NULL,
  PRIMARY KEY (company_code, account, currency, period),
  FOREIGN KEY (company_code, account) REFERENCES gl_account (company_code, account)
);
CREATE TABLE customer (
  customer_number TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  search_term TEXT NOT NULL,
  country TEXT NOT NULL REFERENCES country (code),
  city TEXT NOT NULL,
  tax_id TEXT NOT NULL UNIQUE,
  language TEXT NOT NULL,
  account_group TEXT NOT NULL,
  alternative_payer TEXT REFERENCES customer (customer_number),
  is_blocked INTEGER NOT NULL DEFAULT 0,
  created_on TEXT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE TABLE customer_company (
  customer_number TEXT NOT NULL REFERENCES customer (customer_number),
  company_code TEXT NOT NULL REFERENCES company_code (company_code),
  reconciliation_account TEXT NOT NULL,
  payment_terms TEXT NOT NULL REFERENCES payment_terms (code),
  credit_memo_terms TEXT NOT NULL REFERENCES payment_terms (code),
  dunning_procedure TEXT NOT NULL,
  dunning_block TEXT,
  sort_key TEXT NOT NULL,
  changed_on TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (customer_number, company_code),
  FOREIGN KEY (company_code, reconciliation_account) REFERENCES gl_account (company_code, account)
);
CREATE TABLE customer_sales_area (
  customer_number TEXT NOT NULL REFERENCES customer (customer_number),
  company_code TEXT NOT NULL REFERENCES company_code (company_code),
  channel TEXT NOT NULL,
  currency TEXT NOT NULL REFERENCES currency (code),
  incoterms TEXT NOT NULL,
  price_group TEXT,
  delivery_priority INTEGER NOT NULL,
  PRIMARY KEY (customer_number, company_code, channel)
);
CREATE TABLE customer_partner (
  customer_number TEXT NOT NULL,
  company_code TEXT NOT NULL,
  channel TEXT NOT NULL,
  function TEXT NOT NULL CHECK (function IN ('sold-to', 'bill-to', 'ship-to', 'payer')),
  partner_number TEXT NOT NULL REFERENCES customer (customer_number),
  PRIMARY KEY (customer_number, company_code, channel, function, partner_number),
  FOREIGN KEY (customer_number, company_code, channel)
    REFERENCES customer_sales_area (customer_number, company_code, channel)
) WITHOUT ROWID;
CREATE TABLE customer_bank_account (
  customer_number TEXT NOT NULL REFERENCES customer (customer_number),
  position INTEGER NOT NULL,
  country TEXT NOT NULL,
  bank_name TEXT NOT NULL,
  iban TEXT,
  bic TEXT NOT NULL,
  account_number TEXT NOT NULL,
  holder TEXT NOT NULL,
  changed_on TEXT NOT NULL,
  changed_by TEXT NOT NULL,
  PRIMARY KEY (customer_number, position)
);
CREATE TABLE tax_registration (
  customer_number TEXT NOT NULL REFERENCES customer (customer_number),
  country TEXT NOT NULL REFERENCES country (code),
  kind TEXT NOT NULL,
  tax_number TEXT NOT NULL,
  PRIMARY KEY (customer_number, country, kind)
);
CREATE TABLE supplier (
  supplier_number TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT NOT NULL REFERENCES country (code),
  tax_id TEXT NOT NULL UNIQUE,
  payment_terms TEXT NOT NULL REFERENCES payment_terms (code),
  customer_number TEXT UNIQUE REFERENCES customer (customer_number)
);
CREATE TABLE supplier_bank_account (
  supplier_number TEXT NOT NULL REFERENCES supplier (supplier_number),
  position INTEGER NOT NULL,
  bank_name TEXT NOT NULL,
  iban TEXT,
  bic TEXT NOT NULL,
  account_number TEXT NOT NULL,
  PRIMARY KEY (supplier_number, position)
);
CREATE TABLE letter_of_credit (
  lc_number TEXT PRIMARY KEY,
  customer_number TEXT NOT NULL,
  company_code TEXT NOT NULL,
  issuing_bank TEXT NOT NULL,
  currency TEXT NOT NULL REFERENCES currency (code),
  amount TEXT NOT NULL,
  issued_on TEXT NOT NULL,
  latest_shipment_on TEXT NOT NULL,
  expires_on TEXT NOT NULL,
  status TEXT NOT NULL,
  FOREIGN KEY (customer_number, company_code)
    REFERENCES customer_company (customer_number, company_code)
);
CREATE TABLE letter_of_credit_amendment (
  lc_number TEXT NOT NULL REFERENCES letter_of_credit (lc_number),
  amendment INTEGER NOT NULL,
  amended_on TEXT NOT NULL,
  change TEXT NOT NULL,
  new_amount TEXT,
  PRIMARY KEY (lc_number, amendment)
);
CREATE TABLE letter_of_credit_document (
  lc_number TEXT NOT NULL REFERENCES letter_of_credit (lc_number),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  is_presented INTEGER NOT NULL CHECK (is_presented IN (0, 1)),
  content BLOB,
  PRIMARY KEY (lc_number, position)
);
CREATE INDEX customer_company_terms ON customer_company (company_code, payment_terms);
CREATE INDEX letter_of_credit_customer ON letter_of_credit (customer_number, company_code);
`
