import type { ShownCustomer } from '#app/show-customer'
import { type Arrow, type Box, layOutCustomer } from './customer-picture.ts'
import { formatCustomerPage } from './format-customer-page.ts'
import { visible } from './text-width.ts'

export const PICTURES = ['dot', 'mermaid', 'html'] as const

export type DrawCustomerOptions = {
  readonly picture: (typeof PICTURES)[number]
  /** Every record, instead of the first few of each kind below one record. */
  readonly isAll: boolean
}

/** One customer as the text of a picture, for Graphviz, Mermaid or a browser: a box a record, an arrow a way. */
export function drawCustomer(shown: ShownCustomer, options: DrawCustomerOptions): string {
  const picture = layOutCustomer(shown, options.isAll)
  if (options.picture === 'html') return formatCustomerPage(shown, picture)
  const { arrows, boxes } = picture
  return options.picture === 'dot' ? toDot(boxes, arrows) : toMermaid(boxes, arrows)
}

function toDot(boxes: readonly Box[], arrows: readonly Arrow[]): string {
  const quote = (text: string) =>
    `"${visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const label = (lines: readonly string[]) =>
    lines.map((line) => quote(line).slice(1, -1)).join('\\n')
  return [
    'digraph customer {',
    '  rankdir=LR; node [shape=box, fontname="sans-serif", fontsize=10]; edge [fontsize=9];',
    ...boxes.map(({ id, isNeeded, lines }) => {
      return `  ${id} [label="${label(lines)}"${isNeeded ? ', style=dashed' : ''}];`
    }),
    ...arrows.map(({ from, label: text, to }) => `  ${from} -> ${to} [label=${quote(text)}];`),
    '}',
    '',
  ].join('\n')
}

function toMermaid(boxes: readonly Box[], arrows: readonly Arrow[]): string {
  return [
    'flowchart LR',
    ...boxes.map(({ id, lines }) => `  ${id}["${lines.map(escapeMermaid).join('<br>')}"]`),
    ...arrows.map(({ from, label, to }) => {
      return `  ${from} ${label === 'needed' ? '-.->' : '-->'}|${label}| ${to}`
    }),
    '',
  ].join('\n')
}

/** As the numbers of characters, so that nothing in a name is taken for markup. */
function escapeMermaid(text: string): string {
  return visible(text).replaceAll(/[^\p{L}\p{N} _.,@-]/gu, (one) => `#${one.codePointAt(0)};`)
}
