import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import { decodePart, parsePort, splitUrl, type UrlRules } from '../url-parts.ts'

export type SslMode = 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity'

/** A connection URL, taken apart. Names of parameters and their meaning are those of MySQL's URLs. */
export type MysqlAddress = {
  readonly host: string
  readonly port: number
  /** Path of a Unix socket, which then counts instead of host and port. */
  readonly socket: string | null
  readonly user: string
  readonly password: Secret | null
  readonly database: string
  readonly sslMode: SslMode
  /** Paths of PEM files. */
  readonly sslCa: string | null
  readonly sslCert: string | null
  readonly sslKey: string | null
  readonly connectTimeoutMs: number
}

const PARAMETERS = new Set([
  'socket',
  'ssl-mode',
  'ssl-ca',
  'ssl-cert',
  'ssl-key',
  'connect-timeout',
])
const SSL_MODES: readonly SslMode[] = [
  'disabled',
  'preferred',
  'required',
  'verify-ca',
  'verify-identity',
]
const CONNECT_TIMEOUT_S = 15
const RULES: UrlRules = {
  scheme: '(?:mariadb|mysql)',
  parameters: PARAMETERS,
  badEncoding: 'a part of it is not percent-encoded',
  refuse: invalid,
}

/** @throws connector.address-invalid; the message never shows the address */
export function parseAddress(text: string): MysqlAddress {
  const { host, parameters, password, path, port, user } = splitUrl(text, RULES)
  if (user === '') throw invalid('it names no user')
  if (path === '') throw invalid('it names no database')
  return {
    host: host === '' ? 'localhost' : host,
    port: parsePort(port, 3306, RULES),
    socket: parameters.get('socket') ?? null,
    user: decodePart(user, RULES),
    password: password === undefined ? null : new Secret(decodePart(password, RULES)),
    database: decodePart(path, RULES),
    sslMode: parseSslMode(parameters.get('ssl-mode')),
    sslCa: parameters.get('ssl-ca') ?? null,
    sslCert: parameters.get('ssl-cert') ?? null,
    sslKey: parameters.get('ssl-key') ?? null,
    connectTimeoutMs: parseTimeoutMs(parameters.get('connect-timeout')),
  }
}

function parseSslMode(text: string | undefined): SslMode {
  if (text === undefined) return 'preferred'
  const wanted = text.toLowerCase().replaceAll('_', '-')
  const mode = SSL_MODES.find((known) => known === wanted)
  if (mode === undefined) throw invalid(`its ssl-mode is none of ${SSL_MODES.join(', ')}`)
  return mode
}

function parseTimeoutMs(text: string | undefined): number {
  const seconds = text === undefined ? CONNECT_TIMEOUT_S : Number(text)
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3600) {
    throw invalid('its connect-timeout is no number of seconds up to 3600')
  }
  return seconds * 1000
}

function invalid(problem: string, cause?: unknown): AppError {
  const need = 'need mariadb://USER:PASSWORD@HOST:PORT/DATABASE'
  const message = `Cannot read the address of a MariaDB or MySQL database: ${problem}, ${need}`
  return new AppError('connector.address-invalid', message, {}, { cause })
}
