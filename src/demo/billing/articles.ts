/** What the group trades in: a list that follows from its own position, not from the seed. */
export type Article = {
  /** Eight digits, leading zeros. */
  readonly number: string
  readonly description: string
  readonly unit: string
  readonly weightKg: number | null
  readonly priceEuroCents: number
}

const THINGS = [
  'Gear',
  'Valve',
  'Lens',
  'Crate',
  'Bearing',
  'Hose',
  'Lamp',
  'Filter',
  'Spool',
  'Seal',
]
const KINDS = ['steel', 'brass', 'oak', 'ceramic', 'nylon', 'copper']
const SIZES = ['⌀ 12 mm', '⌀ 30 mm', '½″', '2 × 4']

export const ARTICLES: readonly Article[] = THINGS.flatMap((thing, i) =>
  KINDS.flatMap((kind, j) =>
    SIZES.map((size, k) => {
      const position = (i * KINDS.length + j) * SIZES.length + k
      return {
        number: String(4001 + position * 7).padStart(8, '0'),
        description: `${thing}, ${kind}, ${size}`,
        unit: position % 9 === 0 ? 'BOX' : 'PCE',
        weightKg: position % 11 === 0 ? null : (position % 50) / 8 + 0.1,
        priceEuroCents: 45 + ((position * 7919) % 24_000),
      }
    }),
  ),
)
