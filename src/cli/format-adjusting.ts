import type { AgreedPlan } from '#app/restore-request'
import { formatCount } from './format-amounts.ts'
import { visible } from './text-width.ts'

const SHOWN_MAX = 100
type Entry = NonNullable<AgreedPlan['adjusting']>['entries'][number]

/**
 * What would have to be posted in an open period, a line each.
 * @param hasValues whether what is printed may hold what records hold
 */
export function formatAdjusting({ adjusting }: AgreedPlan, hasValues: boolean): string {
  if (adjusting === undefined) return ''
  const { entries, records } = adjusting
  const lines = entries.slice(0, SHOWN_MAX).map((entry) => formatEntry(entry, hasValues))
  const rest = records - lines.length
  return lines.join('') + (rest === 0 ? '' : `and ${formatCount(rest)} more adjusting entries\n`)
}

function formatEntry({ day, entity, fields, found, key, op }: Entry, hasValues: boolean): string {
  const why = found === 'closed' ? 'in a closed period' : 'in no period'
  const changes = Object.entries(fields).map(([name, { after, before, difference }]) => {
    if (!hasValues) return visible(name)
    const added = difference === undefined ? '' : ` (${difference})`
    if (op !== 'update') return `${visible(name)} ${show(op === 'insert' ? after : before)}`
    return `${visible(name)} ${show(before)} -> ${show(after)}${added}`
  })
  const record = visible(`${entity}:${key}`)
  return `adjust ${record}: ${op} of ${visible(day)}, ${why}: ${changes.join(', ')}\n`
}

function show(value: string | null | undefined): string {
  if (value === undefined) return '(large)'
  return value === null ? '(null)' : visible(value).slice(0, 60)
}
