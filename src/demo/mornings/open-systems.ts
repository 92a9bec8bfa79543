import { DatabaseSync } from 'node:sqlite'
import type { DemoFiles, DemoSystem } from '../demo-files.ts'
import { openTableWriter, type TableWriter } from '../world/table-writer.ts'

export type System = { readonly db: DatabaseSync; readonly write: TableWriter }
export type Systems = Readonly<Record<DemoSystem, System>>

/**
 * Runs `work` in one transaction per system, with foreign keys enforced. All are rolled back when it
 * throws; at the end they are committed one after the other, as three systems are.
 */
export function inTransactions<T>(files: DemoFiles, work: (systems: Systems) => T): T {
  const opened: DatabaseSync[] = []
  try {
    const open = (file: string): System => {
      const db = new DatabaseSync(file, { timeout: 5000 })
      opened.push(db)
      db.exec('BEGIN IMMEDIATE')
      return { db, write: openTableWriter(db) }
    }
    const { crm, erp, billing } = files
    const result = work({ crm: open(crm), erp: open(erp), billing: open(billing) })
    for (const db of opened) db.exec('COMMIT')
    return result
  } finally {
    // Closing rolls back what was not committed.
    for (const db of opened) db.close()
  }
}
