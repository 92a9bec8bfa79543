import { makeTables } from './make-tables.ts'

/** ERPNext 15: its tables as far as a customer is made of them, with one that is a supplier, too. */
export const ERPNEXT_SYSTEM = `${makeTables(
  `
  tabCustomer: name, customer_name, tax_id, email_id, customer_group, territory, default_currency, payment_terms, tax_category, default_bank_account, customer_primary_contact, customer_primary_address, represents_company
  tabSupplier: name, supplier_name, tax_id, email_id, supplier_group, country, default_currency, payment_terms, tax_category, default_bank_account, supplier_primary_contact, supplier_primary_address
  tabParty Link: name, primary_role, primary_party, secondary_role, secondary_party
  tabDynamic Link: name, link_doctype, link_name, parenttype, parent
  tabContact: name, full_name, email_id, address
  tabContact Email: name, parent
  tabContact Phone: name, parent
  tabAddress: name, country, tax_category
  tabBank Account: name, iban, account_name, party_type, party, bank, company, account
  tabParty Account: name, parenttype, parent, company, account, advance_account
  tabCustomer Credit Limit: name, parenttype, parent, company
  tabContract: name, party_type, party_name
  tabSales Invoice: name, customer, return_against, amended_from, company, currency, debit_to, payment_terms_template, customer_address, shipping_address_name, contact_person
  tabSales Invoice Item: name, parent, item_code, income_account
  tabSales Taxes and Charges: name, parenttype, parent, account_head
  tabPurchase Invoice: name, supplier, return_against, amended_from, company, currency, credit_to, payment_terms_template, supplier_address, contact_person
  tabPurchase Invoice Item: name, parent, item_code, expense_account
  tabPurchase Taxes and Charges: name, parenttype, parent, account_head
  tabPayment Schedule: name, parenttype, parent, payment_term
  tabPayment Entry: name, party_type, party, company, paid_from, paid_to, bank_account, party_bank_account, mode_of_payment
  tabPayment Entry Reference: name, parent, reference_doctype, reference_name
  tabJournal Entry: name, company
  tabJournal Entry Account: name, party_type, party, parenttype, parent, reference_type, reference_name, account
  tabPayment Ledger Entry: name, party_type, party, against_voucher_type, against_voucher_no, account, account_currency, company
  tabGL Entry: name, voucher_type, voucher_no, party_type, party, account, company
  tabDunning: name, customer, dunning_type, company, currency, customer_address, contact_person
  tabOverdue Payment: name, parent, sales_invoice, payment_term
  tabFile: name, attached_to_doctype, attached_to_name
  tabCompany: name, country, default_currency, parent_company
  tabAccount: name, company, parent_account, account_currency
  tabPayment Terms Template: name
  tabPayment Terms Template Detail: name, parent, payment_term
  tabPayment Term: name, mode_of_payment
  tabMode of Payment: name
  tabDunning Type: name
  tabTax Category: name
  tabBank: name
  tabItem: name
  tabCustomer Group: name, parent_customer_group
  tabSupplier Group: name, parent_supplier_group
  tabTerritory: name, parent_territory
  tabCurrency: name
  tabCountry: name
  tabDocType: name
  tabDocField: name
`,
  'TEXT',
)};
INSERT INTO tabCurrency VALUES ('EUR');
INSERT INTO tabCountry VALUES ('Germany');
INSERT INTO tabCompany VALUES ('Own', 'Germany', 'EUR', ''), ('Own South', 'Germany', 'EUR', 'Own');
INSERT INTO tabAccount VALUES ('Assets - O', 'Own', '', ''), ('Debtors - O', 'Own', 'Assets - O', 'EUR'), ('Bank - O', 'Own', '', NULL), ('Sales - O', 'Own', NULL, ''), ('Creditors - O', 'Own', '', '');
INSERT INTO "tabMode of Payment" VALUES ('Wire');
INSERT INTO "tabPayment Term" VALUES ('Net 30', 'Wire');
INSERT INTO "tabPayment Terms Template" VALUES ('Thirty days');
INSERT INTO "tabPayment Terms Template Detail" VALUES ('ptd1', 'Thirty days', 'Net 30');
INSERT INTO "tabDunning Type" VALUES ('First');
INSERT INTO "tabTax Category" VALUES ('Home');
INSERT INTO tabBank VALUES ('Sparbank');
INSERT INTO tabItem VALUES ('Bolt');
INSERT INTO "tabCustomer Group" VALUES ('All', ''), ('Trade', 'All');
INSERT INTO "tabSupplier Group" VALUES ('All', ''), ('Local', 'All');
INSERT INTO tabTerritory VALUES ('World', NULL), ('DE', 'World');
INSERT INTO tabContact VALUES ('Buyer-Farnbeck', 'Ada Buyer', 'buyer@farnbeck.example', 'Farnbeck-Billing');
INSERT INTO "tabContact Email" VALUES ('ce1', 'Buyer-Farnbeck');
INSERT INTO "tabContact Phone" VALUES ('cp1', 'Buyer-Farnbeck');
INSERT INTO tabAddress VALUES ('Farnbeck-Billing', 'Germany', 'Home'), ('Own-Office', 'Germany', NULL);
INSERT INTO tabCustomer VALUES
  ('CUST-1', 'Farnbeck', 'DE123456788', 'post@farnbeck.example', 'Trade', 'DE', 'EUR', 'Thirty days', 'Home', 'Own giro', 'Buyer-Farnbeck', 'Farnbeck-Billing', ''),
  ('CUST-2', 'Sister', NULL, NULL, 'Trade', 'DE', '', '', '', '', '', '', 'Own South');
INSERT INTO tabSupplier VALUES ('SUPP-1', 'Farnbeck', 'DE123456788', NULL, 'Local', 'Germany', 'EUR', 'Thirty days', 'Home', 'Own giro', 'Buyer-Farnbeck', 'Farnbeck-Billing'),
  ('SUPP-2', 'Sister', NULL, NULL, 'Local', '', '', '', '', '', '', '');
INSERT INTO "tabParty Link" VALUES ('pl1', 'Customer', 'CUST-1', 'Supplier', 'SUPP-1'), ('pl2', 'Supplier', 'SUPP-2', 'Customer', 'CUST-2');
INSERT INTO "tabDynamic Link" VALUES ('dl1', 'Customer', 'CUST-1', 'Contact', 'Buyer-Farnbeck'), ('dl2', 'Customer', 'CUST-1', 'Address', 'Farnbeck-Billing'),
  ('dl3', 'Supplier', 'SUPP-1', 'Address', 'Farnbeck-Billing'), ('dl4', 'Company', 'Own', 'Address', 'Own-Office');
INSERT INTO "tabBank Account" VALUES ('Farnbeck giro', 'DE89370400440532013000', 'Farnbeck', 'Customer', 'CUST-1', 'Sparbank', '', ''), ('Own giro', 'DE02120300000000202051', 'Own', '', '', 'Sparbank', 'Own', 'Bank - O'), ('Sister giro', '', 'Sister', 'Supplier', 'SUPP-2', '', '', '');
INSERT INTO "tabParty Account" VALUES ('pa1', 'Customer', 'CUST-1', 'Own', 'Debtors - O', 'Creditors - O'), ('pa2', 'Customer Group', 'Trade', 'Own', 'Debtors - O', NULL), ('pa3', 'Supplier', 'SUPP-1', 'Own', 'Creditors - O', '');
INSERT INTO "tabCustomer Credit Limit" VALUES ('cl1', 'Customer', 'CUST-1', 'Own');
INSERT INTO tabContract VALUES ('CON-1', 'Customer', 'CUST-1'), ('CON-2', 'Supplier', 'SUPP-1'), ('CON-3', 'Employee', 'EMP-1');
INSERT INTO "tabSales Invoice" VALUES ('SINV-1', 'CUST-1', '', '', 'Own', 'EUR', 'Debtors - O', 'Thirty days', 'Farnbeck-Billing', '', 'Buyer-Farnbeck'),
  ('SINV-2', 'CUST-1', 'SINV-1', 'SINV-1', 'Own', 'EUR', 'Debtors - O', '', '', 'Farnbeck-Billing', '');
INSERT INTO "tabSales Invoice Item" VALUES ('si1', 'SINV-1', 'Bolt', 'Sales - O'), ('si2', 'SINV-2', 'Bolt', 'Sales - O');
INSERT INTO "tabSales Taxes and Charges" VALUES ('st1', 'Sales Invoice', 'SINV-1', 'Sales - O'), ('st2', 'Sales Order', 'SO-1', 'Sales - O');
INSERT INTO "tabPurchase Invoice" VALUES ('PINV-1', 'SUPP-1', '', '', 'Own', 'EUR', 'Creditors - O', 'Thirty days', 'Farnbeck-Billing', 'Buyer-Farnbeck'),
  ('PINV-2', 'SUPP-1', 'PINV-1', 'PINV-1', 'Own', 'EUR', 'Creditors - O', '', '', '');
INSERT INTO "tabPurchase Invoice Item" VALUES ('pi1', 'PINV-1', 'Bolt', 'Sales - O');
INSERT INTO "tabPurchase Taxes and Charges" VALUES ('pt1', 'Purchase Invoice', 'PINV-1', 'Sales - O');
INSERT INTO "tabPayment Schedule" VALUES ('ps1', 'Sales Invoice', 'SINV-1', 'Net 30'), ('ps2', 'Purchase Invoice', 'PINV-1', 'Net 30');
INSERT INTO "tabPayment Entry" VALUES ('PE-1', 'Customer', 'CUST-1', 'Own', 'Debtors - O', 'Bank - O', 'Own giro', 'Farnbeck giro', 'Wire'), ('PE-2', 'Supplier', 'SUPP-1', 'Own', 'Bank - O', 'Creditors - O', '', '', 'Wire'), ('PE-3', '', '', 'Own', 'Bank - O', 'Bank - O', '', '', '');
INSERT INTO "tabPayment Entry Reference" VALUES ('pr1', 'PE-1', 'Sales Invoice', 'SINV-1'), ('pr2', 'PE-2', 'Purchase Invoice', 'PINV-1'), ('pr3', 'PE-1', 'Journal Entry', 'JE-1');
INSERT INTO "tabJournal Entry" VALUES ('JE-1', 'Own');
INSERT INTO "tabJournal Entry Account" VALUES ('ja1', 'Customer', 'CUST-1', 'Journal Entry', 'JE-1', 'Sales Invoice', 'SINV-2', 'Debtors - O'), ('ja2', 'Supplier', 'SUPP-1', 'Journal Entry', 'JE-1', 'Purchase Invoice', 'PINV-1', 'Creditors - O'), ('ja3', '', '', 'Journal Entry', 'JE-1', '', '', 'Bank - O');
INSERT INTO "tabPayment Ledger Entry" VALUES ('le1', 'Customer', 'CUST-1', 'Sales Invoice', 'SINV-1', 'Debtors - O', 'EUR', 'Own'), ('le2', 'Supplier', 'SUPP-1', 'Purchase Invoice', 'PINV-1', 'Creditors - O', 'EUR', 'Own');
INSERT INTO "tabGL Entry" VALUES ('gl1', 'Sales Invoice', 'SINV-1', 'Customer', 'CUST-1', 'Debtors - O', 'Own'), ('gl2', 'Sales Invoice', 'SINV-1', '', '', 'Sales - O', 'Own'),
  ('gl3', 'Payment Entry', 'PE-1', 'Customer', 'CUST-1', 'Debtors - O', 'Own'), ('gl4', 'Purchase Invoice', 'PINV-1', 'Supplier', 'SUPP-1', 'Creditors - O', 'Own'), ('gl5', 'Stock Entry', 'STE-1', NULL, NULL, 'Sales - O', 'Own');
INSERT INTO tabDunning VALUES ('DUNN-1', 'CUST-1', 'First', 'Own', 'EUR', 'Farnbeck-Billing', 'Buyer-Farnbeck');
INSERT INTO "tabOverdue Payment" VALUES ('op1', 'DUNN-1', 'SINV-1', 'Net 30');
INSERT INTO tabFile VALUES ('f1', 'Customer', 'CUST-1'), ('f2', 'Sales Invoice', 'SINV-1'), ('f3', 'Purchase Invoice', 'PINV-1'), ('f4', 'Contract', 'CON-1'), ('f5', 'Payment Entry', 'PE-1'), ('f6', 'Supplier', 'SUPP-1'), ('f7', 'Item', 'Bolt'), ('f8', NULL, NULL)
`
