import type {
  DemoReportModel,
  DiffLine,
  EntityAnswer,
  ReportPoint,
  ReportReceivables,
  VerifyAnswer,
} from '../demo-report-model.ts'
import { seededRandom } from '../world/seeded-random.ts'

const random = seededRandom('sample report')
const hex = (bytes: number) => Buffer.from(random.bytes(bytes)).toString('hex')

const ENTITIES = {
  crm: ['account', 'contact', 'consent', 'address', 'kyc_case', 'kyc_document'],
  erp: ['customer', 'customer_company', 'customer_bank_account', 'gl_balance'],
  billing: ['debtor', 'invoice', 'payment'],
} as const

/** A report of a demo as it would be, made up: what the page looks like, without any vault. */
export function aReportModel(changes: Partial<DemoReportModel> = {}): DemoReportModel {
  const good = {
    crm: listEntities('crm'),
    erp: listEntities('erp'),
    billing: listEntities('billing'),
  }
  return {
    group: 'Kestrelmoor Trading Group',
    version: '0.1.0',
    madeAt: '2026-11-21T22:32:16Z',
    durationMs: 31_400,
    headline: '1 800 payment terms, one bank account and 14 contacts, gone wrong and put back',
    story: [
      'Three systems of one trading group, in which the same 10 000 customers live, were backed up, lived an ordinary day, and were backed up again.',
      'Then a bulk import with shifted columns gave 1 800 customers of company 0100 ninety days to pay, somebody replaced the bank account of Farnbeck Werkzeugbau GmbH, and a clean-up deleted 14 contacts with their consents.',
      'Holdfast showed what had changed field by field, put back exactly that, and compared every record with the good point.',
    ],
    systems: [
      { source: 'crm', title: 'CRM', bytes: 19_030_016, rows: 137_997 },
      { source: 'erp', title: 'ERP', bytes: 10_346_496, rows: 89_688 },
      { source: 'billing', title: 'Billing', bytes: 17_395_712, rows: 180_171 },
    ],
    moments: [
      aMoment('First backup', 'everything, once', 'good', 1),
      aMoment('An ordinary day', 'what people meant', 'good', 2),
      aMoment('The damage', 'import, fraud, clean-up', 'damage', 3),
      aMoment('Put back', 'by a plan, read back', 'restored', 4),
    ],
    points: listPoints(),
    changes: [
      { source: 'crm', from: 'crm@2', to: 'crm@3', lines: crmLines() },
      { source: 'erp', from: 'erp@2', to: 'erp@3', lines: erpLines() },
      { source: 'billing', from: 'billing@2', to: 'billing@3', lines: [] },
    ],
    sensitiveFields: [
      'main.customer_bank_account.iban',
      'main.customer_bank_account.account_number',
    ],
    quietFields: ['changed_on', 'changed_by', 'updated_at'],
    names: {
      crm: { '5000421': 'Sönke Uhlenquell, Farnbeck Werkzeugbau GmbH' },
      erp: { '0000100042': 'Farnbeck Werkzeugbau GmbH', '0000100045': 'Halmquell Kälteanlagen KG' },
    },
    customer: aCustomer(),
    restores: [
      aRestore('crm', { inserted: 45, updated: 11, skipped: 0 }),
      aRestore('erp', { inserted: 0, updated: 1801, skipped: 0 }),
    ],
    proofs: [
      aProof('crm', good.crm, ['contact', 'consent']),
      aProof('erp', good.erp, ['customer_company', 'customer_bank_account']),
      aProof('billing', good.billing, []),
    ],
    receivables: [
      someReceivables('Before the damage', 2),
      someReceivables('Damaged', 3),
      someReceivables('Put back', 4),
    ],
    check: { verdict: 'whole', depth: 'decoded', objects: 64, bytes: 12_804_112, problems: [] },
    storage: {
      object: 'segments/erp/01jd5w8m7x2v/1.rows',
      sizeBytes: 1_914_422,
      offset: 4096,
      hex: hex(208),
      bitsPerByte: 7.9998,
      objectsSearched: 64,
      searches: [
        { text: 'Farnbeck', found: 0 },
        { text: 'NT30', found: 0 },
        { text: 'DE67000000008317605912', found: 0 },
      ],
    },
    commands: listCommands(),
    ...changes,
  }
}

function someReceivables(title: string, seq: number): ReportReceivables {
  const isDamaged = seq === 3
  const company = { companyCode: '0100', currency: 'EUR' }
  const amounts = isDamaged ? ['9100.50', '0.00'] : ['4000.00', '5000.50']
  const total = isDamaged ? '9100.50' : '9000.50'
  const sums = { total, control: '9000.50', difference: isDamaged ? '-100.00' : '0.00' }
  return {
    title,
    page: `receivables-${seq}.html`,
    company,
    answer: {
      asOf: '2026-07-01',
      verdict: isDamaged ? 'differs' : 'clean',
      columns: ['not due', '1-30'],
      groups: [{ ...company, amounts, ...sums }],
      breaks: isDamaged ? [{ kind: 'control-differs', count: 1 }] : [],
    },
  }
}

function aMoment(
  title: string,
  caption: string,
  tone: 'good' | 'damage' | 'restored',
  seq: number,
) {
  return { title, caption, tone, points: ['crm', 'erp', 'billing'].map((name) => `${name}@${seq}`) }
}

function listPoints(): ReportPoint[] {
  const stored = {
    crm: [8_204_311, 61_002, 4_120, 5_022],
    erp: [1_914_422, 48_431, 22_817, 23_104],
    billing: [2_610_984, 71_220, 1_210, 1_210],
  }
  const changed = { crm: [0, 158, 56, 56], erp: [0, 171, 1801, 1801], billing: [0, 349, 0, 0] }
  const rows = { crm: 137_997, erp: 89_688, billing: 180_171 }
  return (['crm', 'erp', 'billing'] as const).flatMap((source) =>
    [0, 1, 2, 3].map((i) => ({
      point: `${source}@${i + 1}`,
      source,
      rows: rows[source],
      changes: i === 0 ? rows[source] : (changed[source][i] ?? 0),
      bytesStored: stored[source][i] ?? 0,
    })),
  )
}

function erpLines(): DiffLine[] {
  const terms = Array.from({ length: 1800 }, (_, i) => ({
    entity: 'main.customer_company',
    key: `"${String(100_042 + i * 3).padStart(10, '0')}","0100"`,
    op: 'update' as const,
    before: {
      payment_terms: random.weighted(TERMS),
      changed_on: '2026-02-11',
      changed_by: 'BATCH02',
    },
    after: { payment_terms: 'NT90', changed_on: '2026-07-02', changed_by: 'IMPORT07' },
  }))
  return [
    ...terms,
    {
      entity: 'main.customer_bank_account',
      key: '"0000100042",1',
      op: 'update',
      before: {
        iban: 'DE67000000008317605912',
        bic: 'ZZFMDE20',
        country: 'DE',
        bank_name: 'Musterbank',
        account_number: '8317605912',
        changed_by: 'KNOWAK',
      },
      after: {
        iban: 'MT31ZZZZ00000000000000066613370',
        bic: 'ZZQXMT20',
        country: 'MT',
        bank_name: 'Fast Example Pay',
        account_number: '000000000066613370',
        changed_by: 'OBYRNE',
      },
    },
  ]
}

const TERMS = [
  ['NT30', 64],
  ['NT14', 20],
  ['D230', 12],
  ['NT60', 4],
] as const

function crmLines(): DiffLine[] {
  const contacts = Array.from({ length: 14 }, (_, i) => ({
    entity: 'main.contact',
    key: String(5_000_421 + i * 170),
    op: 'delete' as const,
    before: {
      contact_id: String(5_000_421 + i * 170),
      account_id: String(500_042 + i * 17),
      reports_to_id: null,
      first_name: 'Sönke',
      last_name: 'Uhlenquell',
      role: 'Treasury',
      email: 'soenke.uhlenquell@farnbeck-werkzeugbau-gmbh-41.example',
    },
    after: null,
  }))
  const consents = Array.from({ length: 31 }, (_, i) => ({
    entity: 'main.consent',
    key: `${5_000_421 + i * 70},events`,
    op: 'delete' as const,
    before: { contact_id: String(5_000_421 + i * 70), purpose: 'events', is_granted: '1' },
    after: null,
  }))
  const orphans = Array.from({ length: 11 }, (_, i) => ({
    entity: 'main.contact',
    key: String(5_000_600 + i * 90),
    op: 'update' as const,
    before: { reports_to_id: String(5_000_591 + i * 90) },
    after: { reports_to_id: null },
  }))
  return [...contacts, ...consents, ...orphans]
}

function aCustomer(): DemoReportModel['customer'] {
  const version = (
    point: string,
    fields: Record<string, string | null>,
    op: 'insert' | 'update' | 'delete' = 'update',
  ) => ({ point, op, fields })
  return {
    name: 'Farnbeck Werkzeugbau GmbH',
    about:
      'A customer of company 0100 and a supplier at the same time: whoever owns the bank account below is paid by the next payment run. The same firm has another id in each system; its tax number ties them together.',
    records: [
      {
        source: 'crm',
        title: 'A contact',
        fields: ['first_name', 'role', 'phone'],
        history: {
          entity: 'main.contact',
          key: '5000421',
          versions: [
            version(
              'crm@4',
              { first_name: 'Sönke', role: 'Treasury', phone: '+49 000 551208' },
              'insert',
            ),
            version('crm@3', {}, 'delete'),
            version('crm@2', { first_name: 'Sönke', role: 'Treasury', phone: '+49 000 551208' }),
            version(
              'crm@1',
              { first_name: 'Sönke', role: 'Treasury', phone: '+49 000 417733' },
              'insert',
            ),
          ],
        },
      },
      {
        source: 'erp',
        title: 'Company code data',
        fields: ['payment_terms', 'reconciliation_account'],
        history: {
          entity: 'main.customer_company',
          key: '"0000100042","0100"',
          versions: [
            version('erp@4', { payment_terms: 'NT30', reconciliation_account: '0000140000' }),
            version('erp@3', { payment_terms: 'NT90', reconciliation_account: '0000140000' }),
            version(
              'erp@1',
              { payment_terms: 'NT30', reconciliation_account: '0000140000' },
              'insert',
            ),
          ],
        },
      },
      {
        source: 'erp',
        title: 'Bank account',
        fields: ['iban', 'bank_name'],
        history: {
          entity: 'main.customer_bank_account',
          key: '"0000100042",1',
          versions: [
            version('erp@4', { iban: 'DE67000000008317605912', bank_name: 'Musterbank' }),
            version('erp@3', {
              iban: 'MT31ZZZZ00000000000000066613370',
              bank_name: 'Fast Example Pay',
            }),
            version('erp@1', { iban: 'DE67000000008317605912', bank_name: 'Musterbank' }, 'insert'),
          ],
        },
      },
      {
        source: 'billing',
        title: 'An invoice',
        fields: ['status', 'gross', 'open_amount'],
        history: {
          entity: 'main.invoice',
          key: '0100-260000171',
          versions: [
            version('billing@2', { status: 'paid', gross: '18204.62', open_amount: '0.00' }),
            version(
              'billing@1',
              { status: 'open', gross: '18204.62', open_amount: '18204.62' },
              'insert',
            ),
          ],
        },
      },
    ],
  }
}

function aRestore(source: string, counts: { inserted: number; updated: number; skipped: number }) {
  return {
    source,
    point: `${source}@2`,
    durationMs: source === 'erp' ? 812 : 461,
    readBackMs: source === 'erp' ? 503 : 380,
    plan: `sha256:${hex(32)}`,
    restore: `r-${hex(6)}`,
    deleted: 0,
    extra: 0,
    ...counts,
    verified: { records: counts.inserted + counts.updated, different: 0 },
  }
}

function listEntities(source: keyof typeof ENTITIES): EntityAnswer[] {
  return ENTITIES[source].map((name) => ({
    entity: `main.${name}`,
    rows: random.between(400, 40_000),
    fingerprint: hex(16),
  }))
}

function aProof(source: string, good: readonly EntityAnswer[], damaged: readonly string[]) {
  const isDamaged = (entity: string) => damaged.some((name) => entity === `main.${name}`)
  const answer = (different: (entity: string) => boolean): VerifyAnswer => {
    const entities = good.map(({ entity, rows }) => ({
      entity,
      verdict: different(entity) ? ('differs' as const) : ('same' as const),
      rows,
      missing: 0,
      extra: 0,
      different: different(entity) ? 12 : 0,
    }))
    return { verdict: good.some(({ entity }) => different(entity)) ? 'differs' : 'same', entities }
  }
  return {
    source,
    good,
    damaged: good.map((one) => (isDamaged(one.entity) ? { ...one, fingerprint: hex(16) } : one)),
    restored: good,
    verifyDamaged: answer(isDamaged),
    verifyRestored: answer(() => false),
  }
}

function listCommands() {
  const list: [string, string, number, number][] = [
    ['holdfast init', 'Create the vault', 0, 410],
    ['holdfast backup', 'Copy all three systems', 0, 6120],
    ['holdfast backup', 'A day later: only what changed', 0, 2810],
    ['holdfast diff erp@2 erp@live', 'What is different now?', 4, 1204],
    [
      'holdfast history erp main.customer_bank_account \'"0000100042",1\'',
      'Who changed the bank account, and when',
      0,
      141,
    ],
    [
      'holdfast restore erp@2 --to erp --entity main.customer_company --entity main.customer_bank_account --plan-only',
      'List every write first',
      0,
      640,
    ],
    [
      'holdfast restore erp@2 --to erp --plan plan.json --confirm erp',
      'Put back exactly that',
      0,
      812,
    ],
    ['holdfast verify erp@2 --against erp', 'Is it what it was?', 0, 1190],
    ['holdfast check --read-data', 'Is the vault whole?', 0, 902],
  ]
  return list.map(([command, says, exit, durationMs]) => ({ command, says, exit, durationMs }))
}
