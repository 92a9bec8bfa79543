import { cutFraction, shortestFloat } from './codecs.ts'
import { Misfit, type NeutralType } from './neutral.ts'

/** From the neutral text of one type to that of another. @throws Misfit for what the other does not hold */
export type FitText = (neutral: string) => string

/**
 * How values of one type become values of another, each the same or refused: none is rounded, cut off
 * or guessed. `null`: the types have nothing to do with each other.
 */
export function fitType(from: NeutralType, to: NeutralType): FitText | null {
  const parse = parserOf(to)
  if (isText(from) || isText(to)) return parse
  if (from.kind === 'decimal' && to.kind === 'integer')
    return (text) => readInteger(cutFraction(text), to)
  if (isNumeric(from) && isNumeric(to)) return parse
  if (from.kind === 'date' && to.kind === 'moment') return (text) => `${text} 00:00:00`
  if (from.kind === 'moment' && to.kind === 'date') return cutMidnight
  if (from.kind !== to.kind) return null
  if (from.kind === 'float' && to.kind === 'float') return from.bits === to.bits ? same : null
  // What only one platform knows (`infinity`) is judged by the codec of the other.
  const isOwn = from.kind === 'date' || from.kind === 'json' || from.kind === 'duration'
  return isOwn || from.kind === 'other' ? same : parse
}

/** Takes text for a value of the type, in its neutral form. `null`: no text says such a value. */
function parserOf(to: NeutralType): FitText | null {
  switch (to.kind) {
    case 'text':
      return (text) => needLength(text, to.length)
    case 'padded':
      return (text) => needLength(need(text, /(?:^|[^ ])$/, 'no blanks at its end'), to.length)
    case 'labels':
      return (text) => {
        if (!to.labels.includes(text)) throw new Misfit('one of its labels')
        return text
      }
    case 'integer':
      return (text) => readInteger(text, to)
    case 'decimal':
      return (text) => readDecimal(text, to.size)
    case 'float':
      return (text) => readFloat(text, to.bits)
    case 'boolean':
      return (text) => need(text, /^(?:true|false)$/, 'true or false')
    case 'date':
      return readDate
    case 'time':
      return (text) => needDigits(need(text, TIME, 'a time'), to.digits)
    case 'moment':
    case 'instant':
      return (text) => readMoment(text, to.digits)
    case 'uuid':
      return (text) => need(text, UUID, 'a UUID in lower case')
    case 'json':
      return readJson
    case 'bytes':
      return (text) => needBytes(need(text, /^\\x(?:[0-9a-f]{2})*$/, 'bytes'), to.length)
    case 'bits':
      return (text) => need(text, new RegExp(`^[01]{${to.length}}$`), `${to.length} bits`)
    case 'duration':
    case 'other':
      return null
  }
}

const TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?$/
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/
const TEXTS: ReadonlySet<NeutralType['kind']> = new Set(['text', 'padded', 'labels'])

function isText({ kind }: NeutralType): boolean {
  return TEXTS.has(kind)
}

function isNumeric({ kind }: NeutralType): boolean {
  return kind === 'integer' || kind === 'decimal'
}

function same(text: string): string {
  return text
}

function need(text: string, form: RegExp, wanted: string): string {
  if (!form.test(text)) throw new Misfit(wanted)
  return text
}

function needLength(text: string, length: number | null): string {
  if (length !== null && text.length > length && [...text].length > length)
    throw new Misfit(`at most ${length} characters`)
  return text
}

function needBytes(text: string, length: number | null): string {
  if (length !== null && text.length / 2 - 1 > length) throw new Misfit(`at most ${length} bytes`)
  return text
}

function needDigits(text: string, digits: number): string {
  const short = cutFraction(text)
  const [, fraction = ''] = short.split('.')
  if (fraction.length > digits) throw new Misfit(`at most ${digits} digits of a second`)
  return short
}

function readInteger(
  text: string,
  { bits, isUnsigned }: Extract<NeutralType, { kind: 'integer' }>,
): string {
  const whole = need(text, /^(?:0|-?[1-9][0-9]*)$/, 'a whole number')
  const value = BigInt(whole)
  const size = 2n ** BigInt(isUnsigned ? bits : bits - 1)
  if (value >= size || value < (isUnsigned ? 0n : -size)) {
    throw new Misfit(`a whole number of ${bits} bits`)
  }
  return whole
}

/** With all the digits behind the point that the type always prints. */
function readDecimal(
  text: string,
  size: { readonly precision: number; readonly scale: number } | null,
): string {
  need(text, NUMBER, 'a number')
  if (size === null) return text
  const { precision, scale } = size
  const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.')
  const kept = fraction.replace(/0+$/, '')
  if (kept.length > scale) throw new Misfit(`at most ${scale} digits behind the point`)
  const digits = whole === '0' ? 0 : whole.length
  if (digits > precision - scale) throw new Misfit(`at most ${precision - scale} digits`)
  const number = scale === 0 ? whole : `${whole}.${kept.padEnd(scale, '0')}`
  const isNegative = text.startsWith('-') && /[1-9]/.test(number)
  return isNegative ? `-${number}` : number
}

function readFloat(text: string, bits: 32 | 64): string {
  const number = Number(need(text, /^-?[0-9.]+(?:e[+-]?[0-9]+)?$/, 'a number'))
  const printed = bits === 32 ? shortestFloat(Math.fround(number)) : String(number)
  if (printed !== (text.includes('.') ? cutFraction(text) : text)) {
    throw new Misfit(`a number that a float of ${bits} bits holds exactly`)
  }
  return printed
}

function readDate(text: string): string {
  const wanted = 'a day'
  need(text, /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, wanted)
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year, month - 1, day)
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0
  if (!isReal) throw new Misfit(wanted)
  return text
}

function readMoment(text: string, digits: number): string {
  // What only one platform knows (`infinity`, `BC`) is judged by the codec of the other.
  if (/^-?infinity$| BC$/.test(text)) return text
  const [day = '', time = '', ...rest] = text.split(' ')
  if (rest.length > 0) throw new Misfit('a moment')
  return `${readDate(day)} ${needDigits(need(time, TIME, 'a moment'), digits)}`
}

function cutMidnight(text: string): string {
  return need(text, / 00:00:00$/, 'a moment at midnight').slice(0, -' 00:00:00'.length)
}

function readJson(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    throw new Misfit('JSON')
  }
  return text
}
