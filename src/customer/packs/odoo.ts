import type { Pack } from './pack.ts'

/**
 * After the public definitions of the models, each in one version between 15 and 19 (entries 18, their
 * lines 19, partners after 19, reconciliation and terms 17, payments 15, journals 14, banks 12). Reference
 * data, attachments and tags by what is commonly known of them. Never run against an installation.
 */
export const ODOO: Pack = {
  name: 'odoo',
  title: 'Odoo 16 to 19, modules base, product and account',
  anchor: 'res_partner',
  leftOut: [
    'base_*',
    'bus_*',
    'decimal_precision',
    'ir_act_*',
    'ir_actions*',
    'ir_asset',
    'ir_config_parameter',
    'ir_cron*',
    'ir_default',
    'ir_exports*',
    'ir_filters*',
    'ir_logging',
    'ir_mail_server',
    'ir_model*',
    'ir_module*',
    'ir_profile',
    'ir_rule*',
    'ir_sequence*',
    'ir_ui_*',
    'mail_template*',
    'report_*',
    'res_config*',
    'res_groups*',
    'res_lang',
    'rule_group_rel',
    'web_*',
  ],
  text: `
      # Customers and suppliers alike, their contacts and their further addresses: one tree of partners.
      # The payment terms of a partner are a value by company (a property), which no link can follow.
      $res_partner:
        role: customer
        identity: { number: ref, name: name, taxId: vat, email: email }
        links:
          - { fields: [parent_id], to: $res_partner, rowsMax: 5000 }
          - { fields: [commercial_partner_id], to: $res_partner, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
          - { fields: [country_id], to: $res_country, kind: reference }
          - { fields: [state_id], to: $res_country_state, kind: reference }
          - { fields: [user_id], to: $res_users, kind: reference }
      $res_partner_bank:
        role: bank-account
        identity: { iban: sanitized_acc_number, name: acc_holder_name }
        links:
          - { fields: [partner_id], to: $res_partner }
          - { fields: [bank_id], to: $res_bank, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
      # Tags. Every customer shares them, so nothing is taken along over one.
      $res_partner_res_partner_category_rel:
        role: join
        links:
          - { fields: [partner_id], to: $res_partner }
          - { fields: [category_id], to: $res_partner_category, kind: reference }

      # Invoices, bills, credit notes and all other journal entries. Of a customer with more than 20 000
      # (an anonymous one of a till) the rest is left out, and told.
      $account_move:
        role: invoice
        links:
          - { fields: [partner_id], to: $res_partner, rowsMax: 20000 }
          - { fields: [commercial_partner_id], to: $res_partner, rowsMax: 20000 }
          - { fields: [partner_shipping_id], to: $res_partner, kind: reference }
          - { fields: [partner_bank_id], to: $res_partner_bank, kind: reference }
          - { fields: [invoice_payment_term_id], to: $account_payment_term, kind: reference }
          - { fields: [fiscal_position_id], to: $account_fiscal_position, kind: reference }
          - { fields: [reversed_entry_id], to: $account_move, kind: reference }
          - { fields: [origin_payment_id], to: $account_payment, kind: reference }
          - { fields: [payment_id], to: $account_payment, kind: reference }
          - { fields: [journal_id], to: $account_journal, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
          - { fields: [invoice_user_id], to: $res_users, kind: reference }
      # Lines of an entry. One with lines of several partners is needed by each of them, and nobody's.
      $account_move_line:
        role: invoice-line
        links:
          - { fields: [move_id], to: $account_move }
          - { fields: [partner_id], to: $res_partner, rowsMax: 50000 }
          - { fields: [account_id], to: $account_account, kind: reference }
          - { fields: [tax_line_id], to: $account_tax, kind: reference }
          - { fields: [product_id], to: $product_product, kind: reference }
          - { fields: [payment_id], to: $account_payment, kind: reference }
          - { fields: [full_reconcile_id], to: $account_full_reconcile, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
      $account_move_line_account_tax_rel:
        role: join
        links:
          - { fields: [account_move_line_id], to: $account_move_line }
          - { fields: [account_tax_id], to: $account_tax, kind: reference }
      $account_payment:
        role: payment
        links:
          - { fields: [partner_id], to: $res_partner, rowsMax: 20000 }
          - { fields: [move_id], to: $account_move, kind: reference }
          - { fields: [partner_bank_id], to: $res_partner_bank, kind: reference }
          - { fields: [destination_account_id], to: $account_account, kind: reference }
          - { fields: [journal_id], to: $account_journal, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
      # Which line settles which: what is open follows from these.
      $account_partial_reconcile:
        role: join
        links:
          - { fields: [debit_move_id], to: $account_move_line }
          - { fields: [credit_move_id], to: $account_move_line }
          - { fields: [full_reconcile_id], to: $account_full_reconcile, kind: reference }
          - { fields: [exchange_move_id], to: $account_move, kind: reference }
          - { fields: [debit_currency_id], to: $res_currency, kind: reference }
          - { fields: [credit_currency_id], to: $res_currency, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
      $account_full_reconcile:
        role: other
        links:
          - { fields: [exchange_move_id], to: $account_move, kind: reference }
      $account_move__account_payment:
        role: join
        links:
          - { fields: [invoice_id], to: $account_move }
          - { fields: [payment_id], to: $account_payment }

      # Their bytes lie in the folder \`filestore\` unless Odoo was told to keep them in the database.
      $ir_attachment:
        role: other
        links:
          - { fields: [res_id], when: { res_model: res.partner }, to: $res_partner, none: ['0'], rowsMax: 1000 }
          - { fields: [res_id], when: { res_model: account.move }, to: $account_move, none: ['0'], rowsMax: 1000 }
          - { fields: [res_id], when: { res_model: account.payment }, to: $account_payment, none: ['0'], rowsMax: 1000 }

      $res_users:
        role: other-reference
        links:
          - { fields: [partner_id], to: $res_partner, kind: reference }
          - { fields: [company_id], to: $res_company, kind: reference }
      $res_company:
        role: company-code
        links:
          - { fields: [partner_id], to: $res_partner, kind: reference }
          - { fields: [parent_id], to: $res_company, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
      $res_bank:
        role: other-reference
        links:
          - { fields: [country], to: $res_country, kind: reference }
          - { fields: [state], to: $res_country_state, kind: reference }
      $res_partner_category:
        role: other-reference
        links:
          - { fields: [parent_id], to: $res_partner_category, kind: reference }
      $account_payment_term:
        role: payment-term
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
      $account_payment_term_line:
        role: other-reference
        links:
          - { fields: [payment_id], to: $account_payment_term, kind: reference }
      $account_account:
        role: gl-account
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
      $account_journal:
        role: other-reference
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
          - { fields: [currency_id], to: $res_currency, kind: reference }
          - { fields: [default_account_id], to: $account_account, kind: reference }
          - { fields: [bank_account_id], to: $res_partner_bank, kind: reference }
      $account_tax:
        role: tax-code
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
      $account_fiscal_position:
        role: other-reference
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
          - { fields: [country_id], to: $res_country, kind: reference }
      $product_product:
        role: other-reference
        links:
          - { fields: [product_tmpl_id], to: $product_template, kind: reference }
      $product_template:
        role: other-reference
        links:
          - { fields: [company_id], to: $res_company, kind: reference }
      $res_currency: { role: currency }
      $res_country:
        role: country
        links:
          - { fields: [currency_id], to: $res_currency, kind: reference }
      $res_country_state:
        role: other-reference
        links:
          - { fields: [country_id], to: $res_country, kind: reference }
`,
  finance: {
    values: {
      receivable: {
        table: 'account_account',
        field: 'id',
        by: 'account_type',
        value: 'asset_receivable',
        count: 'all',
      },
    },
    text: `
    # Every posted line on a receivable account: what it debits is an item, what it credits a receipt, and
    # reconciliations say which paid which. In the currency of the company. \`accounts\` and \`account_id\`
    # are to name every receivable account.
    currencies: { source: %source%, entity: $res_currency, code: name, decimals: decimal_places }
    items:
      - source: %source%
        entity: $account_move_line
        number: [id]
        companyCode: { field: company_id, entity: $res_company, key: id, value: name }
        currency: { field: company_currency_id, entity: $res_currency, key: id, value: name }
        date: date
        due: date_maturity
        amount: debit
        when: { account_id: %receivable%, parent_state: [posted] }
    receipts:
      - source: %source%
        entity: $account_move_line
        number: [id]
        companyCode: { field: company_id, entity: $res_company, key: id, value: name }
        currency: { field: company_currency_id, entity: $res_currency, key: id, value: name }
        date: date
        amount: credit
        when: { account_id: %receivable%, parent_state: [posted] }
    clearings:
      # Those of what is owed to suppliers stand among them.
      - source: %source%
        entity: $account_partial_reconcile
        item: [debit_move_id]
        receipt: [credit_move_id]
        date: max_date
        amount: amount
        mixed: true
    controls:
      - source: %source%
        entity: $account_move_line
        companyCode: { field: company_id, entity: $res_company, key: id, value: name }
        currency: { field: company_currency_id, entity: $res_currency, key: id, value: name }
        account: account_id
        accounts: %receivable%
        period: date
        debit: debit
        credit: credit
        when: { parent_state: [posted] }
`,
  },
}
