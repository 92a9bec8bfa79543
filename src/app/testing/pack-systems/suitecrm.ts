import { makeTables } from './make-tables.ts'

/** SuiteCRM 7: its tables as far as a customer is made of them, with ties that were deleted. */
export const SUITECRM_SYSTEM = `${makeTables(
  `
  accounts: id, name, parent_id, assigned_user_id, deleted
  accounts_cstm: id_c, vat_c
  accounts_contacts: id, account_id, contact_id, deleted
  contacts: id, last_name, reports_to_id, assigned_user_id, deleted
  contacts_cstm: id_c
  email_addr_bean_rel: id, bean_id, bean_module, email_address_id, deleted
  email_addresses: id, email_address, opt_out
  accounts_opportunities: id, account_id, opportunity_id, deleted
  opportunities: id, currency_id, assigned_user_id
  cases: id, account_id, assigned_user_id
  aos_contracts: id, contract_account_id, contact_id, opportunity_id, currency_id
  aos_quotes: id, billing_account_id, billing_contact_id, opportunity_id, currency_id
  aos_invoices: id, billing_account_id, billing_contact_id, currency_id
  aos_line_item_groups: id, parent_type, parent_id
  aos_products_quotes: id, parent_type, parent_id, group_id, product_id, currency_id
  notes: id, parent_type, parent_id, contact_id
  documents_accounts: id, account_id, document_id, deleted
  aos_contracts_documents: id, aos_contracts_id, documents_id, deleted
  documents: id, assigned_user_id
  document_revisions: id, document_id
  aos_products: id, currency_id
  currencies: id, iso4217
  users: id, reports_to_id
  tracker: id
  securitygroups_records: id
`,
  'TEXT',
)};
INSERT INTO users VALUES ('u1', ''), ('u2', 'u1');
INSERT INTO currencies VALUES ('chf', 'CHF');
INSERT INTO accounts VALUES ('a1', 'Farnbeck', '', 'u2', '0'), ('a2', 'Farnbeck South', 'a1', 'u2', '0'), ('a3', 'Gone', NULL, '', '1');
INSERT INTO accounts_cstm VALUES ('a1', 'DE123456788');
INSERT INTO contacts VALUES ('c1', 'Buyer', '', 'u1', '0'), ('c2', 'Clerk', 'c1', '', '0');
INSERT INTO contacts_cstm VALUES ('c1');
INSERT INTO accounts_contacts VALUES ('t1', 'a1', 'c1', '0'), ('t2', 'a2', 'c1', '1'), ('t3', 'never', 'never', '1');
INSERT INTO email_addresses VALUES ('e1', 'buyer@farnbeck.example', '0'), ('e2', 'post@farnbeck.example', '1');
INSERT INTO email_addr_bean_rel VALUES ('b1', 'c1', 'Contacts', 'e1', '0'), ('b2', 'a1', 'Accounts', 'e2', '0'), ('b3', 'gone', 'Accounts', 'gone', '1');
INSERT INTO opportunities VALUES ('o1', '-99', 'u2'), ('o2', 'chf', 'u2');
INSERT INTO accounts_opportunities VALUES ('x1', 'a1', 'o1', '0'), ('x2', 'a1', 'o2', '0');
INSERT INTO cases VALUES ('k1', 'a1', 'u2'), ('k2', '', '');
INSERT INTO aos_contracts VALUES ('n1', 'a1', 'c1', 'o1', '-99'), ('n2', 'a1', '', '', 'chf');
INSERT INTO aos_quotes VALUES ('q1', 'a1', 'c1', 'o1', '-99'), ('q2', 'a1', '', '', 'chf');
INSERT INTO aos_invoices VALUES ('i1', 'a1', 'c1', 'chf');
INSERT INTO aos_products VALUES ('p1', '-99'), ('p2', 'chf');
INSERT INTO aos_line_item_groups VALUES ('g1', 'AOS_Invoices', 'i1'), ('g2', 'AOS_Quotes', 'q1'), ('g3', 'AOS_Contracts', 'n1');
INSERT INTO aos_products_quotes VALUES ('l1', 'AOS_Invoices', 'i1', 'g1', 'p1', 'chf'), ('l2', 'AOS_Invoices', 'i1', 'g1', '0', '-99'),
  ('l3', 'AOS_Quotes', 'q1', 'g2', 'p1', '-99'), ('l4', 'AOS_Contracts', 'n1', 'g3', '', '-99');
INSERT INTO notes VALUES ('w1', 'Accounts', 'a1', ''), ('w2', 'Contacts', 'c1', 'c1'), ('w3', 'Opportunities', 'o1', NULL), ('w4', 'Cases', 'k1', NULL), ('w5', 'Bugs', 'elsewhere', NULL);
INSERT INTO documents VALUES ('d1', 'u1'), ('d2', 'u1');
INSERT INTO documents_accounts VALUES ('y1', 'a1', 'd1', '0');
INSERT INTO aos_contracts_documents VALUES ('z1', 'n1', 'd2', '0');
INSERT INTO document_revisions VALUES ('r1', 'd1')
`
