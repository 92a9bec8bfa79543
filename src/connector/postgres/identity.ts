import type { SourceIdentity } from '#record/cut'
import type { PostgresAddress } from './address.ts'
import { readServerError } from './pg-error.ts'
import type { Session } from './session.ts'

/**
 * Which server and database this is: the system identifier that `initdb` made, shared by standbys
 * and physical copies, and the database's name with its oid, which a recreated database changes.
 * Where a hosting service hides the system identifier, host and port take its place.
 */
export async function readIdentity(
  session: Session,
  address: PostgresAddress,
  signal: AbortSignal,
): Promise<SourceIdentity> {
  const [[database] = []] = await session.query(DATABASE, signal)
  const system = await readSystem(session, signal)
  return { system: system ?? `${address.host}:${address.port}`, database: database ?? '' }
}

const DATABASE = `select d.datname || ' (' || d.oid || ')' from pg_catalog.pg_database d
  where d.datname = pg_catalog.current_database()`

async function readSystem(session: Session, signal: AbortSignal): Promise<string | null> {
  try {
    const sql = 'select system_identifier from pg_catalog.pg_control_system()'
    const [[system = null] = []] = await session.query(sql, signal)
    return system
  } catch (error) {
    if (readServerError(error)?.sqlState === '42501') return null
    throw error
  }
}
