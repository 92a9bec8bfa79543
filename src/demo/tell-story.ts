import { DatabaseSync } from 'node:sqlite'
import type { Damage } from './break-things.ts'
import { DEMO_SYSTEMS } from './demo-files.ts'
import type { DemoReportModel, ReportMoment } from './demo-report-model.ts'
import type { DemoContents } from './generate-demo.ts'
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
    group: 'Kestrelmoor Trading Group',
    madeAt: new Date(madeAtMs).toISOString(),
    headline: `${damage.paymentTermsChanged} payment terms, one bank account and ${damage.contactsDeleted} contacts, gone wrong and put back`,
    story: [
      'Three systems of one trading group, in which the same customers live, were backed up, lived an ordinary day, and were backed up again.',
      damage.sentences.join(' '),
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
    names: readNames(contents.files.erp),
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

/** Customers by their number in the ERP. */
function readNames(erp: string): Record<string, string> {
  const db = new DatabaseSync(erp, { readOnly: true })
  try {
    const rows = readRows(db, 'SELECT customer_number, name FROM customer')
    return Object.fromEntries(
      rows.map((row) => [textOf(row, 'customer_number'), textOf(row, 'name')]),
    )
  } finally {
    db.close()
  }
}
