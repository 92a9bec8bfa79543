import { parseArgs } from 'node:util'

export const ROWS_FULL = 2_000_000
const ROUNDS_USUAL = 3

/** Parts of the bench that can be run alone, in the order in which they run. */
export const PARTS = ['start', 'first', 'further', 'lookups', 'restore', 'shapes', 'large'] as const
export type Part = (typeof PARTS)[number]

export type BenchOptions = {
  readonly rows: number
  readonly rounds: number
  readonly parts: ReadonlySet<Part>
  /** Whether the server waits for its disk, as one in service does. */
  readonly isSyncing: boolean
  /** Bytes of the largest value of the table that has one. */
  readonly valueBytes: number
  /** Only at full size do the targets mean anything. */
  readonly isFull: boolean
}

export const USAGE = `npm run bench -- [--rows N] [--rounds N] [--once] [--parts a,b] [--no-sync]

  --rows N     rows of the customer table; the targets are judged at ${ROWS_FULL} only
  --rounds N   how often everything is measured (${ROUNDS_USUAL}); the median counts
  --once       one round
  --parts ...  ${PARTS.join(', ')}; all of them unless told
  --no-sync    the server does not wait for its disk (fsync = off)`

export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string', default: String(ROWS_FULL) },
      rounds: { type: 'string', default: String(ROUNDS_USUAL) },
      once: { type: 'boolean', default: false },
      parts: { type: 'string', default: PARTS.join(',') },
      'no-sync': { type: 'boolean', default: false },
    },
  })
  const rows = parseCount('rows', values.rows)
  const isFull = rows >= ROWS_FULL
  return {
    rows,
    rounds: values.once ? 1 : parseCount('rounds', values.rounds),
    parts: new Set(values.parts.split(',').map(parsePart)),
    isSyncing: !values['no-sync'],
    valueBytes: isFull ? 100_000_000 : 1_000_000,
    isFull,
  }
}

function parseCount(name: string, text: string): number {
  const count = Number(text)
  if (Number.isSafeInteger(count) && count > 0) return count
  throw new Error(`Cannot use --${name}: found "${text}", wanted a whole number above 0`)
}

function parsePart(text: string): Part {
  const part = PARTS.find((name) => name === text)
  if (part !== undefined) return part
  throw new Error(`Cannot run part "${text}": there are ${PARTS.join(', ')}`)
}
