/** Money and dates are text, so that no digit is lost; flags are 0 and 1. */
export const CRM_SCHEMA = `
CREATE TABLE sales_rep (
  rep_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE,
  manager_id INTEGER REFERENCES sales_rep (rep_id)
);
CREATE TABLE account (
  account_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  legal_form TEXT,
  country_code TEXT NOT NULL,
  tax_id TEXT NOT NULL UNIQUE,
  industry TEXT NOT NULL,
  segment TEXT NOT NULL CHECK (segment IN ('A', 'B', 'C')),
  status TEXT NOT NULL DEFAULT 'active',
  website TEXT,
  parent_account_id INTEGER REFERENCES account (account_id),
  owner_id INTEGER NOT NULL REFERENCES sales_rep (rep_id),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE TABLE account_external_id (
  account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
  system TEXT NOT NULL CHECK (system IN ('erp', 'billing')),
  external_id TEXT NOT NULL,
  PRIMARY KEY (account_id, system),
  UNIQUE (system, external_id)
) WITHOUT ROWID;
CREATE TABLE contact (
  contact_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  reports_to_id INTEGER REFERENCES contact (contact_id) ON DELETE SET NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  role TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT,
  language TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE TABLE address (
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  kind TEXT NOT NULL CHECK (kind IN ('legal', 'delivery')),
  street TEXT NOT NULL,
  house_number TEXT NOT NULL,
  postal_code TEXT NOT NULL,
  city TEXT NOT NULL,
  country_code TEXT NOT NULL,
  PRIMARY KEY (account_id, kind)
);
CREATE TABLE consent (
  contact_id INTEGER NOT NULL REFERENCES contact (contact_id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,
  is_granted INTEGER NOT NULL CHECK (is_granted IN (0, 1)),
  decided_at TEXT NOT NULL,
  evidence TEXT,
  PRIMARY KEY (contact_id, purpose)
) WITHOUT ROWID;
CREATE TABLE kyc_case (
  case_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  status TEXT NOT NULL,
  risk_class TEXT NOT NULL,
  reviewer_id INTEGER NOT NULL REFERENCES sales_rep (rep_id),
  opened_on TEXT NOT NULL,
  next_review_on TEXT
);
CREATE TABLE kyc_document (
  case_id INTEGER NOT NULL REFERENCES kyc_case (case_id),
  position INTEGER NOT NULL,
  kind TEXT NOT NULL,
  file_name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (case_id, position)
);
CREATE TABLE credit_line (
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  currency TEXT NOT NULL,
  limit_amount TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT,
  approved_by INTEGER REFERENCES sales_rep (rep_id),
  PRIMARY KEY (account_id, currency)
);
CREATE TABLE contract (
  contract_id TEXT PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  kind TEXT NOT NULL,
  starts_on TEXT NOT NULL,
  ends_on TEXT,
  annual_value TEXT NOT NULL,
  currency TEXT NOT NULL,
  renews INTEGER NOT NULL CHECK (renews IN (0, 1))
);
-- A ledger that nobody gave a key; equal rows are two facts.
CREATE TABLE acquisition_cost (
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  month TEXT NOT NULL,
  channel TEXT NOT NULL,
  amount TEXT NOT NULL,
  currency TEXT NOT NULL
);
CREATE TABLE financial_statement (
  account_id INTEGER NOT NULL REFERENCES account (account_id),
  fiscal_year INTEGER NOT NULL,
  currency TEXT NOT NULL,
  revenue TEXT NOT NULL,
  operating_profit TEXT NOT NULL,
  total_assets TEXT NOT NULL,
  equity TEXT NOT NULL,
  PRIMARY KEY (account_id, fiscal_year)
) STRICT;
CREATE INDEX contact_account ON contact (account_id);
CREATE INDEX contact_reports_to ON contact (reports_to_id);
CREATE INDEX kyc_case_account ON kyc_case (account_id);
CREATE INDEX contract_account ON contract (account_id);
`
