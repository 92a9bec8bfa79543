import type { Keyed } from '../keyed.ts'

/** A Feistel network of so many rounds has no known way back without the key. */
const ROUNDS = 10

/**
 * Puts the numbers of one length in another order, which the key decides: two different inputs never
 * give the same, so what had to be unique still is. Built as FF1 of NIST SP 800-38G is, over HMAC.
 *
 * @param digits each below `radix`
 */
export function permute(keyed: Keyed, digits: readonly number[], radix: number): number[] {
  const count = digits.length
  if (count === 0) return []
  const tweak = `${radix}.${count}`
  if (count < 2) {
    const by = keyed('digit', tweak).readUInt32BE(0) % (radix - 1)
    return digits.map((digit) => (digit + 1 + by) % radix)
  }
  const half = Math.floor(count / 2)
  let left = digits.slice(0, half)
  let right = digits.slice(half)
  for (let round = 0; round < ROUNDS; round++) {
    const size = round % 2 === 0 ? half : count - half
    const noise = keyed('round', `${tweak}.${round}.${right.join(',')}`)
    const sum = toNumber(left, radix) + BigInt(`0x${noise.toString('hex')}`)
    left = right
    right = toDigits(sum % BigInt(radix) ** BigInt(size), { radix, size })
  }
  const permuted = [...left, ...right]
  const isSame = permuted.every((digit, i) => digit === digits[i])
  return isSame
    ? permuted.map((digit, i) => (i === count - 1 ? (digit + 1) % radix : digit))
    : permuted
}

function toNumber(digits: readonly number[], radix: number): bigint {
  return digits.reduce((sum, digit) => sum * BigInt(radix) + BigInt(digit), 0n)
}

function toDigits(
  value: bigint,
  { radix, size }: { readonly radix: number; readonly size: number },
): number[] {
  const digits: number[] = []
  let rest = value
  for (let i = 0; i < size; i++) {
    digits.unshift(Number(rest % BigInt(radix)))
    rest /= BigInt(radix)
  }
  return digits
}
