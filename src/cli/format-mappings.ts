import { formatCount } from './format-amounts.ts'
import { formatTable } from './format-table.ts'
import { shorten, visible } from './text-width.ts'

/** What a plan says of what becomes of types on another platform. */
export type Mappings = readonly {
  readonly entity: string
  readonly field: string | null
  readonly from: string
  readonly to: string | null
  readonly exact: boolean
  readonly why: string | null
}[]

const FROM_WIDTH_MAX = 60

/** What is not exact is named, one line each; the rest is counted. */
export function formatMappings(mappings: Mappings): string {
  if (mappings.length === 0) return ''
  const inexact = mappings.filter(({ exact }) => !exact)
  const kept = mappings.length - inexact.length
  const exact = `${formatCount(kept)} ${kept === 1 ? 'field is' : 'fields are'} the same on the other platform`
  if (inexact.length === 0) return `${exact}\n`
  const columns = ['ENTITY', 'FIELD', 'HERE', 'THERE', 'WHAT IS NOT EXACT']
  const rows = inexact.map(({ entity, field, from, to, why }) => [
    visible(entity),
    field === null ? '' : visible(field),
    shorten(visible(from), FROM_WIDTH_MAX),
    to === null ? 'left out' : visible(to),
    why ?? '',
  ])
  return `${exact}; these are not:\n${formatTable(
    columns.map((title) => ({ title })),
    rows,
  )}`
}
