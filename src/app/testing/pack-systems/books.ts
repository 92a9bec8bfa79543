/**
 * What customers owe in the systems beside this file: fields and records that their finance is about,
 * each with an invoice that was paid in part, a receipt that paid nothing, and something that does not count.
 */

function add(table: string, ...fields: readonly string[]): string {
  return fields.map((field) => `ALTER TABLE "${table}" ADD COLUMN "${field}" TEXT`).join(';\n')
}

export const ODOO_BOOKS = `;
${add('res_currency', 'name', 'decimal_places')};
${add('res_company', 'name')};
${add('account_account', 'account_type')};
${add('account_move_line', 'date', 'date_maturity', 'debit', 'credit', 'company_currency_id', 'parent_state')};
${add('account_partial_reconcile', 'amount', 'max_date')};
UPDATE res_currency SET name = 'EUR', decimal_places = '2';
UPDATE res_company SET name = 'Own Ltd' WHERE id = 1;
UPDATE account_account SET account_type = CASE id WHEN 1 THEN 'asset_receivable' ELSE 'income' END;
INSERT INTO account_account (id, account_type) VALUES (4, 'liability_payable');
INSERT INTO account_move_line (id, move_id, account_id, company_id) VALUES (8, 103, 4, 1), (9, 103, 4, 1), (10, 103, 1, 1);
UPDATE account_move_line SET debit = '0.00', credit = '0.00', date = '2026-05-01', company_currency_id = '1', parent_state = 'posted';
UPDATE account_move_line SET debit = '119.00', date_maturity = '2026-05-31' WHERE id = 1;
UPDATE account_move_line SET credit = '100.00', date = '2026-06-10' WHERE id = 5;
UPDATE account_move_line SET debit = '5.00', date_maturity = '2026-08-01' WHERE id = 6;
UPDATE account_move_line SET credit = '5.00' WHERE id = 7;
UPDATE account_move_line SET debit = '999.00', parent_state = 'draft' WHERE id = 10;
UPDATE account_partial_reconcile SET amount = '100.00', max_date = '2026-06-10';
INSERT INTO account_partial_reconcile (id, debit_move_id, credit_move_id, amount, max_date) VALUES (2, 8, 9, '7.00', '2026-06-01')`

export const ERPNEXT_BOOKS = `;
${add('tabAccount', 'account_type')};
${add('tabPayment Ledger Entry', 'account_type', 'voucher_type', 'voucher_no', 'posting_date', 'due_date', 'amount_in_account_currency', 'delinked')};
${add('tabGL Entry', 'posting_date', 'account_currency', 'debit_in_account_currency', 'credit_in_account_currency', 'is_cancelled')};
UPDATE tabAccount SET account_type = 'Receivable' WHERE name = 'Debtors - O';
DELETE FROM "tabPayment Ledger Entry";
INSERT INTO "tabPayment Ledger Entry" (name, voucher_type, voucher_no, against_voucher_type, against_voucher_no, posting_date, due_date, amount_in_account_currency, account_type, delinked) VALUES
  ('le1', 'Sales Invoice', 'SINV-1', 'Sales Invoice', 'SINV-1', '2026-05-01', '2026-05-31', '119.000000000', 'Receivable', '0'),
  ('le2', 'Sales Invoice', 'SINV-2', 'Sales Invoice', 'SINV-1', '2026-05-10', '2026-05-10', '-19.000000000', 'Receivable', '0'),
  ('le3', 'Payment Entry', 'PE-1', 'Sales Invoice', 'SINV-1', '2026-06-10', NULL, '-60.000000000', 'Receivable', '0'),
  ('le4', 'Payment Entry', 'PE-1', 'Payment Entry', 'PE-1', '2026-06-10', NULL, '-40.000000000', 'Receivable', '0'),
  ('le5', 'Journal Entry', 'JE-1', 'Journal Entry', 'JE-1', '2026-05-01', '2026-08-01', '5.000000000', 'Receivable', '0'),
  ('le6', 'Payment Entry', 'PE-1', 'Payment Entry', 'PE-1', '2026-06-10', NULL, '-100.000000000', 'Receivable', '1'),
  ('le7', 'Purchase Invoice', 'PINV-1', 'Purchase Invoice', 'PINV-1', '2026-06-10', NULL, '70.000000000', 'Payable', '0');
UPDATE "tabPayment Ledger Entry" SET party_type = 'Customer', party = 'CUST-1', account = 'Debtors - O', account_currency = 'EUR', company = 'Own';
DELETE FROM "tabGL Entry";
INSERT INTO "tabGL Entry" (name, voucher_type, voucher_no, account, posting_date, debit_in_account_currency, credit_in_account_currency, is_cancelled) VALUES
  ('g1', 'Sales Invoice', 'SINV-1', 'Debtors - O', '2026-05-01', '119.000000000', '0.000000000', '0'),
  ('g2', 'Sales Invoice', 'SINV-2', 'Debtors - O', '2026-05-10', '0.000000000', '19.000000000', '0'),
  ('g3', 'Payment Entry', 'PE-1', 'Debtors - O', '2026-06-10', '0.000000000', '100.000000000', '0'),
  ('g4', 'Journal Entry', 'JE-1', 'Debtors - O', '2026-05-01', '5.000000000', '0.000000000', '0'),
  ('g5', 'Sales Invoice', 'SINV-1', 'Debtors - O', '2026-05-01', '999.000000000', '0.000000000', '1'),
  ('g6', 'Sales Invoice', 'SINV-1', 'Sales - O', '2026-05-01', '0.000000000', '100.000000000', '0');
UPDATE "tabGL Entry" SET account_currency = 'EUR', company = 'Own'`

export const DOLIBARR_BOOKS = `;
${add('llx_const', 'value')};
${add('llx_facture', 'entity', 'datef', 'date_lim_reglement', 'total_ttc', 'fk_statut', 'close_code')};
${add('llx_paiement', 'entity', 'datep', 'amount')};
${add('llx_paiement_facture', 'amount')};
${add('llx_societe_remise_except', 'datec', 'amount_ttc', 'description')};
${add('llx_accounting_bookkeeping', 'entity', 'doc_date', 'numero_compte', 'debit', 'credit')};
INSERT INTO llx_const VALUES (1, 'MAIN_MONNAIE', 'EUR'), (2, 'ACCOUNTING_ACCOUNT_CUSTOMER', '411000');
INSERT INTO llx_facture (rowid, fk_soc) VALUES (4, 1), (5, 1);
UPDATE llx_facture SET entity = '1', datef = '2026-05-01', date_lim_reglement = '2026-05-31', total_ttc = '119.00000000', fk_statut = '1';
UPDATE llx_facture SET total_ttc = '-19.00000000', fk_statut = '2', datef = '2026-05-10' WHERE rowid = 2;
UPDATE llx_facture SET total_ttc = '50.00000000', fk_statut = '2' WHERE rowid = 3;
UPDATE llx_facture SET fk_statut = '0' WHERE rowid = 4;
UPDATE llx_facture SET fk_statut = '3', close_code = 'replaced' WHERE rowid = 5;
UPDATE llx_societe_remise_except SET datec = '2026-05-10 09:00:00', amount_ttc = '19.00000000', description = '(CREDIT_NOTE)';
UPDATE llx_societe_remise_except SET description = '(DEPOSIT)' WHERE rowid = 1;
UPDATE llx_paiement SET entity = '1', datep = '2026-06-10 12:00:00', amount = CASE rowid WHEN 1 THEN '60.00000000' ELSE '70.00000000' END;
UPDATE llx_paiement_facture SET amount = CASE rowid WHEN 1 THEN '60.00000000' ELSE '50.00000000' END;
DELETE FROM llx_accounting_bookkeeping;
INSERT INTO llx_accounting_bookkeeping (rowid, doc_date, numero_compte, debit, credit) VALUES
  (1, '2026-05-01', '411000', '169.00', '0.00'), (2, '2026-05-10', '411000', '0.00', '19.00'),
  (3, '2026-06-10', '411000', '0.00', '130.00'), (4, '2026-05-01', '701000', '0.00', '169.00');
UPDATE llx_accounting_bookkeeping SET entity = '1'`
