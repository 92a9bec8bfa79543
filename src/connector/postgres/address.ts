import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'

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

const URL_FORM = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/
const HOST_FORM = /^(\[[^\]]*\]|[^:,]*)(?::([0-9]*))?$/
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

/** @throws connector.address-invalid; the message never shows the address */
export function parseAddress(text: string): PostgresAddress {
  const [, credentials = '', place = '', path = '', query = ''] = match(URL_FORM, text)
  const [user = '', password] = splitAt(credentials, ':')
  const [, host = '', port = ''] = match(HOST_FORM, place)
  const parameters = parseParameters(query)

  const name = parameters.get('user') ?? decode(user)
  if (name === '') throw invalid('it names no user')
  const passwordText = parameters.get('password') ?? (password && decode(password))
  const plainHost = decode(host).replace(/^\[(.*)\]$/, '$1')
  return {
    host: parameters.get('host') ?? (plainHost === '' ? 'localhost' : plainHost),
    port: parsePort(parameters.get('port') ?? port),
    user: name,
    password: passwordText === undefined ? null : new Secret(passwordText),
    database: parameters.get('dbname') ?? (path === '' ? name : decode(path)),
    sslMode: parseSslMode(parameters.get('sslmode')),
    sslRootCert: parameters.get('sslrootcert') ?? null,
    sslCert: parameters.get('sslcert') ?? null,
    sslKey: parameters.get('sslkey') ?? null,
    connectTimeoutMs: parseTimeoutMs(parameters.get('connect_timeout')),
  }
}

function match(form: RegExp, text: string): RegExpExecArray {
  const found = form.exec(text)
  if (found === null) throw invalid('it is not of this form')
  return found
}

function parseParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [name = '', value = ''] = splitAt(pair, '=')
    if (!PARAMETERS.has(name)) throw invalid(`the parameter "${name}" is not known`)
    parameters.set(name, decode(value))
  }
  return parameters
}

function parsePort(text: string): number {
  if (text === '') return 5432
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('its port is no port')
  return port
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

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid('it holds a broken percent-encoding', cause)
  }
}

function invalid(found: string, cause?: unknown): AppError {
  const need = 'need postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=...'
  const message = `Cannot read the address of a PostgreSQL server: ${found}, ${need}`
  return new AppError('connector.address-invalid', message, {}, { cause })
}
