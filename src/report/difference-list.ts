import { createHash } from 'node:crypto'
import { DIFFERENCES_HEADER, formatDifferenceCsv } from './format-differences-csv.ts'
import type { Difference, Differences } from './reconciliation.ts'

/** So many stand in the document; the CSV has all. */
const SHOWN_MAX = 10_000
/** And so much text of theirs. */
const SHOWN_UNITS_MAX = 16 * 1_048_576

/** Gathers what differs: counts all, hashes all, keeps the first ones. */
export class DifferenceList {
  readonly #hash = createHash('sha256').update(DIFFERENCES_HEADER)
  readonly #shown: Difference[] = []
  #count = 0
  #units = 0

  /** Returns its text for the CSV. */
  add(difference: Difference): string {
    const text = formatDifferenceCsv(difference)
    this.#hash.update(text)
    this.#count += 1
    this.#units += text.length
    const isShown = this.#shown.length < SHOWN_MAX && this.#units <= SHOWN_UNITS_MAX
    if (isShown) this.#shown.push(difference)
    return text
  }

  /** Once all were added. */
  end(): Differences {
    return { count: this.#count, sha256: this.#hash.digest('hex'), shown: this.#shown }
  }
}
