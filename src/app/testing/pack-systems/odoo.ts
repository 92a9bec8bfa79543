import { makeTables } from './make-tables.ts'

/** Odoo 18: its tables as far as a customer is made of them, with two customers, one of them in a till. */
export const ODOO_SYSTEM = `${makeTables(`
  res_partner: id, ref:t, name:t, vat:t, email:t, parent_id, commercial_partner_id, company_id, country_id, state_id, user_id
  res_partner_bank: id, sanitized_acc_number:t, acc_holder_name:t, partner_id, bank_id, currency_id, company_id
  res_partner_res_partner_category_rel: partner_id, category_id *
  account_move: id, name:t, move_type:t, partner_id, commercial_partner_id, partner_shipping_id, partner_bank_id, invoice_payment_term_id, fiscal_position_id, reversed_entry_id, origin_payment_id, journal_id, currency_id, company_id, invoice_user_id
  account_move_line: id, move_id, partner_id, account_id, tax_line_id, product_id, payment_id, full_reconcile_id, currency_id, company_id, balance
  account_move_line_account_tax_rel: account_move_line_id, account_tax_id *
  account_payment: id, partner_id, move_id, partner_bank_id, destination_account_id, journal_id, currency_id, company_id
  account_partial_reconcile: id, debit_move_id, credit_move_id, full_reconcile_id, exchange_move_id, debit_currency_id, credit_currency_id, company_id
  account_full_reconcile: id, exchange_move_id
  account_move__account_payment: invoice_id, payment_id *
  ir_attachment: id, name:t, res_model:t, res_id
  ir_ui_view: id
  res_users: id, partner_id, company_id
  res_company: id, partner_id, parent_id, currency_id
  res_bank: id, country, state
  res_partner_category: id, parent_id
  account_payment_term: id, company_id
  account_payment_term_line: id, payment_id
  account_account: id, currency_id
  account_journal: id, company_id, currency_id, default_account_id, bank_account_id
  account_tax: id, company_id
  account_fiscal_position: id, company_id, country_id
  product_product: id, product_tmpl_id
  product_template: id, company_id
  res_currency: id
  res_country: id, currency_id
  res_country_state: id, country_id
  stock_move: id, partner_id
`)};
INSERT INTO res_currency VALUES (1);
INSERT INTO res_country VALUES (1, 1);
INSERT INTO res_country_state VALUES (1, 1);
INSERT INTO res_company VALUES (1, 1, NULL, 1), (2, 1, 1, 1);
INSERT INTO res_users VALUES (1, 2, 1);
INSERT INTO res_partner VALUES
  (1, NULL, 'Own company', NULL, NULL, NULL, 1, NULL, 1, 1, NULL),
  (2, NULL, 'A clerk', NULL, NULL, 1, 1, 1, 1, NULL, NULL),
  (10, 'C-10', 'Farnbeck', 'DE123456788', 'post@farnbeck.example', NULL, 10, NULL, 1, 1, 1),
  (11, NULL, 'A buyer', NULL, 'buyer@farnbeck.example', 10, 10, NULL, 1, NULL, NULL),
  (20, 'C-20', 'Till', NULL, NULL, NULL, 20, NULL, NULL, NULL, NULL);
INSERT INTO res_bank VALUES (1, 1, 1);
INSERT INTO res_partner_bank VALUES (1, 'DE89370400440532013000', NULL, 10, 1, 1, NULL), (2, 'DE02120300000000202051', NULL, 1, 1, NULL, 1);
INSERT INTO res_partner_category VALUES (1, NULL), (2, 1);
INSERT INTO res_partner_res_partner_category_rel VALUES (10, 2), (20, 2);
INSERT INTO account_payment_term VALUES (1, NULL), (2, 1);
INSERT INTO account_payment_term_line VALUES (1, 1);
INSERT INTO account_account VALUES (1, 1), (2, NULL), (3, NULL);
INSERT INTO account_journal VALUES (1, 1, NULL, 2, NULL), (2, 1, 1, 3, 2);
INSERT INTO account_tax VALUES (1, 1);
INSERT INTO account_fiscal_position VALUES (1, 1, 1);
INSERT INTO product_template VALUES (1, 1);
INSERT INTO product_product VALUES (1, 1);
INSERT INTO account_payment VALUES (1, 10, 101, 1, 1, 2, 1, 1);
INSERT INTO account_move VALUES
  (100, 'INV/1', 'out_invoice', 11, 10, 11, 2, 1, 1, NULL, NULL, 1, 1, 1, 1),
  (101, 'PBNK/1', 'entry', 10, 10, NULL, NULL, NULL, NULL, NULL, 1, 2, 1, 1, NULL),
  (102, 'RINV/1', 'out_refund', 10, 10, 10, NULL, NULL, NULL, 100, NULL, 1, 1, 1, NULL),
  (103, 'MISC/1', 'entry', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1, 1, 1, NULL);
INSERT INTO account_full_reconcile VALUES (1, 103);
INSERT INTO account_move_line VALUES
  (1, 100, 10, 1, NULL, NULL, NULL, 1, 1, 1, 119), (2, 100, 10, 2, NULL, 1, NULL, NULL, 1, 1, -100),
  (3, 100, 10, 2, 1, NULL, NULL, NULL, 1, 1, -19), (4, 101, 10, 3, NULL, NULL, 1, NULL, 1, 1, 119),
  (5, 101, 10, 1, NULL, NULL, 1, 1, 1, 1, -119), (6, 103, 10, 1, NULL, NULL, NULL, NULL, 1, 1, 5),
  (7, 103, 20, 1, NULL, NULL, NULL, NULL, 1, 1, -5);
INSERT INTO account_move_line_account_tax_rel VALUES (2, 1);
INSERT INTO account_partial_reconcile VALUES (1, 1, 5, 1, 103, 1, 1, 1);
INSERT INTO account_move__account_payment VALUES (100, 1);
INSERT INTO ir_attachment VALUES (1, 'a.pdf', 'account.move', 100), (2, 'b.pdf', 'res.partner', 10), (3, 'asset', 'ir.ui.view', 100), (4, 'loose', 'res.partner', 0), (5, 'slip', 'account.payment', 1)
`
