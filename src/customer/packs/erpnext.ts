import type { Pack } from './pack.ts'

/**
 * After the public definitions of the document types, each in one version: those of customers, suppliers,
 * contacts, addresses, files and the journal of 2023 (14, 15), dunning of 2024 (15), contracts, bank accounts
 * and references of payments of 2025 and 2026 (16), bills about 15; links of contacts, sales invoices,
 * payments, the ledger and accounts of parties in older ones. Lines, taxes, schedules and reference data by
 * what is commonly known of them. Never run against an installation.
 */
export const ERPNEXT: Pack = {
  name: 'erpnext',
  title: 'ERPNext 14 to 16 on Frappe',
  anchor: 'tabCustomer',
  leftOut: [
    '__*',
    'tabActivity Log',
    'tabClient Script',
    'tabCustom *',
    'tabDashboard*',
    'tabDeleted Document',
    'tabDoc*',
    'tabError *',
    'tabHas Role',
    'tabLanguage',
    'tabModule *',
    'tabNotification*',
    'tabNumber Card*',
    'tabOAuth *',
    'tabPage*',
    'tabPatch Log',
    'tabPortal *',
    'tabPrint *',
    'tabProperty Setter',
    'tabReport*',
    'tabRole*',
    'tabScheduled Job *',
    'tabSeries',
    'tabServer Script',
    'tabSessions',
    'tabSingles',
    'tabTranslation',
    'tabVersion',
    'tabWeb *',
    'tabWorkflow*',
    'tabWorkspace*',
  ],
  text: `
      # Every record has its name as its key. An empty text stands for "none", too.
      $tabCustomer:
        role: customer
        identity: { number: name, name: customer_name, taxId: tax_id, email: email_id }
        links:
          - { fields: [customer_group], to: $"tabCustomer Group", kind: reference, none: [''] }
          - { fields: [territory], to: $tabTerritory, kind: reference, none: [''] }
          - { fields: [default_currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [payment_terms], to: $"tabPayment Terms Template", kind: reference, none: [''] }
          - { fields: [tax_category], to: $"tabTax Category", kind: reference, none: [''] }
          - { fields: [default_bank_account], to: $"tabBank Account", kind: reference, none: [''] }
          - { fields: [customer_primary_contact], to: $tabContact, kind: reference, none: [''] }
          - { fields: [customer_primary_address], to: $tabAddress, kind: reference, none: [''] }
          - { fields: [represents_company], to: $tabCompany, kind: reference, none: [''] }
      $tabSupplier:
        role: supplier
        identity: { number: name, name: supplier_name, taxId: tax_id, email: email_id }
        links:
          - { fields: [supplier_group], to: $"tabSupplier Group", kind: reference, none: [''] }
          - { fields: [country], to: $tabCountry, kind: reference, none: [''] }
          - { fields: [default_currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [payment_terms], to: $"tabPayment Terms Template", kind: reference, none: [''] }
          - { fields: [tax_category], to: $"tabTax Category", kind: reference, none: [''] }
          - { fields: [default_bank_account], to: $"tabBank Account", kind: reference, none: [''] }
          - { fields: [supplier_primary_contact], to: $tabContact, kind: reference, none: [''] }
          - { fields: [supplier_primary_address], to: $tabAddress, kind: reference, none: [''] }
      # Which customer is which supplier.
      $"tabParty Link":
        role: crosswalk
        links:
          - { fields: [primary_party], when: { primary_role: Customer }, to: $tabCustomer, kind: same }
          - { fields: [primary_party], when: { primary_role: Supplier }, to: $tabSupplier, kind: same }
          - { fields: [secondary_party], when: { secondary_role: Customer }, to: $tabCustomer, kind: same }
          - { fields: [secondary_party], when: { secondary_role: Supplier }, to: $tabSupplier, kind: same }
      # Contacts and addresses do not say whose they are: they come with the rows that tie them to a party.
      $"tabDynamic Link":
        role: join
        links:
          - { fields: [link_name], when: { link_doctype: Customer }, to: $tabCustomer, rowsMax: 5000 }
          - { fields: [link_name], when: { link_doctype: Supplier }, to: $tabSupplier, rowsMax: 5000 }
          - { fields: [parent], when: { parenttype: Contact }, to: $tabContact, kind: same, rowsMax: 100 }
          - { fields: [parent], when: { parenttype: Address }, to: $tabAddress, kind: same, rowsMax: 100 }
      $tabContact:
        role: contact
        identity: { name: full_name, email: email_id }
        links:
          - { fields: [address], to: $tabAddress, kind: reference, none: [''] }
      $"tabContact Email":
        role: other
        links:
          - { fields: [parent], to: $tabContact }
      $"tabContact Phone":
        role: other
        links:
          - { fields: [parent], to: $tabContact }
      $tabAddress:
        role: address
        links:
          - { fields: [country], to: $tabCountry, kind: reference, none: [''] }
          - { fields: [tax_category], to: $"tabTax Category", kind: reference, none: [''] }
      $"tabBank Account":
        role: bank-account
        identity: { iban: iban, name: account_name }
        links:
          - { fields: [party], when: { party_type: Customer }, to: $tabCustomer, none: [''] }
          - { fields: [party], when: { party_type: Supplier }, to: $tabSupplier, none: [''] }
          - { fields: [bank], to: $tabBank, kind: reference, none: [''] }
          - { fields: [company], to: $tabCompany, kind: reference, none: [''] }
          - { fields: [account], to: $tabAccount, kind: reference, none: [''] }
      $"tabParty Account":
        role: company-code-data
        links:
          - { fields: [parent], when: { parenttype: Customer }, to: $tabCustomer }
          - { fields: [parent], when: { parenttype: Supplier }, to: $tabSupplier }
          - { fields: [company], to: $tabCompany, kind: reference, none: [''] }
          - { fields: [account], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [advance_account], to: $tabAccount, kind: reference, none: [''] }
      $"tabCustomer Credit Limit":
        role: credit-line
        links:
          - { fields: [parent], when: { parenttype: Customer }, to: $tabCustomer }
          - { fields: [company], to: $tabCompany, kind: reference, none: [''] }
      $tabContract:
        role: contract
        links:
          - { fields: [party_name], when: { party_type: Customer }, to: $tabCustomer }
          - { fields: [party_name], when: { party_type: Supplier }, to: $tabSupplier }

      # Of a customer with more than 20 000 invoices (the one of a till) the rest is left out, and told.
      $"tabSales Invoice":
        role: invoice
        links:
          - { fields: [customer], to: $tabCustomer, rowsMax: 20000 }
          - { fields: [return_against], to: $"tabSales Invoice", kind: reference, none: [''] }
          - { fields: [amended_from], to: $"tabSales Invoice", kind: reference, none: [''] }
          - { fields: [company], to: $tabCompany, kind: reference }
          - { fields: [currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [debit_to], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [payment_terms_template], to: $"tabPayment Terms Template", kind: reference, none: [''] }
          - { fields: [customer_address], to: $tabAddress, kind: reference, none: [''] }
          - { fields: [shipping_address_name], to: $tabAddress, kind: reference, none: [''] }
          - { fields: [contact_person], to: $tabContact, kind: reference, none: [''] }
      $"tabSales Invoice Item":
        role: invoice-line
        links:
          - { fields: [parent], to: $"tabSales Invoice" }
          - { fields: [item_code], to: $tabItem, kind: reference, none: [''] }
          - { fields: [income_account], to: $tabAccount, kind: reference, none: [''] }
      $"tabSales Taxes and Charges":
        role: other
        links:
          - { fields: [parent], when: { parenttype: Sales Invoice }, to: $"tabSales Invoice" }
          - { fields: [account_head], to: $tabAccount, kind: reference, none: [''] }
      $"tabPurchase Invoice":
        role: invoice
        links:
          - { fields: [supplier], to: $tabSupplier, rowsMax: 20000 }
          - { fields: [return_against], to: $"tabPurchase Invoice", kind: reference, none: [''] }
          - { fields: [amended_from], to: $"tabPurchase Invoice", kind: reference, none: [''] }
          - { fields: [company], to: $tabCompany, kind: reference }
          - { fields: [currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [credit_to], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [payment_terms_template], to: $"tabPayment Terms Template", kind: reference, none: [''] }
          - { fields: [supplier_address], to: $tabAddress, kind: reference, none: [''] }
          - { fields: [contact_person], to: $tabContact, kind: reference, none: [''] }
      $"tabPurchase Invoice Item":
        role: invoice-line
        links:
          - { fields: [parent], to: $"tabPurchase Invoice" }
          - { fields: [item_code], to: $tabItem, kind: reference, none: [''] }
          - { fields: [expense_account], to: $tabAccount, kind: reference, none: [''] }
      $"tabPurchase Taxes and Charges":
        role: other
        links:
          - { fields: [parent], when: { parenttype: Purchase Invoice }, to: $"tabPurchase Invoice" }
          - { fields: [account_head], to: $tabAccount, kind: reference, none: [''] }
      # What is due of an invoice, and when.
      $"tabPayment Schedule":
        role: other
        links:
          - { fields: [parent], when: { parenttype: Sales Invoice }, to: $"tabSales Invoice" }
          - { fields: [parent], when: { parenttype: Purchase Invoice }, to: $"tabPurchase Invoice" }
          - { fields: [payment_term], to: $"tabPayment Term", kind: reference, none: [''] }
      $"tabPayment Entry":
        role: payment
        links:
          - { fields: [party], when: { party_type: Customer }, to: $tabCustomer, none: [''], rowsMax: 20000 }
          - { fields: [party], when: { party_type: Supplier }, to: $tabSupplier, none: [''], rowsMax: 20000 }
          - { fields: [company], to: $tabCompany, kind: reference }
          - { fields: [paid_from], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [paid_to], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [bank_account], to: $"tabBank Account", kind: reference, none: [''] }
          - { fields: [party_bank_account], to: $"tabBank Account", kind: reference, none: [''] }
          - { fields: [mode_of_payment], to: $"tabMode of Payment", kind: reference, none: [''] }
      $"tabPayment Entry Reference":
        role: join
        links:
          - { fields: [parent], to: $"tabPayment Entry" }
          - { fields: [reference_name], when: { reference_doctype: Sales Invoice }, to: $"tabSales Invoice" }
          - { fields: [reference_name], when: { reference_doctype: Purchase Invoice }, to: $"tabPurchase Invoice" }
          - { fields: [reference_name], when: { reference_doctype: Journal Entry }, to: $"tabJournal Entry", kind: reference }
      # An entry comes as a whole with any of its lines, unless it has so many that it is of all parties.
      $"tabJournal Entry":
        role: other
        links:
          - { fields: [company], to: $tabCompany, kind: reference }
      $"tabJournal Entry Account":
        role: other
        links:
          - { fields: [party], when: { party_type: Customer }, to: $tabCustomer, none: [''], rowsMax: 20000 }
          - { fields: [party], when: { party_type: Supplier }, to: $tabSupplier, none: [''], rowsMax: 20000 }
          - { fields: [parent], when: { parenttype: Journal Entry }, to: $"tabJournal Entry", kind: same, rowsMax: 200 }
          - { fields: [reference_name], when: { reference_type: Sales Invoice }, to: $"tabSales Invoice", kind: reference, none: [''] }
          - { fields: [reference_name], when: { reference_type: Purchase Invoice }, to: $"tabPurchase Invoice", kind: reference, none: [''] }
          - { fields: [account], to: $tabAccount, kind: reference }
      # Open items: what is owed by whom follows from these, and from the ledger.
      $"tabPayment Ledger Entry":
        role: other
        links:
          - { fields: [party], when: { party_type: Customer }, to: $tabCustomer, none: [''], rowsMax: 50000 }
          - { fields: [party], when: { party_type: Supplier }, to: $tabSupplier, none: [''], rowsMax: 50000 }
          - { fields: [against_voucher_no], when: { against_voucher_type: Sales Invoice }, to: $"tabSales Invoice", kind: reference, none: [''] }
          - { fields: [against_voucher_no], when: { against_voucher_type: Purchase Invoice }, to: $"tabPurchase Invoice", kind: reference, none: [''] }
          - { fields: [account], to: $tabAccount, kind: reference }
          - { fields: [account_currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [company], to: $tabCompany, kind: reference }
      $"tabGL Entry":
        role: other
        links:
          - { fields: [voucher_no], when: { voucher_type: Sales Invoice }, to: $"tabSales Invoice" }
          - { fields: [voucher_no], when: { voucher_type: Purchase Invoice }, to: $"tabPurchase Invoice" }
          - { fields: [voucher_no], when: { voucher_type: Payment Entry }, to: $"tabPayment Entry" }
          - { fields: [party], when: { party_type: Customer }, to: $tabCustomer, none: [''], rowsMax: 50000 }
          - { fields: [party], when: { party_type: Supplier }, to: $tabSupplier, none: [''], rowsMax: 50000 }
          - { fields: [account], to: $tabAccount, kind: reference }
          - { fields: [company], to: $tabCompany, kind: reference }
      $tabDunning:
        role: dunning
        links:
          - { fields: [customer], to: $tabCustomer }
          - { fields: [sales_invoice], to: $"tabSales Invoice", kind: reference, none: [''] }
          - { fields: [dunning_type], to: $"tabDunning Type", kind: reference, none: [''] }
          - { fields: [company], to: $tabCompany, kind: reference }
          - { fields: [currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [customer_address], to: $tabAddress, kind: reference, none: [''] }
          - { fields: [contact_person], to: $tabContact, kind: reference, none: [''] }
      $"tabOverdue Payment":
        role: join
        links:
          - { fields: [parent], to: $tabDunning }
          - { fields: [sales_invoice], to: $"tabSales Invoice" }
          - { fields: [payment_term], to: $"tabPayment Term", kind: reference, none: [''] }
      # The list of files; the files themselves lie in the folders \`public\` and \`private\` of the site.
      $tabFile:
        role: other
        links:
          - { fields: [attached_to_name], when: { attached_to_doctype: Customer }, to: $tabCustomer, none: [''], rowsMax: 1000 }
          - { fields: [attached_to_name], when: { attached_to_doctype: Supplier }, to: $tabSupplier, none: [''], rowsMax: 1000 }
          - { fields: [attached_to_name], when: { attached_to_doctype: Contract }, to: $tabContract, none: [''], rowsMax: 1000 }
          - { fields: [attached_to_name], when: { attached_to_doctype: Sales Invoice }, to: $"tabSales Invoice", none: [''], rowsMax: 1000 }
          - { fields: [attached_to_name], when: { attached_to_doctype: Purchase Invoice }, to: $"tabPurchase Invoice", none: [''], rowsMax: 1000 }
          - { fields: [attached_to_name], when: { attached_to_doctype: Payment Entry }, to: $"tabPayment Entry", none: [''], rowsMax: 1000 }

      $tabCompany:
        role: company-code
        links:
          - { fields: [country], to: $tabCountry, kind: reference, none: [''] }
          - { fields: [default_currency], to: $tabCurrency, kind: reference, none: [''] }
          - { fields: [parent_company], to: $tabCompany, kind: reference, none: [''] }
      $tabAccount:
        role: gl-account
        links:
          - { fields: [company], to: $tabCompany, kind: reference }
          - { fields: [parent_account], to: $tabAccount, kind: reference, none: [''] }
          - { fields: [account_currency], to: $tabCurrency, kind: reference, none: [''] }
      $"tabPayment Terms Template": { role: payment-term }
      $"tabPayment Terms Template Detail":
        role: other-reference
        links:
          - { fields: [parent], to: $"tabPayment Terms Template", kind: reference }
          - { fields: [payment_term], to: $"tabPayment Term", kind: reference, none: [''] }
      $"tabPayment Term":
        role: payment-term
        links:
          - { fields: [mode_of_payment], to: $"tabMode of Payment", kind: reference, none: [''] }
      $"tabMode of Payment": { role: other-reference }
      $"tabDunning Type": { role: other-reference }
      $"tabTax Category": { role: tax-code }
      $tabBank: { role: other-reference }
      $tabItem: { role: other-reference }
      $"tabCustomer Group":
        role: other-reference
        links:
          - { fields: [parent_customer_group], to: $"tabCustomer Group", kind: reference, none: [''] }
      $"tabSupplier Group":
        role: other-reference
        links:
          - { fields: [parent_supplier_group], to: $"tabSupplier Group", kind: reference, none: [''] }
      $tabTerritory:
        role: other-reference
        links:
          - { fields: [parent_territory], to: $tabTerritory, kind: reference, none: [''] }
      $tabCurrency: { role: currency }
      $tabCountry: { role: country }
`,
  finance: {
    values: {
      receivable: {
        table: 'tabAccount',
        field: 'name',
        by: 'account_type',
        value: 'Receivable',
        count: 'all',
      },
    },
    text: `
    # By the payment ledger (since 14), in the currency of the account: what is entered against itself is an
    # item, or of a payment a receipt; what is entered against another voucher clears that one. An invoice
    # of a point of sale, which is paid by itself, is told as a duplicate. \`accounts\` is to name every
    # receivable account.
    items:
      - source: %source%
        entity: $"tabPayment Ledger Entry"
        number: [voucher_type, voucher_no, party]
        companyCode: company
        currency: account_currency
        date: posting_date
        due: due_date
        amount: amount_in_account_currency
        when: { account_type: [Receivable], delinked: ['0'], against_voucher_no: { field: voucher_no } }
        unless: { voucher_type: [Payment Entry] }
    receipts:
      - source: %source%
        entity: $"tabPayment Ledger Entry"
        number: [name]
        companyCode: company
        currency: account_currency
        date: posting_date
        amount: amount_in_account_currency
        side: credit
        when: { account_type: [Receivable], delinked: ['0'], against_voucher_no: { field: voucher_no }, voucher_type: [Payment Entry] }
    clearings:
      - source: %source%
        entity: $"tabPayment Ledger Entry"
        item: [against_voucher_type, against_voucher_no, party]
        date: posting_date
        amount: amount_in_account_currency
        side: credit
        when: { account_type: [Receivable], delinked: ['0'] }
        unless: { against_voucher_no: { field: voucher_no } }
    controls:
      - source: %source%
        entity: $"tabGL Entry"
        companyCode: company
        currency: account_currency
        account: account
        accounts: %receivable%
        period: posting_date
        debit: debit_in_account_currency
        credit: credit_in_account_currency
        when: { is_cancelled: ['0'] }
`,
  },
}
