/** What may leave the demo for a test system, and what stands in its place. */
export const DEMO_MASK = `# What a test system of the trading group may see:
#   holdfast restore @LABEL --to crm=crm-test --to erp=erp-test --to billing=billing-test --mask mask.yaml
version: 1
# keyFile: ./mask.key   # a secret of your own: the same is masked the same tomorrow
unlisted: keep          # amounts, days and codes are text here; the search tells what is missing
fields:
  tax_id: taxId
  tax_number: taxId
  email: email
  phone: phone
  iban: iban
  account_number: code
  bic: code
  first_name: name
  last_name: name
  holder: company
  search_term: redact
  street: street
  house_number: code
  postal_code: postcode
  city: city
  website: redact
  created_by: name
  changed_by: name
  approver: name
  clerk: name
  note: freeText
sources:
  crm:
    main.account: { name: company }
    main.sales_rep: { name: name }
    main.kyc_document: { file_name: redact, sha256: redact, content: redact }
    main.consent: { evidence: freeText }
  erp:
    main.customer: { name: company }
    main.supplier: { name: company }
    main.letter_of_credit_document: { content: redact }
    main.letter_of_credit_amendment: { change: freeText }
  billing:
    main.debtor: { name: company }
`
