import { readFile } from 'node:fs/promises'
import { type ConnectionOptions, createConnection, type SslOptions } from 'mysql2'
import { AppError } from '#stdx/app-error'
import type { MysqlAddress } from './address.ts'
import { readServerError, toConnectError } from './mysql-error.ts'
import { openPlainSocket } from './plain-socket.ts'
import { quoteText } from './quote.ts'
import { type ConnectAgain, Session } from './session.ts'

/**
 * Settings of every session, where the server has them. The first group decides the text of values
 * and what a value may be; the others keep limits that are meant for applications from ending a long
 * run, and the server from looking away while rows are written.
 */
const PINS: Readonly<Record<string, string>> = {
  sql_mode: quoteText(
    'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION',
  ),
  time_zone: "'+00:00'",
  lc_time_names: "'en_US'",
  old_mode: "''",
  sql_quote_show_create: '1',
  system_versioning_asof: 'DEFAULT',

  autocommit: '1',
  completion_type: "'NO_CHAIN'",
  foreign_key_checks: '1',
  unique_checks: '1',
  check_constraint_checks: '1',
  idle_readonly_transaction_timeout: '0',
  idle_transaction_timeout: '0',
  idle_write_transaction_timeout: '0',
  information_schema_stats_expiry: '0',
  innodb_lock_wait_timeout: '60',
  lock_wait_timeout: '60',
  max_execution_time: '0',
  max_recursive_iterations: 'DEFAULT',
  max_statement_time: '0',
  net_read_timeout: '31536000',
  net_write_timeout: '31536000',
  sql_auto_is_null: '0',
  sql_big_selects: '1',
  sql_notes: '1',
  sql_safe_updates: '0',
  sql_select_limit: '18446744073709551615',
  sql_warnings: '1',
  wait_timeout: '2147483',
}

/** `CLIENT_QUERY_ATTRIBUTES` would change the packet that `RowCommand` writes. */
const FLAGS = [
  '-CLIENT_QUERY_ATTRIBUTES',
  '-SESSION_TRACK',
  '-IGNORE_SPACE',
  '-ODBC',
  '+LOCAL_FILES',
]

/**
 * Opens a session with all settings pinned. MariaDB from 10.6, MySQL from 8.0 on.
 *
 * @throws connector.unreachable | connector.denied | connector.address-invalid
 */
export async function connect(address: MysqlAddress, signal: AbortSignal): Promise<Session> {
  const helper: ConnectAgain = (forSignal) => connectWith(address, null, forSignal)
  return await connectWith(address, helper, signal)
}

async function connectWith(
  address: MysqlAddress,
  connectAgain: ConnectAgain | null,
  signal: AbortSignal,
): Promise<Session> {
  signal.throwIfAborted()
  const where = address.socket ?? `${address.host}:${address.port}`
  let failure: unknown
  for (const tls of await planTls(address)) {
    try {
      return await open(address, { tls, connectAgain }, signal)
    } catch (error) {
      signal.throwIfAborted()
      failure = error
      // What the server says does not depend on TLS.
      if (readServerError(error) !== undefined || error instanceof AppError) break
    }
  }
  throw toConnectError(failure, where)
}

async function open(
  address: MysqlAddress,
  { tls, connectAgain }: { tls: SslOptions | undefined; connectAgain: ConnectAgain | null },
  signal: AbortSignal,
): Promise<Session> {
  const options: ConnectionOptions = {
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    charset: 'utf8mb4_bin',
    connectTimeout: address.connectTimeoutMs,
    flags: FLAGS,
    ...(address.password === null ? {} : { password: address.password.reveal() }),
    ...(address.socket === null ? {} : { socketPath: address.socket }),
    ...(tls === undefined ? {} : { ssl: tls }),
    // Encrypted bytes are unwrapped below the socket, where there is no such choice.
    ...(tls === undefined && address.socket === null
      ? { stream: () => openPlainSocket(address) }
      : {}),
  }
  const connection = createConnection(options)
  const session = new Session(connection, connectAgain)
  try {
    await session.untilConnected(signal)
    await pinSettings(session, signal)
    return session
  } catch (error) {
    session.destroy()
    throw error
  }
}

async function pinSettings(session: Session, signal: AbortSignal): Promise<void> {
  const version = await readVersion(session, signal)
  const wanted = version.isMariadb ? [10, 6] : [8, 0]
  const [major = 0, minor = 0] = wanted
  if (version.major < major || (version.major === major && version.minor < minor)) {
    const found = `${version.isMariadb ? 'MariaDB' : 'MySQL'} ${version.major}.${version.minor}`
    const message = `Cannot use ${found}: need MariaDB 10.6 or MySQL 8.0, or newer`
    throw new AppError('connector.unreachable', message, { version: version.text })
  }
  await session.query('SET NAMES utf8mb4 COLLATE utf8mb4_bin', signal)
  const known = await session.query(
    `SHOW SESSION VARIABLES WHERE Variable_name IN (${Object.keys(PINS).map(quoteText).join(', ')})`,
    signal,
  )
  const settings = known.map(([name]) => `SESSION ${name} = ${PINS[name ?? '']}`)
  await session.query(`SET ${settings.join(', ')}`, signal)
  await session.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ', signal)
}

export type ServerVersion = {
  readonly isMariadb: boolean
  readonly major: number
  readonly minor: number
  readonly text: string
}

export async function readVersion(session: Session, signal: AbortSignal): Promise<ServerVersion> {
  const [[text] = []] = await session.query('SELECT VERSION()', signal)
  const version = text ?? ''
  const [, major, minor] = /^(?:5\.5\.5-)?(\d+)\.(\d+)/.exec(version) ?? []
  return {
    isMariadb: /mariadb/i.test(version),
    major: Number(major ?? 0),
    minor: Number(minor ?? 0),
    text: version,
  }
}

/** The attempts that an address allows, in order; `undefined` is without TLS. */
async function planTls(address: MysqlAddress): Promise<readonly (SslOptions | undefined)[]> {
  if (address.sslMode === 'disabled' || address.socket !== null) return [undefined]
  const options = await readTlsOptions(address)
  return address.sslMode === 'preferred' ? [options, undefined] : [options]
}

async function readTlsOptions(address: MysqlAddress): Promise<SslOptions> {
  const { sslCa, sslCert, sslKey, sslMode } = address
  const isVerified = sslMode === 'verify-ca' || sslMode === 'verify-identity'
  return {
    rejectUnauthorized: isVerified,
    verifyIdentity: sslMode === 'verify-identity',
    ...(sslCa === null ? {} : { ca: await readPem('ssl-ca', sslCa) }),
    ...(sslCert === null ? {} : { cert: await readPem('ssl-cert', sslCert) }),
    ...(sslKey === null ? {} : { key: await readPem('ssl-key', sslKey) }),
  }
}

async function readPem(parameter: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const message = `Cannot read the file of ${parameter} "${path}": need a PEM file`
    throw new AppError('connector.address-invalid', message, { parameter, path }, { cause })
  }
}
