/** One transaction: when it was committed since the beginning, and how long until it was durable. */
export type Lag = { readonly atS: number; readonly lagS: number }

export type LagPlot = {
  readonly title: string
  readonly lags: readonly Lag[]
  /** Stretches of time with a name, in order. */
  readonly phases: readonly { readonly name: string; readonly fromS: number }[]
}

const WIDTH = 960
const HEIGHT = 376
const LEFT = 56
const RIGHT = 16
const TOP = 64
const BOTTOM = 40
const COLUMNS = 220

/** A picture of lag over time: in each stretch of time the least and the most, and the median. */
export function formatLagPlot({ lags, phases, title }: LagPlot): string {
  const untilS = Math.max(1, ...lags.map(({ atS }) => atS))
  const most = Math.max(1, ...lags.map(({ lagS }) => lagS))
  const x = (atS: number) => LEFT + ((WIDTH - LEFT - RIGHT) * atS) / untilS
  const y = (lagS: number) => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * lagS) / most
  const columns = divide(lags, untilS)
  const point = (atS: number, lagS: number) => `${x(atS).toFixed(1)},${y(lagS).toFixed(1)}`
  const upper = columns.map(({ atS, max }) => point(atS, max))
  const lower = columns.map(({ atS, min }) => point(atS, min)).toReversed()
  const middle = columns.map(({ atS, median }) => point(atS, median))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14">${title}</text>
${ticks(most)
  .map((lagS) => formatTick(lagS, y(lagS)))
  .join('\n')}
${phases.map(({ fromS, name }, i) => formatPhase(name, x(fromS), i)).join('\n')}
<polygon points="${[...upper, ...lower].join(' ')}" fill="#9ec5e8"/>
<polyline points="${middle.join(' ')}" fill="none" stroke="#14508c" stroke-width="1.5"/>
${ticks(untilS)
  .map(
    (atS) =>
      `<text x="${x(atS).toFixed(1)}" y="${HEIGHT - 20}" text-anchor="middle">${atS} s</text>`,
  )
  .join('\n')}
<text x="${WIDTH - RIGHT}" y="${HEIGHT - 5}" text-anchor="end" fill="#555">time of the commit at the source; band: least to most, line: median</text>
</svg>
`
}

function formatTick(lagS: number, y: number): string {
  const at = y.toFixed(1)
  return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#ddd"/>
<text x="${LEFT - 6}" y="${(y + 4).toFixed(1)}" text-anchor="end">${lagS} s</text>`
}

/** Names of neighbours stand one above the other: some phases are short. */
function formatPhase(name: string, x: number, index: number): string {
  const at = x.toFixed(1)
  const textY = TOP - 6 - 16 * (index % 2)
  return `<line x1="${at}" x2="${at}" y1="${textY - 10}" y2="${HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="3 3"/>
<text x="${(x + 4).toFixed(1)}" y="${textY}" fill="#555">${name}</text>`
}

/** Round numbers from 0, some five of them. */
function ticks(most: number): number[] {
  const rough = most / 5
  const size = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((by) => by * size).find((one) => one >= rough) ?? rough
  const count = Math.floor(most / step)
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toFixed(6)))
}

function divide(lags: readonly Lag[], untilS: number) {
  const columns = new Map<number, number[]>()
  for (const { atS, lagS } of lags) {
    const column = Math.min(COLUMNS - 1, Math.floor((COLUMNS * atS) / untilS))
    const known = columns.get(column)
    if (known === undefined) columns.set(column, [lagS])
    else known.push(lagS)
  }
  return [...columns]
    .toSorted(([a], [b]) => a - b)
    .map(([column, values]) => {
      const sorted = values.toSorted((a, b) => a - b)
      const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
      return { atS: ((column + 0.5) * untilS) / COLUMNS, min: at(0), median: at(0.5), max: at(1) }
    })
}
