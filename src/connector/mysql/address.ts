import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'

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

const URL_FORM = /^(?:mariadb|mysql):\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/
const HOST_FORM = /^(\[[^\]]*\]|[^:,]*)(?::([0-9]*))?$/
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

/** @throws connector.address-invalid; the message never shows the address */
export function parseAddress(text: string): MysqlAddress {
  const [, credentials = '', place = '', path = '', query = ''] = match(URL_FORM, text)
  const [user = '', password] = splitAt(credentials, ':')
  const [, host = '', port = ''] = match(HOST_FORM, place)
  const parameters = parseParameters(query)
  if (user === '') throw invalid('it names no user')
  if (path === '') throw invalid('it names no database')
  const plainHost = decode(host).replace(/^\[(.*)\]$/, '$1')
  return {
    host: plainHost === '' ? 'localhost' : plainHost,
    port: parsePort(port),
    socket: parameters.get('socket') ?? null,
    user: decode(user),
    password: password === undefined ? null : new Secret(decode(password)),
    database: decode(path),
    sslMode: parseSslMode(parameters.get('ssl-mode')),
    sslCa: parameters.get('ssl-ca') ?? null,
    sslCert: parameters.get('ssl-cert') ?? null,
    sslKey: parameters.get('ssl-key') ?? null,
    connectTimeoutMs: parseTimeoutMs(parameters.get('connect-timeout')),
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
  if (text === '') return 3306
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('its port is no port')
  return port
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

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw invalid('a part of it is not percent-encoded', cause)
  }
}

function invalid(problem: string, cause?: unknown): AppError {
  const need = 'need mariadb://USER:PASSWORD@HOST:PORT/DATABASE'
  const message = `Cannot read the address of a MariaDB or MySQL database: ${problem}, ${need}`
  return new AppError('connector.address-invalid', message, {}, { cause })
}
