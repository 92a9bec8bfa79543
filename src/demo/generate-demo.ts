import { existsSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { BILLING_SCHEMA } from './billing/billing-schema.ts'
import { writeBilling } from './billing/write-billing.ts'
import { CRM_SCHEMA } from './crm/crm-schema.ts'
import { writeCrm } from './crm/write-crm.ts'
import { DEMO_SYSTEMS, type DemoFiles, type DemoSystem, demoFiles } from './demo-files.ts'
import { ERP_SCHEMA } from './erp/erp-schema.ts'
import { writeErp } from './erp/write-erp.ts'
import { createCustomer, STORY_INDEX } from './world/customer.ts'
import {
  numberOf,
  openTableWriter,
  readRows,
  type TableWriter,
  textOf,
} from './world/table-writer.ts'

export type DemoOptions = {
  /** Equal seeds give equal bytes. */
  readonly seed: string
  /** At least 100, at most 400 000: ids of different tables stay apart. */
  readonly customerCount: number
}

export const DEMO_DEFAULTS: DemoOptions = { seed: 'holdfast', customerCount: 10_000 }

export type DemoContents = {
  readonly files: DemoFiles
  readonly bytesBySystem: Readonly<Record<DemoSystem, number>>
  /** Number of rows by table, by system. */
  readonly rowsBySystem: Readonly<Record<DemoSystem, Readonly<Record<string, number>>>>
}

/**
 * Creates `crm.db`, `erp.db` and `billing.db` in `folder`, which is made where it is missing.
 *
 * Interrupted, it leaves half a demo; nothing of it is anybody's only copy, so it does not sync.
 * @throws demo.folder-in-use when one of the files is there already
 */
export async function generateDemo(
  folder: string,
  { seed, customerCount }: DemoOptions = DEMO_DEFAULTS,
): Promise<DemoContents> {
  assert(customerCount >= 100 && customerCount <= 400_000, 'A demo has 100 to 400 000 customers.')
  const files = demoFiles(folder)
  for (const file of Object.values(files)) refuseExisting(file)
  await mkdir(folder, { recursive: true })
  const customers = Array.from({ length: customerCount }, (_, i) => createCustomer(seed, i))
  assert(customers[STORY_INDEX] !== undefined, 'The customer of the story is among them.')

  fillFile(files.crm, CRM_SCHEMA, (write) => writeCrm({ write, seed }, customers))
  const ledger = fillFile(files.billing, BILLING_SCHEMA, (write) =>
    writeBilling({ write, seed }, customers),
  )
  fillFile(files.erp, ERP_SCHEMA, (write) => writeErp({ write, seed }, customers, ledger))
  return describeDemo(files)
}

/** Counts what the three files hold now. */
export async function describeDemo(files: DemoFiles): Promise<DemoContents> {
  const bytes = { crm: 0, erp: 0, billing: 0 }
  const rows: Record<DemoSystem, Record<string, number>> = { crm: {}, erp: {}, billing: {} }
  for (const system of DEMO_SYSTEMS) {
    bytes[system] = (await stat(files[system])).size
    rows[system] = countRows(files[system])
  }
  return { files, bytesBySystem: bytes, rowsBySystem: rows }
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return
  const message = `Cannot generate the demo "${file}": found a file of that name, need a free place`
  throw new AppError('demo.folder-in-use', message, { file })
}

function fillFile<T>(file: string, schema: string, fill: (write: TableWriter) => T): T {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  try {
    // Parents may come after children within the one transaction; tests check the whole.
    db.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536')
    db.exec(schema)
    db.exec('BEGIN')
    const result = fill(openTableWriter(db))
    db.exec('COMMIT')
    return result
  } finally {
    db.close()
  }
}

function countRows(file: string): Record<string, number> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const tables = readRows(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    const names = tables.map((row) => textOf(row, 'name'))
    const count = (name: string) => readRows(db, `SELECT count(*) AS count FROM ${name}`)[0]
    return Object.fromEntries(names.map((name) => [name, numberOf(count(name), 'count')]))
  } finally {
    db.close()
  }
}
