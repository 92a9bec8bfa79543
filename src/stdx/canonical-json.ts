import { AppError } from './app-error.ts'

/** What has one canonical form here: RFC 8785 without fractions, so no float formatting is needed. */
export type CanonicalValue =
  | string
  | boolean
  | null
  | number
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue }

/** Deep enough for every format of ours, and far from the end of the stack. */
const DEPTH_MAX = 100

/**
 * Formats `value` so that equal values give equal text: no white space, names sorted by UTF-16 code
 * units, strings as `JSON.stringify` writes them (RFC 8785), numbers only as safe integers.
 *
 * @throws stdx.not-canonical when the value holds anything else: a fraction, -0, `undefined`, a lone
 *   surrogate, a date, an instance of a class, or more than 100 levels
 */
export function formatCanonicalJson(value: unknown): string {
  return formatValue(value, '$', 0)
}

function formatValue(value: unknown, path: string, depth: number): string {
  if (depth > DEPTH_MAX) throw notCanonical(path, `nested deeper than ${DEPTH_MAX}`)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return formatString(value, path)
  if (typeof value === 'number') return formatInteger(value, path)
  if (Array.isArray(value)) return formatArray(value, path, depth)
  if (isPlainObject(value)) return formatObject(value, path, depth)
  throw notCanonical(path, typeof value === 'object' ? 'not a plain object' : typeof value)
}

function formatString(text: string, path: string): string {
  if (!text.isWellFormed()) throw notCanonical(path, 'text with a lone surrogate')
  return JSON.stringify(text)
}

function formatInteger(value: number, path: string): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw notCanonical(path, 'a number that is no safe integer')
  }
  return String(value)
}

function formatArray(values: readonly unknown[], path: string, depth: number): string {
  // Array.from also visits holes, which map() would skip.
  const parts = Array.from(values, (value, i) => formatValue(value, `${path}[${i}]`, depth + 1))
  return `[${parts.join(',')}]`
}

function formatObject(object: Record<string, unknown>, path: string, depth: number): string {
  if (Object.getOwnPropertySymbols(object).length > 0) throw notCanonical(path, 'a symbol as name')
  const parts = Object.keys(object)
    .sort()
    .map((name) => {
      const inner = `${path}.${name}`
      return `${formatString(name, inner)}:${formatValue(object[name], inner, depth + 1)}`
    })
  return `{${parts.join(',')}}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function notCanonical(path: string, found: string): AppError {
  const wanted = 'wanted strings, booleans, null, safe integers, arrays or plain objects'
  return new AppError(
    'stdx.not-canonical',
    `Cannot format ${path} as canonical JSON: found ${found}, ${wanted}`,
    { path },
  )
}
