import type { Pack } from './pack.ts'

/**
 * After the public definitions of the modules and of their ties, each in one version between 7.8 and 7.11.
 * Cases, opportunities, revisions, products, currencies and users by what is commonly known of them. Never run
 * against an installation.
 */
export const SUITECRM: Pack = {
  name: 'suitecrm',
  title: 'SuiteCRM 7.10 to 7.14, and 8 on the same tables',
  anchor: 'accounts',
  leftOut: [
    'acl_*',
    'aod_*',
    'aor_*',
    'aow_*',
    'config',
    'cron_*',
    'email_cache',
    'fields_meta_data',
    'folders*',
    'import_maps',
    'inbound_email*',
    'jjwg_*',
    'job_queue',
    'oauth*',
    'outbound_email*',
    'relationships',
    'roles*',
    'saved_search',
    'schedulers*',
    'securitygroups*',
    'sugarfeed',
    'tracker',
    'upgrade_history',
    'user_preferences',
    'users_*',
    'vcals',
    'versions',
  ],
  text: `
      # What is deleted stays, with a mark; a tie that is deleted ties nothing. There is no tax number: where
      # one was added, it is a field of accounts_cstm.
      $accounts:
        role: customer
        identity: { name: name }
        links:
          - { fields: [parent_id], to: $accounts, kind: reference, none: [''] }
          - { fields: [assigned_user_id], to: $users, kind: reference, none: [''] }
      $accounts_cstm:
        role: other
        links:
          - { fields: [id_c], to: $accounts }
      # A contact does not say whose it is: it comes with the tie to an account.
      $accounts_contacts:
        role: join
        links:
          - { fields: [account_id], when: { deleted: '0' }, to: $accounts, none: [''], rowsMax: 5000 }
          - { fields: [contact_id], when: { deleted: '0' }, to: $contacts, kind: same, none: [''] }
      $contacts:
        role: contact
        identity: { name: last_name }
        links:
          - { fields: [reports_to_id], to: $contacts, kind: reference, none: [''] }
          - { fields: [assigned_user_id], to: $users, kind: reference, none: [''] }
      $contacts_cstm:
        role: other
        links:
          - { fields: [id_c], to: $contacts }
      $email_addr_bean_rel:
        role: join
        links:
          - { fields: [bean_id], when: { bean_module: Accounts, deleted: '0' }, to: $accounts, rowsMax: 100 }
          - { fields: [bean_id], when: { bean_module: Contacts, deleted: '0' }, to: $contacts, rowsMax: 100 }
          - { fields: [email_address_id], when: { deleted: '0' }, to: $email_addresses, kind: same, none: [''], rowsMax: 100 }
      # The opt-in and opt-out of an address are here, too.
      $email_addresses:
        role: consent
        identity: { email: email_address }
      $accounts_opportunities:
        role: join
        links:
          - { fields: [account_id], when: { deleted: '0' }, to: $accounts, none: [''], rowsMax: 5000 }
          - { fields: [opportunity_id], when: { deleted: '0' }, to: $opportunities, kind: same, none: [''] }
      $opportunities:
        role: other
        links:
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }
          - { fields: [assigned_user_id], to: $users, kind: reference, none: [''] }
      $cases:
        role: dispute
        links:
          - { fields: [account_id], to: $accounts, none: [''], rowsMax: 5000 }
          - { fields: [assigned_user_id], to: $users, kind: reference, none: [''] }

      # Currency -99 is the one of the installation, which no record describes.
      $aos_contracts:
        role: contract
        links:
          - { fields: [contract_account_id], to: $accounts, none: [''] }
          - { fields: [contact_id], to: $contacts, kind: reference, none: [''] }
          - { fields: [opportunity_id], to: $opportunities, kind: reference, none: [''] }
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }
      $aos_quotes:
        role: other
        links:
          - { fields: [billing_account_id], to: $accounts, none: [''], rowsMax: 20000 }
          - { fields: [billing_contact_id], to: $contacts, kind: reference, none: [''] }
          - { fields: [opportunity_id], to: $opportunities, kind: reference, none: [''] }
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }
      $aos_invoices:
        role: invoice
        links:
          - { fields: [billing_account_id], to: $accounts, none: [''], rowsMax: 20000 }
          - { fields: [billing_contact_id], to: $contacts, kind: reference, none: [''] }
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }
      $aos_line_item_groups:
        role: other
        links:
          - { fields: [parent_id], when: { parent_type: AOS_Invoices }, to: $aos_invoices, none: [''] }
          - { fields: [parent_id], when: { parent_type: AOS_Quotes }, to: $aos_quotes, none: [''] }
          - { fields: [parent_id], when: { parent_type: AOS_Contracts }, to: $aos_contracts, none: [''] }
      # Product 0 is a line for a service.
      $aos_products_quotes:
        role: invoice-line
        links:
          - { fields: [parent_id], when: { parent_type: AOS_Invoices }, to: $aos_invoices, none: [''] }
          - { fields: [parent_id], when: { parent_type: AOS_Quotes }, to: $aos_quotes, none: [''] }
          - { fields: [parent_id], when: { parent_type: AOS_Contracts }, to: $aos_contracts, none: [''] }
          - { fields: [group_id], to: $aos_line_item_groups, kind: reference, none: [''] }
          - { fields: [product_id], to: $aos_products, kind: reference, none: ['', '0'] }
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }

      # Notes, and the files attached to them, whose bytes lie in the folder \`upload\`.
      $notes:
        role: other
        links:
          - { fields: [parent_id], when: { parent_type: Accounts }, to: $accounts, none: [''], rowsMax: 1000 }
          - { fields: [parent_id], when: { parent_type: Contacts }, to: $contacts, none: [''], rowsMax: 1000 }
          - { fields: [parent_id], when: { parent_type: Opportunities }, to: $opportunities, none: [''], rowsMax: 1000 }
          - { fields: [parent_id], when: { parent_type: Cases }, to: $cases, none: [''], rowsMax: 1000 }
          - { fields: [contact_id], to: $contacts, kind: reference, none: [''] }
      $documents_accounts:
        role: join
        links:
          - { fields: [account_id], when: { deleted: '0' }, to: $accounts, none: [''], rowsMax: 1000 }
          - { fields: [document_id], when: { deleted: '0' }, to: $documents, kind: same, none: [''] }
      $aos_contracts_documents:
        role: join
        links:
          - { fields: [aos_contracts_id], when: { deleted: '0' }, to: $aos_contracts, none: [''], rowsMax: 1000 }
          - { fields: [documents_id], when: { deleted: '0' }, to: $documents, kind: same, none: [''] }
      $documents:
        role: other
        links:
          - { fields: [assigned_user_id], to: $users, kind: reference, none: [''] }
      $document_revisions:
        role: other
        links:
          - { fields: [document_id], to: $documents, none: [''] }

      $aos_products:
        role: other-reference
        links:
          - { fields: [currency_id], to: $currencies, kind: reference, none: ['', '-99'] }
      $currencies: { role: currency }
      $users:
        role: other-reference
        links:
          - { fields: [reports_to_id], to: $users, kind: reference, none: [''] }
`,
}
