import type { ShownCustomer } from '#app/show-customer'
import { formatCount } from './format-amounts.ts'

/** A record, or how many more there are of its kind. */
export type Box = {
  readonly id: string
  readonly source: string
  /** Place, key and name, as far as there are any. */
  readonly lines: readonly string[]
  readonly isNeeded: boolean
}
export type Arrow = { readonly from: string; readonly to: string; readonly label: string }
export type CustomerPicture = { readonly boxes: readonly Box[]; readonly arrows: readonly Arrow[] }

/** Of one kind below one record, unless all are wanted. */
const DRAWN_MAX = 5

/**
 * A box a record, and an arrow from the record it was first reached from: a tree for each root.
 * @param isAll every record, instead of the first few of each kind below one record
 */
export function layOutCustomer({ records }: ShownCustomer, isAll: boolean): CustomerPicture {
  const groups = new Map<string, number[]>()
  for (const [index, { entity, of, source, way }] of records.entries()) {
    const group = `${of}\t${source}\t${entity}\t${way}`
    const same = groups.get(group) ?? []
    groups.set(group, same)
    same.push(index)
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
      boxes.push({ id: `r${index}`, source, lines, isNeeded })
      point(`r${index}`)
    }
    const rest = indexes.length - shown.length
    if (rest === 0) continue
    const lines = [`${record.source} ${record.entity}`, `and ${formatCount(rest)} more`]
    boxes.push({ id: `m${first}`, source: record.source, lines, isNeeded })
    point(`m${first}`)
  }
  return { boxes, arrows }
}
