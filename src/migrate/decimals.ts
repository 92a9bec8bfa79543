import type { Environment } from '@marcbachmann/cel-js'
import { fitsDecimals, formatDecimal, parseDecimal } from '#report/decimal'

/** Of one of an amount, see `report/decimal.ts`. */
const UNIT = parseDecimal('1') ?? 1n
/** Digits behind the point that an amount can have. */
const DIGITS_MAX = 10

/** An exact amount inside an expression. */
export class Decimal {
  readonly units: bigint

  constructor(units: bigint) {
    this.units = units
  }

  format(decimals: number): string {
    return formatDecimal(this.units, decimals)
  }
}

/** Adds exact amounts to the language: what is not exact fails instead of being rounded. */
export function registerDecimals(environment: Environment): void {
  environment.registerType('Decimal', { ctor: Decimal, fields: {} })
  environment.registerFunction('decimal(string): Decimal', (text: string) => {
    const units = parseDecimal(text)
    if (units === undefined) throw new RangeError('No amount')
    return new Decimal(units)
  })
  environment.registerFunction('decimal(int): Decimal', (n: bigint) => new Decimal(n * UNIT))
  environment.registerFunction('text(Decimal): string', (one: Decimal) => one.format(0))
  environment.registerFunction('text(Decimal, int): string', (one: Decimal, decimals: bigint) => {
    if (!fitsDecimals(one.units, toDigits(decimals))) throw new RangeError('Too many digits')
    return one.format(toDigits(decimals))
  })
  environment.registerFunction('round(Decimal, int): Decimal', (one: Decimal, decimals: bigint) =>
    round(one, toDigits(decimals)),
  )
  const operators: readonly (readonly [string, (a: bigint, b: bigint) => bigint])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', multiply],
  ]
  for (const [sign, compute] of operators) {
    environment.registerOperator(`Decimal ${sign} Decimal`, (a: Decimal, b: Decimal) => {
      return new Decimal(compute(a.units, b.units))
    })
  }
  const comparisons: readonly (readonly [string, (a: bigint, b: bigint) => boolean])[] = [
    ['==', (a, b) => a === b],
    ['<', (a, b) => a < b],
    ['<=', (a, b) => a <= b],
    ['>', (a, b) => a > b],
    ['>=', (a, b) => a >= b],
  ]
  for (const [sign, compare] of comparisons) {
    environment.registerOperator(`Decimal ${sign} Decimal`, (a: Decimal, b: Decimal) => {
      return compare(a.units, b.units)
    })
  }
}

function multiply(a: bigint, b: bigint): bigint {
  const product = a * b
  if (product % UNIT !== 0n) throw new RangeError('Too many digits')
  return product / UNIT
}

/** Halves away from zero, as on an invoice. */
function round({ units }: Decimal, decimals: number): Decimal {
  const step = 10n ** BigInt(DIGITS_MAX - decimals)
  const size = units < 0n ? -units : units
  const rounded = ((size + step / 2n) / step) * step
  return new Decimal(units < 0n ? -rounded : rounded)
}

function toDigits(decimals: bigint): number {
  if (decimals < 0n || decimals > BigInt(DIGITS_MAX)) throw new RangeError('Digits out of range')
  return Number(decimals)
}
