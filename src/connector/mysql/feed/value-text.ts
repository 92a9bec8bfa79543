/** Texts of values as the server prints them, made from the bytes of a row in the log. */

/**
 * A decimal: groups of nine digits in four bytes, the odd digits at both ends in as many bytes as
 * they need; the first bit is inverted, and all bits of a negative one.     MySQL, `decimal2bin`
 */
export function formatDecimal(
  from: Buffer,
  start: number,
  { precision, scale }: { precision: number; scale: number },
): string {
  const isNegative = ((from[start] ?? 0) & 0x80) === 0
  const whole = readDigits(from, start, {
    groups: headFirst(precision - scale),
    isNegative,
    isFirst: true,
  })
  const begin = start + decimalPartBytes(precision - scale)
  const isFirst = begin === start
  const fraction = readDigits(from, begin, { groups: headLast(scale), isNegative, isFirst })
  const digits = whole.replace(/^0+(?=\d)/, '') || '0'
  return `${isNegative ? '-' : ''}${digits}${scale > 0 ? `.${fraction}` : ''}`
}

export function decimalBytes(precision: number, scale: number): number {
  return decimalPartBytes(precision - scale) + decimalPartBytes(scale)
}

function decimalPartBytes(digits: number): number {
  return Math.floor(digits / 9) * 4 + (BYTES_BY_DIGITS[digits % 9] ?? 0)
}

const BYTES_BY_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4]

function headFirst(digits: number): number[] {
  const rest = digits % 9
  const full: number[] = Array(Math.floor(digits / 9)).fill(9)
  return rest === 0 ? full : [rest, ...full]
}

function headLast(digits: number): number[] {
  return headFirst(digits).toSorted((a, b) => b - a)
}

function readDigits(
  from: Buffer,
  start: number,
  { groups, isFirst, isNegative }: { groups: number[]; isNegative: boolean; isFirst: boolean },
): string {
  let at = start
  let text = ''
  for (const [i, digits] of groups.entries()) {
    const size = digits === 9 ? 4 : (BYTES_BY_DIGITS[digits] ?? 0)
    let value = 0
    for (let k = 0; k < size; k++) {
      let byte = from[at++] ?? 0
      if (isFirst && i === 0 && k === 0) byte ^= 0x80
      value = value * 256 + (isNegative ? byte ^ 0xff : byte)
    }
    text += String(value).padStart(digits, '0')
  }
  return text
}

/** The shortest text that reads back as the same number; digits as `my_gcvt` sets them. */
export function formatDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = Number(exponentText)
  const sign = value < 0 ? '-' : ''
  const isWhole = digits.length <= exponent + 1
  if (exponent < -FIXED_MAX || (exponent >= FIXED_MAX && isWhole)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${sign}${digits[0]}${fraction}e${exponent}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const fraction = digits.slice(exponent + 1)
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

const FIXED_MAX = 15

/** A DOUBLE(M,D): always `decimals` digits; beyond those that are sure, zeros. */
export function formatFixed(value: number, decimals: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e')
  const digits = mantissa.replace('.', '')
  const exponent = Number(exponentText)
  if (digits.length - 1 - exponent > decimals) return sign + Math.abs(value).toFixed(decimals)
  const whole = exponent < 0 ? '0' : digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const rest = exponent < 0 ? '0'.repeat(-exponent - 1) + digits : digits.slice(exponent + 1)
  return `${sign}${whole}${decimals > 0 ? `.${rest.padEnd(decimals, '0')}` : ''}`
}

export function formatInteger64(from: Buffer, at: number, isUnsigned: boolean): string {
  const high = isUnsigned ? from.readUInt32LE(at + 4) : from.readInt32LE(at + 4)
  if (high >= -0x20_0000 && high < 0x20_0000) {
    return String(high * 0x1_0000_0000 + from.readUInt32LE(at))
  }
  return String(isUnsigned ? from.readBigUInt64LE(at) : from.readBigInt64LE(at))
}

/** 3 bytes: day 5 bits, month 4, year. */
export function formatDate(from: Buffer, at: number): string {
  const value = from.readUIntLE(at, 3)
  return formatDay(value >> 9, (value >> 5) & 15, value & 31)
}

/** Year * 13 + month 17 bits, day 5, hour 5, minute 6, second 6, after a bit that is set. */
export function formatDatetime(from: Buffer, at: number, digits: number): string {
  const high = from.readUIntBE(at, 3) & 0x7fffff
  const low = from.readUInt16BE(at + 3)
  const months = high >> 6
  const day = (high >> 1) & 31
  const hour = ((high & 1) << 4) | (low >> 12)
  const time = formatClock(hour, (low >> 6) & 63, low & 63)
  const date = formatDay(Math.floor(months / 13), months % 13, day)
  return `${date} ${time}${formatFraction(from, at + 5, digits)}`
}

/** Seconds since 1970, in UTC. */
export function formatTimestamp(from: Buffer, at: number, digits: number): string {
  const seconds = from.readUInt32BE(at)
  const fraction = formatFraction(from, at + 4, digits)
  if (seconds === 0 && !/[1-9]/.test(fraction)) return `0000-00-00 00:00:00${fraction}`
  return formatSeconds(seconds) + fraction
}

export function formatSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
}

/**
 * Hours 10 bits, minutes 6, seconds 6 and the fraction, as one number above half of its range.
 */
export function formatTime(from: Buffer, at: number, digits: number): string {
  const fractionBytes = fractionBytesOf(digits)
  const half = 2 ** (23 + 8 * fractionBytes)
  const value = from.readUIntBE(at, 3 + fractionBytes) - half
  const size = Math.abs(value)
  const scale = 2 ** (8 * fractionBytes)
  const clock = Math.floor(size / scale)
  const text = formatClock(clock >> 12, (clock >> 6) & 63, clock & 63)
  const fraction = digits === 0 ? '' : `.${fractionText(size % scale, digits)}`
  return `${value < 0 ? '-' : ''}${text}${fraction}`
}

export function fractionBytesOf(digits: number): number {
  return (digits + 1) >> 1
}

function formatFraction(from: Buffer, at: number, digits: number): string {
  if (digits === 0) return ''
  return `.${fractionText(from.readUIntBE(at, fractionBytesOf(digits)), digits)}`
}

/** An odd count of digits is kept with one more. */
function fractionText(value: number, digits: number): string {
  return String(value)
    .padStart(2 * fractionBytesOf(digits), '0')
    .slice(0, digits)
}

/** Before MySQL 5.6: the digits of a number. */
export function formatOldDatetime(from: Buffer, at: number): string {
  const text = String(from.readBigUInt64LE(at)).padStart(14, '0')
  return text.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3 $4:$5:$6')
}

export function formatOldTime(from: Buffer, at: number): string {
  const value = from.readIntLE(at, 3)
  const text = String(Math.abs(value)).padStart(6, '0')
  return (value < 0 ? '-' : '') + text.replace(/^(.+)(..)(..)$/, '$1:$2:$3')
}

export function formatOldTimestamp(from: Buffer, at: number): string {
  const seconds = from.readUInt32LE(at)
  return seconds === 0 ? '0000-00-00 00:00:00' : formatSeconds(seconds)
}

function formatDay(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
}

function formatClock(hour: number, minute: number, second: number): string {
  return `${two(hour)}:${two(minute)}:${two(second)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value)
}

/** The last `width` bits of the bytes. */
export function formatBits(from: Buffer, at: number, width: number): string {
  let text = ''
  for (let i = 0; i < Math.ceil(width / 8); i++) {
    text += (from[at + i] ?? 0).toString(2).padStart(8, '0')
  }
  return text.slice(-width)
}
