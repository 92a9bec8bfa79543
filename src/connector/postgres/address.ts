import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import { decodePart, parsePort, splitUrl, type UrlRules } from '../url-parts.ts'

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/** A PostgreSQL connection URL, taken apart. Names of parameters and their meaning are libpq's. */
export type PostgresAddress = {
  /** A name, an IP address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: Secret | null
  readonly database: string
  readonly sslMode: SslMode
  /** Paths of PEM files; `system` as root certificate means the public authorities. */
  readonly sslRootCert: string | null
  readonly sslCert: string | null
  readonly sslKey: string | null
  readonly connectTimeoutMs: number
}

const PARAMETERS = new Set([
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
  'application_name',
])
const SSL_MODES: readonly SslMode[] = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
]
const CONNECT_TIMEOUT_S = 15
const RULES: UrlRules = {
  scheme: 'postgres(?:ql)?',
  parameters: PARAMETERS,
  badEncoding: 'it holds a broken percent-encoding',
  refuse: invalid,
}

/** @throws connector.address-invalid; the message never shows the address */
export function parseAddress(text: string): PostgresAddress {
  const { host, parameters, password, path, port, user } = splitUrl(text, RULES)
  const name = parameters.get('user') ?? decodePart(user, RULES)
  if (name === '') throw invalid('it names no user')
  const passwordText = parameters.get('password') ?? (password && decodePart(password, RULES))
  return {
    host: parameters.get('host') ?? (host === '' ? 'localhost' : host),
    port: parsePort(parameters.get('port') ?? port, 5432, RULES),
    user: name,
    password: passwordText === undefined ? null : new Secret(passwordText),
    database: parameters.get('dbname') ?? (path === '' ? name : decodePart(path, RULES)),
    sslMode: parseSslMode(parameters.get('sslmode')),
    sslRootCert: parameters.get('sslrootcert') ?? null,
    sslCert: parameters.get('sslcert') ?? null,
    sslKey: parameters.get('sslkey') ?? null,
    connectTimeoutMs: parseTimeoutMs(parameters.get('connect_timeout')),
  }
}

function parseSslMode(text: string | undefined): SslMode {
  if (text === undefined) return 'prefer'
  const mode = SSL_MODES.find((known) => known === text)
  if (mode === undefined) throw invalid(`its sslmode is none of ${SSL_MODES.join(', ')}`)
  return mode
}

function parseTimeoutMs(text: string | undefined): number {
  const seconds = Number(text ?? CONNECT_TIMEOUT_S)
  if (!Number.isInteger(seconds) || seconds < 1) throw invalid('its connect_timeout is no number')
  return seconds * 1000
}

function invalid(found: string, cause?: unknown): AppError {
  const need = 'need postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...'
  const message = `Cannot read the address of a PostgreSQL server: ${found}, ${need}`
  return new AppError('connector.address-invalid', message, {}, { cause })
}
