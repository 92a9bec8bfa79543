import pg from 'pg'
import { AppError } from '#stdx/app-error'
import type { PostgresAddress } from './address.ts'
import { readServerError, toConnectError } from './pg-error.ts'
import { openPlainSocket } from './plain-socket.ts'
import { quoteLiteral } from './quote.ts'
import { Session } from './session.ts'
import { planTls, type TlsAttempt } from './tls.ts'

/**
 * Settings of every session. The first group decides the text of values: with another
 * `extra_float_digits` 0.30000000000000004 arrives as 0.3. The others keep limits that are meant
 * for applications from ending a long run, and a policy from hiding rows without a word.
 */
const PINS: Readonly<Record<string, string>> = {
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  datestyle: 'ISO, YMD',
  extra_float_digits: '3',
  intervalstyle: 'postgres',
  lc_monetary: 'C',
  search_path: '',
  timezone: 'UTC',
  xmlbinary: 'base64',
  xmloption: 'content',

  application_name: 'holdfast',
  array_nulls: 'on',
  check_function_bodies: 'off',
  client_min_messages: 'warning',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  jit: 'off',
  lock_timeout: '60s',
  quote_all_identifiers: 'off',
  row_security: 'off',
  standard_conforming_strings: 'on',
  statement_timeout: '0',
  synchronize_seqscans: 'off',
  transaction_timeout: '0',
  transform_null_equals: 'off',
}

/** Values reach us as the server printed them: no number, no date ever becomes a JavaScript value. */
const RAW_TYPES = { getTypeParser: () => (text: string) => text }

/**
 * Opens a session with all settings pinned. Server majors from 13 on.
 *
 * @throws connector.unreachable | connector.denied | connector.address-invalid
 */
export function connect(address: PostgresAddress, signal: AbortSignal): Promise<Session> {
  return connectAs('reader', address, signal)
}

/**
 * The same for a session that may also read the log. It takes one statement at a time without
 * parameters. Needs the attribute REPLICATION.
 *
 * @throws as `connect`
 */
export function connectToLog(address: PostgresAddress, signal: AbortSignal): Promise<Session> {
  return connectAs('log-reader', address, signal)
}

type Role = 'reader' | 'log-reader'

async function connectAs(
  role: Role,
  address: PostgresAddress,
  signal: AbortSignal,
): Promise<Session> {
  signal.throwIfAborted()
  const where = `${address.host}:${address.port}`
  let failure: unknown
  for (const tls of await planTls(address)) {
    try {
      return await open(role, { address, tls }, signal)
    } catch (error) {
      signal.throwIfAborted()
      // What the server says tells more than that it knows no TLS.
      if (readServerError(failure) === undefined) failure = error
    }
  }
  throw toConnectError(failure, where)
}

async function open(
  role: Role,
  { address, tls }: { address: PostgresAddress; tls: TlsAttempt },
  signal: AbortSignal,
): Promise<Session> {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    // Without a password pg looks for one where psql does: PGPASSWORD, ~/.pgpass.
    ...(address.password === null ? {} : { password: address.password.reveal() }),
    ssl: tls,
    // Encrypted bytes are unwrapped below the socket, where there is no such choice.
    ...(tls === false ? { stream: openPlainSocket } : {}),
    keepAlive: true,
    connectionTimeoutMillis: address.connectTimeoutMs,
    types: RAW_TYPES,
    // Of the database, not of the cluster: it then also knows tables.
    ...(role === 'log-reader' ? { replication: 'database' } : {}),
  })
  const session = new Session(client, address)
  try {
    await session.during(signal, () => client.connect())
    await pinSettings(session, signal)
    return session
  } catch (error) {
    session.destroy()
    throw error
  }
}

async function pinSettings(session: Session, signal: AbortSignal): Promise<void> {
  const [[version] = []] = await session.query(
    "select current_setting('server_version_num')",
    signal,
  )
  if (Number(version) < 130_000) {
    const message = `Cannot use PostgreSQL ${version}: need 13 or newer`
    throw new AppError('connector.unreachable', message, { version })
  }
  // A setting that this major does not have is simply not in pg_settings.
  const pins = Object.entries(PINS).map((pin) => `(${pin.map(quoteLiteral).join(', ')})`)
  const sql = `select set_config(s.name, p.value, false)
    from (values ${pins.join(', ')}) p(name, value)
    join pg_catalog.pg_settings s on lower(s.name) = p.name`
  await session.query(sql, signal)
}
