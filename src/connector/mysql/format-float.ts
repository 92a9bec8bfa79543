/**
 * The shortest text of a 32-bit float that reads back as the same float, from the text of the double
 * that holds it. The server itself prints six digits, which is not enough.
 */
export function formatFloat(doubleText: string): string {
  const value = Number(doubleText)
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  for (let digits = DIGITS_SURE; digits <= DIGITS_MAX; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(value)
}

/** Fewer digits are found all the same: zeros at the end go when the text is made. */
const DIGITS_SURE = 6
const DIGITS_MAX = 9
