import { groupDigits } from '#stdx/group-digits'
import { type Html, html } from '#stdx/html'
import { parseDecimal } from '../decimal.ts'
import type { Receivables, ReceivablesGroup } from '../receivables.ts'

const LEFT = 90
const WIDTH = 760
const RIGHT = 150
const BAR = 20
const STEP = 30
/** The darkest of the colours; later columns share it. */
const AGES = 5

/**
 * A chart for each currency: a bar for each company code, made of what is open by age. Amounts that
 * are owed to customers are in the tables; a bar cannot show them. Drawn in whole tenths of a pixel,
 * from exact amounts.
 */
export function drawAgeing({ columns, groups }: Receivables): Html {
  const currencies = [...new Set(groups.map(({ currency }) => currency))].sort()
  const ages = columns.slice(0, -1)
  return html`${drawLegend(ages)}${currencies.map((currency) => {
    const own = groups.filter((one) => one.currency === currency)
    return drawCurrency(currency, own, ages.length)
  })}`
}

function drawLegend(ages: readonly string[]): Html {
  const step = Math.floor((LEFT + WIDTH + RIGHT) / ages.length)
  return html`<svg viewBox="0 0 ${LEFT + WIDTH + RIGHT} 24" role="img" aria-label="Colours of the ages">${ages.map(
    (name, i) =>
      html`<rect class="${colourOf(i, ages.length)}" x="${i * step}" y="5" width="14" height="14"/><text x="${i * step + 20}" y="17">${name}</text>`,
  )}</svg>
`
}

function drawCurrency(currency: string, groups: readonly ReceivablesGroup[], ages: number): Html {
  const bars = groups.map((one) => ({ one, parts: one.amounts.slice(0, ages).map(toPositive) }))
  const sums = bars.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0n))
  let most = 1n
  for (const sum of sums) if (sum > most) most = sum
  const height = groups.length * STEP + 8
  return html`<h3>${currency}</h3>
<svg viewBox="0 0 ${LEFT + WIDTH + RIGHT} ${height}" role="img" aria-label="Open items in ${currency} by company code and age">${bars.map(
    ({ one, parts }, i) => {
      const y = i * STEP + 4
      return html`<text class="end" x="${LEFT - 10}" y="${y + 15}">${one.companyCode}</text>${drawBar(parts, { most, y })}<text class="end" x="${LEFT + WIDTH + RIGHT}" y="${y + 15}">${groupDigits(one.total)}</text>`
    },
  )}<line class="axis" x1="${LEFT}" x2="${LEFT}" y1="0" y2="${height}"/></svg>
`
}

function drawBar(
  parts: readonly bigint[],
  { most, y }: { readonly most: bigint; readonly y: number },
): Html[] {
  let before = 0n
  return parts.map((part, i) => {
    // Both ends are rounded down, so that neighbours meet.
    const from = tenthsOf(before, most)
    before += part
    const width = tenthsOf(before, most) - from
    if (width === 0n) return html``
    return html`<rect class="${colourOf(i, parts.length)}" x="${formatTenths(BigInt(LEFT) * 10n + from)}" y="${y}" width="${formatTenths(width)}" height="${BAR}"/>`
  })
}

function colourOf(column: number, ages: number): string {
  return column === ages - 1 ? 'age-none' : `age-${Math.min(column, AGES)}`
}

function toPositive(amount: string): bigint {
  const value = parseDecimal(amount) ?? 0n
  return value > 0n ? value : 0n
}

function tenthsOf(amount: bigint, most: bigint): bigint {
  return (amount * BigInt(WIDTH) * 10n) / most
}

function formatTenths(tenths: bigint): string {
  return `${tenths / 10n}.${tenths % 10n}`
}
