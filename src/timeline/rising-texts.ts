import * as z from 'zod'

/**
 * Texts of one form with numbers that rise from one to the next, as names, times and positions of
 * transactions do: what one adds to the one before compresses to half of what the texts do.
 */
export const textsSchema = z.union([
  z.array(z.string()),
  z.strictObject({
    /** What the numbers are written as: digits, upper-case hex digits, or an ISO 8601 time in µs. */
    form: z.enum(['decimal', 'hex', 'time']),
    /** What stands around each number. */
    before: z.string(),
    after: z.string(),
    first: z.int().min(0),
    /** What each later one adds to the one before it. */
    steps: z.array(z.int()),
  }),
])

export type Texts = z.infer<typeof textsSchema>
type Rising = Exclude<Texts, string[]>
type Form = Rising['form']
type Taken = { readonly before: string; readonly number: number; readonly after: string }

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(\d{3})(Z)$/
const PATTERNS: Readonly<Record<Exclude<Form, 'time'>, RegExp>> = {
  decimal: /^()(\d+)()$/,
  hex: /^([0-9A-F]+\/)([0-9A-F]+)(@\d+)?$/,
}
const FORMS: readonly Form[] = ['time', 'hex', 'decimal']

/** Every text that is read again is the one that was written: what has no such form stays as it is. */
export function writeTexts(texts: readonly string[]): Texts {
  for (const form of FORMS) {
    const rising = writeAs(form, texts)
    if (rising !== undefined) return rising
  }
  return [...texts]
}

/** `undefined` when a number is none that is written so. */
export function readTexts(texts: Texts): readonly string[] | undefined {
  if (Array.isArray(texts)) return texts
  const { after, before, first, form, steps } = texts
  let number = first
  const read = [formatAs(form, number)]
  for (const step of steps) {
    number += step
    read.push(formatAs(form, number))
  }
  const isWhole = read.every((text) => text !== undefined)
  return isWhole ? read.map((text) => `${before}${text}${after}`) : undefined
}

function writeAs(form: Form, texts: readonly string[]): Rising | undefined {
  const [first, ...rest] = texts.map((text) => take(form, text))
  if (first === undefined) return undefined
  const { after, before } = first
  const steps: number[] = []
  let last = first.number
  for (const taken of rest) {
    if (taken === undefined || taken.before !== before || taken.after !== after) return undefined
    steps.push(taken.number - last)
    last = taken.number
  }
  return { form, before, after, first: first.number, steps }
}

/** `undefined` when it would not be read as the same text. */
function take(form: Form, text: string): Taken | undefined {
  const [, before = '', digits = '', after = ''] = patternOf(form).exec(text) ?? []
  const taken =
    form === 'time'
      ? { before: '', number: Date.parse(`${before}Z`) * 1000 + Number(digits), after: '' }
      : { before, number: Number.parseInt(digits, form === 'hex' ? 16 : 10), after }
  const { number } = taken
  const isSame = `${taken.before}${formatAs(form, number)}${taken.after}` === text
  return isSame ? taken : undefined
}

function patternOf(form: Form): RegExp {
  return form === 'time' ? TIME : PATTERNS[form]
}

function formatAs(form: Form, number: number): string | undefined {
  if (!Number.isSafeInteger(number) || number < 0) return undefined
  if (form === 'decimal') return String(number)
  if (form === 'hex') return number.toString(16).toUpperCase()
  const ms = Math.floor(number / 1000)
  if (ms > TIME_MS_MAX) return undefined
  const micros = String(number % 1000).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`
}

/** The last moment of the year 9999. */
const TIME_MS_MAX = 253_402_300_799_999
