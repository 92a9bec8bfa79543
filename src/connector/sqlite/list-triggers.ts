import type { EntityWrites, SideEffect } from '../side-effect.ts'
import { openWriterReading } from './open-database.ts'
import { listSql } from './read-schema.ts'
import { tableName } from './sql-name.ts'
import { callSqlite } from './sqlite-failure.ts'

/**
 * All triggers of the tables: a write drops them all and makes them again, whatever sets them off. A
 * target that is made by the restore is an empty file until then.
 */
export function listTriggers(path: string, writes: readonly EntityWrites[]): SideEffect[] {
  return callSqlite('list the triggers of the database', 'connector.unreachable', () => {
    const { db } = openWriterReading(path)
    try {
      return writes.flatMap(({ entity }) =>
        listSql(db, 'trigger', tableName(entity)).map(({ name }) => ({
          kind: 'trigger' as const,
          name,
          entity,
          state: 'quiet' as const,
        })),
      )
    } finally {
      db.close()
    }
  })
}
