import type { StoryCustomer } from './break-things.ts'
import type { HistoryAnswer, ReportCustomer } from './demo-report-model.ts'
import type { DemoSession } from './demo-session.ts'

/** Follows the customer of the story through the systems, by `holdfast history`. */
export async function describeCustomer(
  session: DemoSession,
  customer: StoryCustomer,
): Promise<ReportCustomer> {
  const { companyCode, customerNumber, lostContactId } = customer
  const places = [
    {
      source: 'crm',
      title: 'A contact',
      entity: 'main.contact',
      key: lostContactId,
      fields: ['first_name', 'last_name', 'phone'],
    },
    {
      source: 'erp',
      title: 'Company code data',
      entity: 'main.customer_company',
      key: `"${customerNumber}","${companyCode}"`,
      fields: ['payment_terms', 'reconciliation_account', 'changed_by'],
    },
    {
      source: 'erp',
      title: 'Bank account',
      entity: 'main.customer_bank_account',
      key: `"${customerNumber}",1`,
      fields: ['iban', 'bank_name', 'changed_by'],
    },
    {
      source: 'billing',
      title: 'An invoice',
      entity: 'main.invoice',
      key: customer.invoiceNumber,
      fields: ['status', 'gross', 'open_amount'],
    },
  ]
  const records: ReportCustomer['records'][number][] = []
  for (const { entity, fields, key, source, title } of places) {
    const isTheBank = entity === 'main.customer_bank_account'
    const says = isTheBank ? 'Who changed the bank account, and when' : undefined
    const history = await session.answer<HistoryAnswer>(['history', source, entity, key], says)
    const known = fields.filter((field) => history.versions.some((one) => field in one.fields))
    records.push({ source, title, fields: known, history })
  }
  return {
    name: customer.name,
    about: `A customer of company ${companyCode} and, as number ${customer.supplierNumber}, a supplier at the same time: whoever owns the bank account below is paid by the next payment run. The same firm has another id in each system.`,
    records,
  }
}
