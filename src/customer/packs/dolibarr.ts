import type { Pack } from './pack.ts'

/**
 * After the public statements that create the tables, each in one version: third parties, bank accounts,
 * payments and the ledger of 20 and later; invoices, their lines, contacts and files in versions from 3 to 8,
 * with what upgrades added since. Extra fields and ledger types by what is commonly known of them. Never run
 * against an installation.
 */
export const DOLIBARR: Pack = {
  name: 'dolibarr',
  title: 'Dolibarr 10 to 22',
  anchor: 'societe',
  leftOut: [
    'boxes*',
    'const',
    'cronjob',
    'document_model',
    'events',
    'export_*',
    'import_*',
    'menu',
    'oauth_*',
    'onlinesignature',
    'rights_def',
    'user_param',
    'user_rights',
    'usergroup_rights',
  ],
  text: `
      # Third parties: one that buys and sells is one record. 0 stands for "none" in most of their fields.
      $societe:
        role: customer
        identity: { number: code_client, name: nom, taxId: tva_intra, email: email }
        links:
          - { fields: [parent], to: $societe, kind: reference, none: ['0'] }
          - { fields: [fk_pays], to: $c_country, kind: reference, none: ['0'] }
          - { fields: [fk_departement], to: $c_departements, kind: reference, none: ['0'] }
          - { fields: [cond_reglement], to: $c_payment_term, kind: reference, none: ['0'] }
          - { fields: [cond_reglement_supplier], to: $c_payment_term, kind: reference, none: ['0'] }
          - { fields: [mode_reglement], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [mode_reglement_supplier], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [fk_account], to: $bank_account, kind: reference, none: ['0'] }
          - { fields: [multicurrency_code], to: $c_currencies, toFields: [code_iso], kind: reference, none: [''] }
      $societe_extrafields:
        role: other
        links:
          - { fields: [fk_object], to: $societe }
      $socpeople:
        role: contact
        identity: { name: lastname, email: email }
        links:
          - { fields: [fk_soc], to: $societe, none: ['0'] }
          - { fields: [fk_pays], to: $c_country, kind: reference, none: ['0'] }
      # Bank accounts, cards and mandates. Since 20 the IBAN may be kept encrypted, and is then not found by.
      $societe_rib:
        role: bank-account
        identity: { iban: iban_prefix, name: proprio }
        links:
          - { fields: [fk_soc], to: $societe }
          - { fields: [fk_country], to: $c_country, kind: reference, none: ['0'] }
      # What they are known as at a payment provider or a shop.
      $societe_account:
        role: other
        links:
          - { fields: [fk_soc], to: $societe }
      $societe_commerciaux:
        role: join
        links:
          - { fields: [fk_soc], to: $societe }
          - { fields: [fk_user], to: $user, kind: reference }
      $categorie_societe:
        role: join
        links:
          - { fields: [fk_soc], to: $societe }
          - { fields: [fk_categorie], to: $categorie, kind: reference }
      $contrat:
        role: contract
        links:
          - { fields: [fk_soc], to: $societe }
      $contratdet:
        role: other
        links:
          - { fields: [fk_contrat], to: $contrat }
          - { fields: [fk_product], to: $product, kind: reference, none: ['0'] }

      $facture:
        role: invoice
        links:
          - { fields: [fk_soc], to: $societe, rowsMax: 20000 }
          - { fields: [fk_facture_source], to: $facture, kind: reference, none: ['0'] }
          - { fields: [fk_cond_reglement], to: $c_payment_term, kind: reference, none: ['0'] }
          - { fields: [fk_mode_reglement], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [fk_account], to: $bank_account, kind: reference, none: ['0'] }
          - { fields: [multicurrency_code], to: $c_currencies, toFields: [code_iso], kind: reference, none: [''] }
      $facture_extrafields:
        role: other
        links:
          - { fields: [fk_object], to: $facture }
      $facturedet:
        role: invoice-line
        links:
          - { fields: [fk_facture], to: $facture }
          - { fields: [fk_parent_line], to: $facturedet, kind: reference, none: ['0'] }
          - { fields: [fk_product], to: $product, kind: reference, none: ['0'] }
          - { fields: [fk_remise_except], to: $societe_remise_except, kind: reference, none: ['0'] }
      # Deposits and credits that wait for an invoice to be set off against.
      $societe_remise_except:
        role: other
        links:
          - { fields: [fk_soc], to: $societe }
          - { fields: [fk_facture], to: $facture, kind: reference, none: ['0'] }
          - { fields: [fk_facture_source], to: $facture, kind: reference, none: ['0'] }
          - { fields: [fk_facture_line], to: $facturedet, kind: reference, none: ['0'] }
      # A payment does not say whose it is: it comes with the allocation to an invoice, and so does its
      # line in the bank journal.
      $paiement_facture:
        role: join
        links:
          - { fields: [fk_facture], to: $facture }
          - { fields: [fk_paiement], to: $paiement, kind: same }
      $paiement:
        role: payment
        links:
          - { fields: [fk_paiement], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [fk_bank], to: $bank, kind: same, none: ['0'] }

      $facture_fourn:
        role: invoice
        links:
          - { fields: [fk_soc], to: $societe, rowsMax: 20000 }
          - { fields: [fk_facture_source], to: $facture_fourn, kind: reference, none: ['0'] }
          - { fields: [fk_cond_reglement], to: $c_payment_term, kind: reference, none: ['0'] }
          - { fields: [fk_mode_reglement], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [fk_account], to: $bank_account, kind: reference, none: ['0'] }
      $facture_fourn_det:
        role: invoice-line
        links:
          - { fields: [fk_facture_fourn], to: $facture_fourn }
          - { fields: [fk_product], to: $product, kind: reference, none: ['0'] }
      $paiementfourn_facturefourn:
        role: join
        links:
          - { fields: [fk_facturefourn], to: $facture_fourn }
          - { fields: [fk_paiementfourn], to: $paiementfourn, kind: same }
      $paiementfourn:
        role: payment
        links:
          - { fields: [fk_paiement], to: $c_paiement, kind: reference, none: ['0'] }
          - { fields: [fk_bank], to: $bank, kind: same, none: ['0'] }
      # The ledger, where the module for double-entry accounting is on.
      $accounting_bookkeeping:
        role: other
        links:
          - { fields: [fk_doc], when: { doc_type: customer_invoice }, to: $facture }
          - { fields: [fk_doc], when: { doc_type: supplier_invoice }, to: $facture_fourn }
      # The list of files; the files themselves lie in the folder \`documents\`.
      $ecm_files:
        role: other
        links:
          - { fields: [src_object_id], when: { src_object_type: societe }, to: $societe, none: ['0'], rowsMax: 1000 }
          - { fields: [src_object_id], when: { src_object_type: facture }, to: $facture, none: ['0'], rowsMax: 1000 }
          - { fields: [src_object_id], when: { src_object_type: facture_fourn }, to: $facture_fourn, none: ['0'], rowsMax: 1000 }
          - { fields: [src_object_id], when: { src_object_type: contrat }, to: $contrat, none: ['0'], rowsMax: 1000 }

      $bank:
        role: other
        links:
          - { fields: [fk_account], to: $bank_account, kind: reference }
      $bank_account: { role: other-reference }
      $c_payment_term: { role: payment-term }
      $c_paiement: { role: other-reference }
      $c_currencies: { role: currency }
      $c_country: { role: country }
      $c_departements: { role: other-reference }
      $categorie:
        role: other-reference
        links:
          - { fields: [fk_parent], to: $categorie, kind: reference, none: ['0'] }
      $product: { role: other-reference }
      $user: { role: other-reference }
`,
  finance: {
    values: {
      currency: { table: 'const', field: 'value', by: 'name', value: 'MAIN_MONNAIE', count: 'one' },
      receivable: {
        table: 'const',
        field: 'value',
        by: 'name',
        value: 'ACCOUNTING_ACCOUNT_CUSTOMER',
        count: 'all',
      },
    },
    text: `
    # Validated invoices in the main currency; the company is the number of the entity. Abandoned ones stand as
    # open, as in the ledger. A deposit or credit note that was set off against an invoice clears both, from
    # the day on which it was made a discount: the day on which it was used is not kept.
    items:
      - source: %source%
        entity: $facture
        number: [rowid]
        companyCode: entity
        currency: { is: %currency% }
        date: datef
        due: date_lim_reglement
        amount: total_ttc
        unless: { fk_statut: ['0'], close_code: [replaced] }
    receipts:
      - source: %source%
        entity: $paiement
        number: [rowid]
        companyCode: entity
        currency: { is: %currency% }
        date: datep
        amount: amount
    clearings:
      - source: %source%
        entity: $paiement_facture
        item: [fk_facture]
        receipt: [fk_paiement]
        amount: amount
      - source: %source%
        entity: $societe_remise_except
        item: [fk_facture]
        date: datec
        amount: amount_ttc
        unless: { fk_facture: [null] }
      - source: %source%
        entity: $societe_remise_except
        item: [fk_facture_source]
        date: datec
        amount: amount_ttc
        side: credit
        when: { description: ['(CREDIT_NOTE)', '(EXCESS RECEIVED)'] }
        unless: { fk_facture: [null] }
      - source: %source%
        entity: $societe_remise_except
        item: [fk_facture_source]
        date: datec
        amount: amount_ttc
        side: credit
        when: { description: ['(CREDIT_NOTE)', '(EXCESS RECEIVED)'] }
        unless: { fk_facture_line: [null] }
    # The ledger, where the module for double-entry accounting is on.
    controls:
      - source: %source%
        entity: $accounting_bookkeeping
        companyCode: entity
        currency: { is: %currency% }
        account: numero_compte
        accounts: %receivable%
        period: doc_date
        debit: debit
        credit: credit
`,
  },
}
