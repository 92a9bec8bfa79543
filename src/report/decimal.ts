/**
 * Amounts are exact: whole numbers of ten-billionths, whatever the currency. What a system prints
 * with more digits than that is no amount.
 */
const SCALE = 10
const UNIT = 10n ** BigInt(SCALE)
const DECIMAL = /^([+-]?)(\d{1,38})(?:\.(\d*))?$/

/** `undefined` for whatever is no plain decimal number, exponents and thousands marks included. */
export function parseDecimal(text: string): bigint | undefined {
  const [, sign, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = fraction.replace(/0+$/, '')
  if (digits.length > SCALE) return undefined
  const value = BigInt(whole) * UNIT + BigInt(digits.padEnd(SCALE, '0'))
  return sign === '-' ? -value : value
}

/** With the decimals of the currency; with more where they are not nothing, so that none is lost. */
export function formatDecimal(value: bigint, decimals: number): string {
  const isNegative = value < 0n
  const size = isNegative ? -value : value
  const fraction = String(size % UNIT).padStart(SCALE, '0')
  const shown = fraction.slice(0, decimals) + fraction.slice(decimals).replace(/0+$/, '')
  return `${isNegative ? '-' : ''}${size / UNIT}${shown === '' ? '' : `.${shown}`}`
}

/** Whether it has no more decimals than that. */
export function fitsDecimals(value: bigint, decimals: number): boolean {
  return value % 10n ** BigInt(Math.max(0, SCALE - decimals)) === 0n
}

/** Decimals of currencies that have not two, as ISO 4217 lists them. */
const ISO_DECIMALS: ReadonlyMap<string, number> = new Map([
  ...['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF'].map(
    (code) => [code, 0] as const,
  ),
  ...['UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'].map((code) => [code, 0] as const),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3] as const),
  ...['CLF', 'UYW'].map((code) => [code, 4] as const),
])

export function isoDecimals(currency: string): number {
  return ISO_DECIMALS.get(currency) ?? 2
}
