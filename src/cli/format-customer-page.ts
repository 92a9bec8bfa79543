import type { ShownCustomer, ShownCustomerRecord } from '#app/show-customer'
import { type Html, html } from '#stdx/html'
import { formatHtmlPage } from '#stdx/html-page'
import type { Box, CustomerPicture } from './customer-picture.ts'
import { formatCount } from './format-amounts.ts'

const BOX = { width: 230, height: 54 }
const STEP = { x: 290, y: 64 }
const MARGIN = 10
const LINE_HEIGHT = 15
/** What fits into a box; the whole text is its title. */
const LETTERS_MAX = 28
const COLOURS = 6

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; margin: 0; background: Canvas; color: CanvasText }
main { padding: 1rem 1.5rem }
.picture { overflow-x: auto }
svg { font: 11px system-ui, sans-serif }
svg text { fill: CanvasText }
svg .place { opacity: .7 }
svg .name { font-weight: 600 }
rect { fill: Canvas; stroke-width: 1.5; rx: 4 }
.needed rect { stroke-dasharray: 4 3 }
path { fill: none; stroke: GrayText }
path.needed { stroke-dasharray: 4 3 }
.s0 rect { stroke: #2563eb } .s1 rect { stroke: #d97706 } .s2 rect { stroke: #059669 }
.s3 rect { stroke: #9333ea } .s4 rect { stroke: #dc2626 } .s5 rect { stroke: #0891b2 }
details { margin: .2rem 0 }
table { border-collapse: collapse; margin: .3rem 0 .6rem 1.2rem }
th, td { text-align: left; vertical-align: top; padding: .1rem .8rem .1rem 0; white-space: pre-wrap }
th { font-weight: 500; opacity: .8 }
.none { opacity: .6 }
`

/**
 * One customer as a page that needs nothing else: the picture, then every record with its fields. The
 * same customer gives the same bytes.
 */
export function formatCustomerPage(shown: ShownCustomer, picture: CustomerPicture): string {
  const { bounded, isWhole, points, records } = shown
  const [root] = records
  const title = root === undefined ? 'Customer' : `Customer ${root.name ?? root.key}`
  const owned = records.filter(({ way }) => way !== 'needed').length
  const body = html`<main>
<h1>${title}</h1>
<p>${formatCount(owned)} records belong to it, ${formatCount(records.length - owned)} are needed, at ${points.join(', ')}.</p>
${shown.proven === false ? html`<p><b>Not all of it is known to be so.</b></p>` : null}
${isWhole ? null : html`<p><b>Not whole: the map bounds how many records it holds.</b></p>`}
${bounded.map(({ entity, found, source, taken }) => {
  return html`<p><b>Cut short:</b> ${formatCount(taken)} of ${formatCount(found)} ${source} ${entity}.</p>\n`
})}<div class="picture">${drawPicture(picture)}</div>
<h2>Records</h2>
${records.map(formatRecord)}</main>
`
  return formatHtmlPage({ title, style: STYLE, body })
}

type Place = { readonly x: number; readonly y: number }

function drawPicture(picture: CustomerPicture): Html {
  const { arrows, boxes } = picture
  const places = placeBoxes(picture)
  const placeOf = (id: string): Place => places.get(id) ?? { x: 0, y: 0 }
  const all = [...places.values()]
  const width = Math.max(0, ...all.map(({ x }) => x)) + BOX.width + MARGIN
  const height = all.reduce((most, { y }) => Math.max(most, y), 0) + BOX.height + MARGIN
  const sources = [...new Set(boxes.map(({ source }) => source))]
  const lines = arrows.map(({ from, label, to }) => {
    const [a, b] = [placeOf(from), placeOf(to)]
    const [x1, y1] = [a.x + BOX.width, a.y + BOX.height / 2]
    const y2 = b.y + BOX.height / 2
    const middle = (x1 + b.x) / 2
    const curve = `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${b.x} ${y2}`
    return html`<path class="${label}" d="${curve}"><title>${label}</title></path>\n`
  })
  const shapes = boxes.map((box) => drawBox(box, placeOf(box.id), sources.indexOf(box.source)))
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" role="img">
${lines}${shapes}</svg>`
}

function drawBox({ isNeeded, lines }: Box, { x, y }: Place, source: number): Html {
  const classes = ['place', 'key', 'name']
  const texts = lines.map((line, i) => {
    const at = y + LINE_HEIGHT * (i + 1)
    return html`<text class="${classes[i] ?? ''}" x="${x + 8}" y="${at}">${cut(line)}</text>`
  })
  const kind = `s${source % COLOURS}${isNeeded ? ' needed' : ''}`
  return html`<g class="${kind}"><title>${lines.join('\n')}</title><rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}"/>${texts}</g>\n`
}

/** Each tree from left to right: a box stands at the height of the first of what hangs from it. */
function placeBoxes({ arrows, boxes }: CustomerPicture): Map<string, Place> {
  const below = Map.groupBy(arrows, ({ from }) => from)
  const isBelow = new Set(arrows.map(({ to }) => to))
  const places = new Map<string, Place>()
  let row = 0
  // Not by recursion: a chain may be as long as a closure has records.
  const open = boxes.flatMap(({ id }) => (isBelow.has(id) ? [] : { id, depth: 0, isFirst: false }))
  open.reverse()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { depth, id, isFirst } = next
    if (!isFirst) row += 1
    places.set(id, { x: MARGIN + depth * STEP.x, y: MARGIN + (row - 1) * STEP.y })
    const children = (below.get(id) ?? []).map(({ to }, i) => {
      return { id: to, depth: depth + 1, isFirst: i === 0 }
    })
    open.push(...children.reverse())
  }
  return places
}

function formatRecord({
  entity,
  fields,
  key,
  large,
  name,
  role,
  source,
  way,
}: ShownCustomerRecord) {
  const rows = Object.entries(fields).map(([field, value]) => {
    const bytes = large[field]
    const text =
      bytes === undefined
        ? (value ?? html`<span class="none">none</span>`)
        : html`<span class="none">${formatCount(bytes)} bytes</span>`
    return html`<tr><th scope="row">${field}</th><td>${text}</td></tr>\n`
  })
  return html`<details><summary>${source} ${entity} ${key} ${name === null ? null : html`<b>${name}</b> `}${role}, ${way}</summary>
<table>${rows}</table></details>
`
}

function cut(text: string): string {
  const letters = [...text]
  return letters.length <= LETTERS_MAX ? text : `${letters.slice(0, LETTERS_MAX - 1).join('')}…`
}
