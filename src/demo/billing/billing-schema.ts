/** Money and dates are text; an invoice is posted unless it is still `in-approval`. */
export const BILLING_SCHEMA = `
CREATE TABLE debtor (
  debtor_id TEXT PRIMARY KEY,
  customer_number TEXT NOT NULL UNIQUE,
  tax_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  delivery TEXT NOT NULL CHECK (delivery IN ('e-mail', 'post', 'e-invoice')),
  email TEXT,
  currency TEXT NOT NULL
);
CREATE TABLE article (
  article_number TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  unit TEXT NOT NULL,
  weight_kg REAL
);
CREATE TABLE invoice (
  invoice_number TEXT PRIMARY KEY,
  debtor_id TEXT NOT NULL REFERENCES debtor (debtor_id),
  company_code TEXT NOT NULL,
  cancels_invoice TEXT REFERENCES invoice (invoice_number),
  currency TEXT NOT NULL,
  issued_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  payment_terms TEXT NOT NULL,
  net TEXT NOT NULL,
  tax TEXT NOT NULL,
  gross TEXT NOT NULL,
  open_amount TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('in-approval', 'open', 'part-paid', 'paid', 'cancelled'))
);
CREATE TABLE invoice_line (
  invoice_number TEXT NOT NULL REFERENCES invoice (invoice_number),
  line INTEGER NOT NULL,
  article_number TEXT NOT NULL REFERENCES article (article_number),
  quantity INTEGER NOT NULL,
  unit_price TEXT NOT NULL,
  tax_code TEXT NOT NULL,
  net TEXT NOT NULL,
  PRIMARY KEY (invoice_number, line)
) WITHOUT ROWID;
CREATE TABLE invoice_approval (
  invoice_number TEXT NOT NULL REFERENCES invoice (invoice_number),
  step INTEGER NOT NULL,
  role TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('approved', 'pending', 'waiting')),
  approver TEXT,
  decided_at TEXT,
  PRIMARY KEY (invoice_number, step)
);
CREATE TABLE payment (
  payment_id INTEGER PRIMARY KEY,
  debtor_id TEXT NOT NULL REFERENCES debtor (debtor_id),
  company_code TEXT NOT NULL,
  received_on TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount TEXT NOT NULL,
  reference TEXT
);
CREATE TABLE payment_allocation (
  payment_id INTEGER NOT NULL REFERENCES payment (payment_id),
  invoice_number TEXT NOT NULL REFERENCES invoice (invoice_number),
  amount TEXT NOT NULL,
  PRIMARY KEY (payment_id, invoice_number)
);
CREATE TABLE dunning_notice (
  notice_id INTEGER PRIMARY KEY,
  debtor_id TEXT NOT NULL REFERENCES debtor (debtor_id),
  level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
  sent_on TEXT NOT NULL
);
CREATE TABLE dunning_item (
  notice_id INTEGER NOT NULL REFERENCES dunning_notice (notice_id) ON DELETE CASCADE,
  invoice_number TEXT NOT NULL REFERENCES invoice (invoice_number),
  days_overdue INTEGER NOT NULL,
  PRIMARY KEY (notice_id, invoice_number)
);
CREATE TABLE collection_case (
  case_id INTEGER PRIMARY KEY,
  debtor_id TEXT NOT NULL UNIQUE REFERENCES debtor (debtor_id),
  state TEXT NOT NULL CHECK (state IN ('new', 'contacted', 'promised', 'legal')),
  clerk TEXT NOT NULL,
  next_action_on TEXT NOT NULL,
  note TEXT
);
CREATE TABLE promise_to_pay (
  case_id INTEGER NOT NULL REFERENCES collection_case (case_id),
  position INTEGER NOT NULL,
  promised_on TEXT NOT NULL,
  pay_by TEXT NOT NULL,
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'kept', 'broken')),
  PRIMARY KEY (case_id, position)
);
CREATE TABLE dispute (
  dispute_id INTEGER PRIMARY KEY,
  invoice_number TEXT NOT NULL UNIQUE REFERENCES invoice (invoice_number),
  reason TEXT NOT NULL,
  amount TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_on TEXT NOT NULL
);
CREATE INDEX invoice_debtor ON invoice (debtor_id);
CREATE INDEX invoice_status ON invoice (status, due_on);
CREATE INDEX allocation_invoice ON payment_allocation (invoice_number);
CREATE INDEX payment_debtor ON payment (debtor_id);
`
