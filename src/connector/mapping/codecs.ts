import { type Codec, Misfit } from './neutral.ts'

/** The pieces of which platforms put their codecs together. */

/** Refuses what is not of the form; both ways the same text. */
export function only(form: RegExp, need: string): NonNullable<Codec> {
  const same = (text: string) => {
    if (!form.test(text)) throw new Misfit(need)
    return text
  }
  return { toNeutral: same, fromNeutral: same }
}

/** First the one, then, nearer to the platform, the other. */
export function both(near: Codec, far: Codec): Codec {
  if (near === null || far === null) return near ?? far
  return {
    toNeutral: (own) => far.toNeutral(near.toNeutral(own)),
    fromNeutral: (neutral) => near.fromNeutral(far.fromNeutral(neutral)),
  }
}

export function words(own: { readonly yes: string; readonly no: string }): NonNullable<Codec> {
  return {
    toNeutral: (text) => {
      if (text === own.yes) return 'true'
      if (text === own.no) return 'false'
      throw new Misfit(`${own.yes} or ${own.no}`)
    },
    fromNeutral: (text) => (text === 'true' ? own.yes : own.no),
  }
}

/** A number of at most `precision` digits, `scale` of them behind the point, always all of these. */
export function decimalsOf(scale: number): NonNullable<Codec> {
  const form = scale === 0 ? /^-?[0-9]+$/ : new RegExp(`^-?[0-9]+\\.[0-9]{${scale}}$`)
  return only(form, `a number with ${scale} digits behind its point`)
}

/** Without zeros at the end of a fraction, and without the fraction if that is all. */
export function cutFraction(text: string): string {
  return text.replace(/\.([0-9]*?)0+(?![0-9])/, (_, kept: string) =>
    kept === '' ? '' : `.${kept}`,
  )
}

/** Times of which the platform always prints `digits` of the fraction. */
export function padFraction(form: RegExp, digits: number, need: string): NonNullable<Codec> {
  return {
    toNeutral: cutFraction,
    fromNeutral: (neutral) => {
      const [, whole, fraction = ''] = form.exec(neutral) ?? []
      if (whole === undefined || fraction.length > digits) throw new Misfit(need)
      return digits === 0 ? whole : `${whole}.${fraction.padEnd(digits, '0')}`
    },
  }
}

export function padTo(length: number): NonNullable<Codec> {
  return {
    toNeutral: (own) => own.replace(/ +$/, ''),
    fromNeutral: (neutral) => neutral + ' '.repeat(Math.max(0, length - [...neutral].length)),
  }
}

/** The fewest digits that are read as the same 32-bit float. */
export function shortestFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  for (let digits = 1; digits < 9; digits++) {
    const number = Number(value.toPrecision(digits))
    if (Math.fround(number) === value) return String(number)
  }
  return String(Number(value.toPrecision(9)))
}

/** Of the shortest digits of a number, sign, digits without a point, and where the point stands. */
export type Digits = { readonly sign: string; readonly digits: string; readonly point: number }

/** Takes apart what JavaScript prints for a finite number. */
export function splitNumber(text: string): Digits {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:e([+-]?[0-9]+))?$/.exec(text) ?? []
  const all = (whole + fraction).replace(/^0+/, '')
  const leading = (whole + fraction).length - all.length
  const digits = all.replace(/0+$/, '')
  const point = digits === '' ? 1 : whole.length - leading + Number(exponent)
  return { sign, digits: digits === '' ? '0' : digits, point }
}

/** The same number without an exponent. */
export function writePlain({ digits, point, sign }: Digits): string {
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length)
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** `1.5` and the exponent behind it. */
export function splitScientific({ digits, point, sign }: Digits): readonly [string, number] {
  const rest = digits.slice(1)
  return [`${sign}${digits[0] ?? '0'}${rest === '' ? '' : `.${rest}`}`, point - 1]
}
