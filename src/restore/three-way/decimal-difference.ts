const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?$/

/** `after` less `before`, exactly, with the digits of the finer one; `null` where one is no decimal number. Pure. */
export function decimalDifference(before: string, after: string): string | null {
  const [a, b] = [DECIMAL.exec(before), DECIMAL.exec(after)]
  if (a === null || b === null) return null
  const places = Math.max(a[3]?.length ?? 0, b[3]?.length ?? 0)
  const [from, to] = [a, b].map(([, sign, whole = '', part = '']) => {
    const units = BigInt(whole + part.padEnd(places, '0'))
    return sign === '-' ? -units : units
  })
  const units = (to ?? 0n) - (from ?? 0n)
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const sign = units < 0n ? '-' : '+'
  return sign + (places === 0 ? whole : `${whole}.${digits.slice(-places)}`)
}
