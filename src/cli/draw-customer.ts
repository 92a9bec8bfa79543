import type { ShownCustomer } from '#app/show-customer'
import { formatCount } from './format-amounts.ts'
import { visible } from './text-width.ts'

export const PICTURES = ['dot', 'mermaid'] as const

export type DrawCustomerOptions = {
  readonly picture: (typeof PICTURES)[number]
  /** Every record, instead of the first few of each kind below one record. */
  readonly isAll: boolean
}

/** Of one kind below one record, unless all are wanted. */
const DRAWN_MAX = 5

type Box = { readonly id: string; readonly lines: readonly string[]; readonly isNeeded: boolean }
type Arrow = { readonly from: string; readonly to: string; readonly label: string }

/** One customer as the text of a picture, for Graphviz or Mermaid: a box a record, an arrow a way. */
export function drawCustomer(shown: ShownCustomer, options: DrawCustomerOptions): string {
  const { arrows, boxes } = layOut(shown, options.isAll)
  return options.picture === 'dot' ? toDot(boxes, arrows) : toMermaid(boxes, arrows)
}

function layOut({ records }: ShownCustomer, isAll: boolean): { boxes: Box[]; arrows: Arrow[] } {
  const groups = new Map<string, number[]>()
  for (const [index, { entity, of, source, way }] of records.entries()) {
    const group = `${of}\t${source}\t${entity}\t${way}`
    groups.set(group, [...(groups.get(group) ?? []), index])
  }
  const boxes: Box[] = []
  const arrows: Arrow[] = []
  const drawn = new Set<number>()
  for (const indexes of groups.values()) {
    const [first] = indexes
    const record = first === undefined ? undefined : records[first]
    // What hangs from a record that is not drawn is not drawn either.
    if (record === undefined || (record.of !== null && !drawn.has(record.of))) continue
    const isNeeded = record.way === 'needed'
    const shown = isAll ? indexes : indexes.slice(0, DRAWN_MAX)
    const point = (id: string) => {
      if (record.of !== null) arrows.push({ from: `r${record.of}`, to: id, label: record.way })
    }
    for (const index of shown) {
      const { entity = '', key = '', name = null, source = '' } = records[index] ?? {}
      drawn.add(index)
      const lines = [`${source} ${entity}`, key, ...(name === null ? [] : [name])]
      boxes.push({ id: `r${index}`, lines, isNeeded })
      point(`r${index}`)
    }
    const rest = indexes.length - shown.length
    if (rest === 0) continue
    const lines = [`${record.source} ${record.entity}`, `and ${formatCount(rest)} more`]
    boxes.push({ id: `m${first}`, lines, isNeeded })
    point(`m${first}`)
  }
  return { boxes, arrows }
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
