import { makeTables } from './make-tables.ts'

/** Dolibarr 20: its tables as far as a customer is made of them, with one that also sells to us. */
export const DOLIBARR_SYSTEM = `${makeTables(`
  llx_societe: rowid, code_client:t, nom:t, tva_intra:t, email:t, parent, fk_pays, fk_departement, cond_reglement, cond_reglement_supplier, mode_reglement, mode_reglement_supplier, fk_account, multicurrency_code:t
  llx_societe_extrafields: rowid, fk_object
  llx_socpeople: rowid, lastname:t, email:t, fk_soc, fk_pays
  llx_societe_rib: rowid, iban_prefix:t, proprio:t, fk_soc, fk_country
  llx_societe_account: rowid, fk_soc
  llx_societe_commerciaux: rowid, fk_soc, fk_user
  llx_categorie_societe: fk_categorie, fk_soc *
  llx_contrat: rowid, fk_soc
  llx_contratdet: rowid, fk_contrat, fk_product
  llx_facture: rowid, ref:t, fk_soc, fk_facture_source, fk_cond_reglement, fk_mode_reglement, fk_account, multicurrency_code:t
  llx_facture_extrafields: rowid, fk_object
  llx_facturedet: rowid, fk_facture, fk_parent_line, fk_product, fk_remise_except
  llx_societe_remise_except: rowid, fk_soc, fk_facture, fk_facture_source, fk_facture_line
  llx_paiement_facture: rowid, fk_facture, fk_paiement
  llx_paiement: rowid, fk_paiement, fk_bank
  llx_facture_fourn: rowid, ref:t, fk_soc, fk_facture_source, fk_cond_reglement, fk_mode_reglement, fk_account
  llx_facture_fourn_det: rowid, fk_facture_fourn, fk_product
  llx_paiementfourn_facturefourn: rowid, fk_facturefourn, fk_paiementfourn
  llx_paiementfourn: rowid, fk_paiement, fk_bank
  llx_accounting_bookkeeping: rowid, doc_type:t, fk_doc
  llx_ecm_files: rowid, src_object_type:t, src_object_id
  llx_bank: rowid, fk_account
  llx_bank_account: rowid, ref:t
  llx_c_payment_term: rowid, code:t
  llx_c_paiement: id, code:t
  llx_c_currencies: code_iso:t, label:t
  llx_c_country: rowid, code:t
  llx_c_departements: rowid, nom:t
  llx_categorie: rowid, fk_parent
  llx_product: rowid, ref:t
  llx_user: rowid, login:t
  llx_const: rowid, name:t
  llx_boxes_def: rowid, file:t
`)};
INSERT INTO llx_c_country VALUES (1, 'FR');
INSERT INTO llx_c_departements VALUES (1, 'Ain');
INSERT INTO llx_c_payment_term VALUES (1, 'RECEP');
INSERT INTO llx_c_paiement VALUES (2, 'VIR');
INSERT INTO llx_c_currencies VALUES ('EUR', 'Euros');
INSERT INTO llx_bank_account VALUES (1, 'MAIN');
INSERT INTO llx_user VALUES (1, 'clerk');
INSERT INTO llx_product VALUES (1, 'P1');
INSERT INTO llx_categorie VALUES (1, 0), (2, 1);
INSERT INTO llx_societe VALUES
  (1, 'CU1', 'Moulin', 'FR12345678901', 'a@moulin.example', 0, 1, 1, 1, 1, 2, 2, 1, 'EUR'),
  (2, 'CU2', 'Moulin Sud', NULL, NULL, 1, 0, 0, 0, NULL, 0, NULL, 0, '');
INSERT INTO llx_societe_extrafields VALUES (1, 1);
INSERT INTO llx_socpeople VALUES (1, 'Petit', 'p@moulin.example', 1, 1), (2, 'Nobody', NULL, NULL, 0);
INSERT INTO llx_societe_rib VALUES (1, 'FR7630006000011234567890189', 'Moulin', 1, 1);
INSERT INTO llx_societe_account VALUES (1, 1);
INSERT INTO llx_societe_commerciaux VALUES (1, 1, 1), (2, 2, 1);
INSERT INTO llx_categorie_societe VALUES (2, 1);
INSERT INTO llx_contrat VALUES (1, 1);
INSERT INTO llx_contratdet VALUES (1, 1, 1);
INSERT INTO llx_facture VALUES (1, 'FA1', 1, NULL, 1, 2, 1, 'EUR'), (2, 'AV1', 1, 1, 1, NULL, NULL, NULL), (3, 'FA2', 2, NULL, 1, 2, NULL, 'EUR');
INSERT INTO llx_facture_extrafields VALUES (1, 1);
INSERT INTO llx_societe_remise_except VALUES (1, 1, NULL, 2, 2), (2, 1, 1, 2, NULL);
INSERT INTO llx_facturedet VALUES (1, 1, NULL, 1, NULL), (2, 1, 1, NULL, 1), (3, 3, NULL, 1, NULL);
INSERT INTO llx_bank VALUES (1, 1), (2, 1);
INSERT INTO llx_paiement VALUES (1, 2, 1), (2, 2, 0);
INSERT INTO llx_paiement_facture VALUES (1, 1, 1), (2, 3, 2);
INSERT INTO llx_facture_fourn VALUES (1, 'SI1', 1, NULL, 1, 2, 1), (2, 'SC1', 1, 1, 0, NULL, 0);
INSERT INTO llx_facture_fourn_det VALUES (1, 1, 1);
INSERT INTO llx_paiementfourn VALUES (1, 2, 2);
INSERT INTO llx_paiementfourn_facturefourn VALUES (1, 1, 1);
INSERT INTO llx_accounting_bookkeeping VALUES (1, 'customer_invoice', 1), (2, 'supplier_invoice', 1), (3, 'bank', 1);
INSERT INTO llx_ecm_files VALUES (1, 'societe', 1), (2, 'facture', 1), (3, 'facture_fourn', 1), (4, 'contrat', 1), (5, 'product', 1)
`
