/** Texts of identifiers and addresses, from their bytes: shorter ones had zeros at their end. */

export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

export function formatInet4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** As MariaDB's `Inet6::to_string`: the first longest run of zeros is left out. */
export function formatInet6(bytes: Uint8Array): string {
  const words = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0),
  )
  const gap = longestGap(words)
  const isMapped = gap.at === 0 && gap.length === 5 && words[5] === 0xffff
  const isCompatible = gap.at === 0 && gap.length === 6
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === gap.at) {
      text += '::'
      i += gap.length - 1
      continue
    }
    if (text !== '' && !text.endsWith(':')) text += ':'
    if (i === 6 && (isMapped || isCompatible)) return text + formatInet4(bytes.subarray(12))
    text += (words[i] ?? 0).toString(16)
  }
  return text
}

function longestGap(words: readonly number[]): { at: number; length: number } {
  let best = { at: -1, length: 0 }
  for (let at = 0; at < words.length; ) {
    let end = at
    while (end < words.length && words[end] === 0) end += 1
    if (end - at > best.length) best = { at, length: end - at }
    at = Math.max(end, at + 1)
  }
  return best
}
