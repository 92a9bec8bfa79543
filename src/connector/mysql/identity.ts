import type { SourceIdentity } from '#record/cut'
import type { Session } from './session.ts'

/**
 * Which server and database this is. MySQL keeps a UUID of its own in the data folder; MariaDB has
 * nothing of the kind, so its host's name, its port and the number that replication knows it by take
 * the place.
 */
export async function readIdentity(session: Session, signal: AbortSignal): Promise<SourceIdentity> {
  const known = await session.query(
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'hostname', 'port', 'server_id')",
    signal,
  )
  const variables = new Map(known.map(([name, value]) => [name, value]))
  const place = `${variables.get('hostname')}:${variables.get('port')}`
  const [[database] = []] = await session.query('SELECT DATABASE()', signal)
  const system = variables.get('server_uuid') ?? `${place} (${variables.get('server_id')})`
  return { system, database: database ?? '' }
}
