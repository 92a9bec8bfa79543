import type { AppError } from '#stdx/app-error'

/** What a connection URL of one system may look like, and how it is refused: never by showing it. */
export type UrlRules = {
  /** Before `://`; a pattern. */
  readonly scheme: string
  readonly parameters: ReadonlySet<string>
  /** What is said of a part with a broken percent-encoding. */
  readonly badEncoding: string
  readonly refuse: (found: string, cause?: unknown) => AppError
}

/** The parts of a connection URL; `path` and `credentials` are still percent-encoded. */
export type UrlParts = {
  readonly user: string
  readonly password: string | undefined
  /** Decoded, without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: string
  readonly path: string
  readonly parameters: ReadonlyMap<string, string>
}

const HOST_FORM = /^(\[[^\]]*\]|[^:,]*)(?::([0-9]*))?$/

/** @throws what `refuse` makes */
export function splitUrl(text: string, rules: UrlRules): UrlParts {
  const form = `^${rules.scheme}://(?:([^@/?#]*)@)?([^/?#]*)(?:/([^?#]*))?(?:\\?([^#]*))?$`
  const [, credentials = '', place = '', path = '', query = ''] = match(
    new RegExp(form),
    text,
    rules,
  )
  const [user = '', password] = splitAt(credentials, ':')
  const [, host = '', port = ''] = match(HOST_FORM, place, rules)
  const parameters = parseParameters(query, rules)
  const plainHost = decodePart(host, rules).replace(/^\[(.*)\]$/, '$1')
  return { user, password, host: plainHost, port, path, parameters }
}

/** @throws what `refuse` makes */
export function decodePart(text: string, { badEncoding, refuse }: UrlRules): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw refuse(badEncoding, cause)
  }
}

/** @throws what `refuse` makes */
export function parsePort(
  text: string,
  usual: number,
  { refuse }: Pick<UrlRules, 'refuse'>,
): number {
  if (text === '') return usual
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse('its port is no port')
  return port
}

function match(form: RegExp, text: string, { refuse }: UrlRules): RegExpExecArray {
  const found = form.exec(text)
  if (found === null) throw refuse('it is not of this form')
  return found
}

function parseParameters(query: string, rules: UrlRules): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const [name = '', value = ''] = splitAt(pair, '=')
    if (!rules.parameters.has(name)) throw rules.refuse(`the parameter "${name}" is not known`)
    parameters.set(name, decodePart(value, rules))
  }
  return parameters
}

function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
