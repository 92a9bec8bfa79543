import { DatabaseSync } from 'node:sqlite'
import type { Damage } from './break-things.ts'
import { DEMO_SYSTEMS, type DemoFiles } from './demo-files.ts'
import type { DemoReportModel, ReportMoment } from './demo-report-model.ts'
import type { DemoContents } from './generate-demo.ts'
import { formatCount } from './report/format-figures.ts'
import { GROUP_NAME } from './world/group.ts'
import { readRows, textOf } from './world/table-writer.ts'

/** What a demo gathered, and from which its report is told. */
export type DemoFacts = Pick<
  DemoReportModel,
  | 'changes'
  | 'check'
  | 'commands'
  | 'customer'
  | 'durationMs'
  | 'points'
  | 'proofs'
  | 'receivables'
  | 'restores'
  | 'storage'
  | 'version'
> & {
  readonly contents: DemoContents
  readonly damage: Damage
  readonly madeAtMs: number
}

const TITLES = { crm: 'CRM', erp: 'ERP', billing: 'Billing' } as const

export function tellStory({ contents, damage, madeAtMs, ...facts }: DemoFacts): DemoReportModel {
  return {
    ...facts,
    group: GROUP_NAME,
    madeAt: new Date(madeAtMs).toISOString(),
    headline: `${formatCount(damage.paymentTermsChanged)} payment terms, one bank account and ${damage.contactsDeleted} contacts, gone wrong and put back`,
    story: [
      `The same ${formatCount(contents.rowsBySystem.erp['customer'] ?? 0)} customers live in three systems of one trading group, which were backed up, lived an ordinary day, and were backed up again.`,
      `Then an import with shifted columns gave ${formatCount(damage.paymentTermsChanged)} customers of company ${damage.companyCode} ninety days to pay, which billing took over, somebody replaced the bank account of ${damage.customer.name} and had its invoices sent elsewhere, ${damage.receiptsDeleted} receipts were taken back that should have stayed, and a clean-up deleted ${damage.contactsDeleted} contacts with their ${damage.consentsDeleted} consents.`,
      'Holdfast showed what had changed field by field, put back exactly that, and compared every record with the good point.',
    ],
    systems: DEMO_SYSTEMS.map((source) => ({
      source,
      title: TITLES[source],
      bytes: contents.bytesBySystem[source],
      rows: Object.values(contents.rowsBySystem[source]).reduce((sum, rows) => sum + rows, 0),
    })),
    moments: [
      aMoment('First backup', 'everything, once', 'good', 1),
      aMoment('An ordinary day', 'what people meant', 'good', 2),
      aMoment('The damage', 'import, fraud, clean-up', 'damage', 3),
      aMoment('Put back', 'by a plan, read back', 'restored', 4),
    ],
    sensitiveFields: [
      'main.customer_bank_account.iban',
      'main.customer_bank_account.account_number',
    ],
    quietFields: ['changed_on', 'changed_by', 'updated_at'],
    names: readNames(contents.files),
  }
}

function aMoment(
  title: string,
  caption: string,
  tone: ReportMoment['tone'],
  seq: number,
): ReportMoment {
  return { title, caption, tone, points: DEMO_SYSTEMS.map((source) => `${source}@${seq}`) }
}

/** Customers and contacts by the key of their record. */
function readNames({ crm, erp, billing }: DemoFiles): DemoReportModel['names'] {
  const contacts = `SELECT CAST(contact_id AS TEXT) AS id,
      first_name || ' ' || last_name || ', ' || a.name AS name
    FROM contact JOIN account a USING (account_id)`
  const accounts = 'SELECT CAST(account_id AS TEXT) AS id, name FROM account'
  return {
    crm: readPairs(crm, `${contacts} UNION ALL ${accounts}`),
    erp: readPairs(erp, 'SELECT customer_number AS id, name FROM customer'),
    billing: readPairs(billing, 'SELECT debtor_id AS id, name FROM debtor'),
  }
}

function readPairs(file: string, sql: string): Record<string, string> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = readRows(db, sql)
    return Object.fromEntries(rows.map((row) => [textOf(row, 'id'), textOf(row, 'name')]))
  } finally {
    db.close()
  }
}
