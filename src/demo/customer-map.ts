/** The customer map of the demo: which tables of the three systems make up a customer. */
export const DEMO_CUSTOMER_MAP = `# What makes up a customer of the trading group, over its three systems.
# \`holdfast map check\` says whether it is true; \`holdfast map discover\` proposes one for your own.
version: 1
match: [taxId]
# What \`holdfast report receivables\` reads, and holds against the general ledger.
finance:
  receivables:
    currencies: { source: erp, entity: main.currency, code: code, decimals: decimals }
    items:
      - source: billing
        entity: main.invoice
        number: [invoice_number]
        companyCode: company_code
        currency: currency
        date: issued_on
        due: due_on
        amount: gross
        open: open_amount
        # A credit note is set off against the invoice that it takes back.
        reverses: [cancels_invoice]
        unless: { status: [in-approval] }
    receipts:
      - source: billing
        entity: main.payment
        number: [payment_id]
        companyCode: company_code
        currency: currency
        date: received_on
        amount: amount
    clearings:
      - { source: billing, entity: main.payment_allocation, item: [invoice_number], receipt: [payment_id], amount: amount }
    disputes:
      - { source: billing, entity: main.dispute, item: [invoice_number], date: opened_on, amount: amount }
    controls:
      - source: erp
        entity: main.gl_balance
        companyCode: company_code
        currency: currency
        account: account
        accounts: ['0000140000', '0000141000']
        period: period
        balance: balance
sources:
  crm:
    entities:
      main.account:
        role: customer
        identity: { number: account_id, name: name, taxId: tax_id }
        links:
          - { fields: [parent_account_id], to: main.account, kind: reference }
          - { fields: [owner_id], to: main.sales_rep, kind: reference }
          - { fields: [country_code], source: erp, to: main.country, kind: reference }
      # The CRM keeps the numbers that the other two know an account by.
      main.account_external_id:
        role: crosswalk
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [external_id], when: { system: erp }, source: erp, to: main.customer, kind: same }
          - { fields: [external_id], when: { system: billing }, source: billing, to: main.debtor, kind: same }
      main.contact:
        role: contact
        identity: { email: email, phone: phone }
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [reports_to_id], to: main.contact, kind: reference }
      main.address:
        role: address
        identity: { street: street, postcode: postal_code }
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [country_code], source: erp, to: main.country, kind: reference }
      main.consent:
        role: consent
        links:
          - { fields: [contact_id], to: main.contact }
      main.kyc_case:
        role: kyc-case
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [reviewer_id], to: main.sales_rep, kind: reference }
      main.kyc_document:
        role: kyc-document
        links:
          - { fields: [case_id], to: main.kyc_case }
      main.credit_line:
        role: credit-line
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [approved_by], to: main.sales_rep, kind: reference }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.contract:
        role: contract
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.acquisition_cost:
        role: acquisition-cost
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.financial_statement:
        role: financial-statement
        links:
          - { fields: [account_id], to: main.account }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.sales_rep:
        role: other-reference
        links:
          - { fields: [manager_id], to: main.sales_rep, kind: reference }

  erp:
    entities:
      main.customer:
        role: customer
        identity: { number: customer_number, name: name, taxId: tax_id }
        links:
          - { fields: [alternative_payer], to: main.customer, kind: reference }
          - { fields: [country], to: main.country, kind: reference }
      main.customer_company:
        role: company-code-data
        links:
          - { fields: [customer_number], to: main.customer }
          - { fields: [company_code], to: main.company_code, kind: reference }
          - { fields: [company_code, reconciliation_account], to: main.gl_account, kind: reference }
          - { fields: [payment_terms], to: main.payment_terms, kind: reference }
          - { fields: [credit_memo_terms], to: main.payment_terms, kind: reference }
      main.customer_sales_area:
        role: sales-area
        links:
          - { fields: [customer_number], to: main.customer }
          - { fields: [company_code], to: main.company_code, kind: reference }
          - { fields: [currency], to: main.currency, kind: reference }
      # Which customer is ship-to or payer of which: many to many, by way of the sales area.
      main.customer_partner:
        role: partner-function
        links:
          - { fields: [customer_number, company_code, channel], to: main.customer_sales_area }
          - { fields: [partner_number], to: main.customer, kind: reference }
      main.customer_bank_account:
        role: bank-account
        identity: { iban: iban }
        links:
          - { fields: [customer_number], to: main.customer }
          - { fields: [country], to: main.country, kind: reference }
      main.tax_registration:
        role: tax-registration
        links:
          - { fields: [customer_number], to: main.customer }
          - { fields: [country], to: main.country, kind: reference }
      # A supplier that is a customer, too, is one party with two roles.
      main.supplier:
        role: supplier
        identity: { number: supplier_number, name: name, taxId: tax_id }
        links:
          - { fields: [customer_number], to: main.customer, kind: same }
          - { fields: [country], to: main.country, kind: reference }
          - { fields: [payment_terms], to: main.payment_terms, kind: reference }
      main.supplier_bank_account:
        role: bank-account
        identity: { iban: iban }
        links:
          - { fields: [supplier_number], to: main.supplier }
      main.letter_of_credit:
        role: letter-of-credit
        links:
          - { fields: [customer_number, company_code], to: main.customer_company }
          - { fields: [currency], to: main.currency, kind: reference }
      main.letter_of_credit_amendment:
        role: lc-amendment
        links:
          - { fields: [lc_number], to: main.letter_of_credit }
      main.letter_of_credit_document:
        role: lc-document
        links:
          - { fields: [lc_number], to: main.letter_of_credit }
      main.company_code:
        role: company-code
        links:
          - { fields: [country], to: main.country, kind: reference }
          - { fields: [currency], to: main.currency, kind: reference }
      main.gl_account:
        role: gl-account
        links:
          - { fields: [company_code], to: main.company_code, kind: reference }
      main.payment_terms: { role: payment-term }
      main.tax_code:
        role: tax-code
        links:
          - { fields: [company_code], to: main.company_code, kind: reference }
      main.currency: { role: currency }
      main.country: { role: country }
    # Sums over all customers.
    leftOut: [main.gl_balance]

  billing:
    entities:
      main.debtor:
        role: customer
        identity: { number: debtor_id, name: name, taxId: tax_id, email: email }
        links:
          - { fields: [customer_number], source: erp, to: main.customer, kind: same }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.invoice:
        role: invoice
        links:
          - { fields: [debtor_id], to: main.debtor }
          - { fields: [cancels_invoice], to: main.invoice, kind: reference }
          - { fields: [company_code], source: erp, to: main.company_code, kind: reference }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
          - { fields: [payment_terms], source: erp, to: main.payment_terms, kind: reference }
      main.invoice_line:
        role: invoice-line
        links:
          - { fields: [invoice_number], to: main.invoice }
          - { fields: [article_number], to: main.article, kind: reference }
      main.invoice_approval:
        role: invoice-approval
        links:
          - { fields: [invoice_number], to: main.invoice }
      main.payment:
        role: payment
        links:
          - { fields: [debtor_id], to: main.debtor }
          - { fields: [company_code], source: erp, to: main.company_code, kind: reference }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      # Which payment settles which invoice: many to many.
      main.payment_allocation:
        role: join
        links:
          - { fields: [payment_id], to: main.payment }
          - { fields: [invoice_number], to: main.invoice }
      main.dunning_notice:
        role: dunning
        links:
          - { fields: [debtor_id], to: main.debtor }
      main.dunning_item:
        role: join
        links:
          - { fields: [notice_id], to: main.dunning_notice }
          - { fields: [invoice_number], to: main.invoice }
      main.collection_case:
        role: dunning
        links:
          - { fields: [debtor_id], to: main.debtor }
      main.promise_to_pay:
        role: promise-to-pay
        links:
          - { fields: [case_id], to: main.collection_case }
          - { fields: [currency], source: erp, to: main.currency, kind: reference }
      main.dispute:
        role: dispute
        links:
          - { fields: [invoice_number], to: main.invoice }
      main.article: { role: other-reference }
`
