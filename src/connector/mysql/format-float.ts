/**
 * The shortest text of a 32-bit float that reads back as the same float, from the text of the double
 * that holds it. The server itself prints six digits, which is not enough.
 */
export function formatFloat(doubleText: string): string {
  return formatFloatValue(Number(doubleText))
}

/** As `formatFloat`, of the number itself. */
export function formatFloatValue(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const begin = Math.abs(value) < NORMAL_MIN ? 1 : DIGITS_SURE
  for (let digits = begin; digits <= DIGITS_MAX; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value && Math.abs(Number(text)) <= FLOAT_MAX) return text
  }
  return String(value)
}

/** Below it a float holds fewer digits, down to one. */
const NORMAL_MIN = 2 ** -126
/** Fewer digits are found all the same: zeros at the end go when the text is made. */
const DIGITS_SURE = 6
const DIGITS_MAX = 9
/** The greatest float. A text of a greater number that would be rounded to it is out of range. */
const FLOAT_MAX = Math.fround(3.4028234663852886e38)
