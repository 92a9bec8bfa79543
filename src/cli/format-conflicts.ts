import type { AgreedPlan } from '#app/restore-request'
import { formatCount } from './format-amounts.ts'
import { visible } from './text-width.ts'

type Conflict = NonNullable<AgreedPlan['conflicts']>[number]
type ContestedValue = NonNullable<Conflict['values']>[number]

const SHOWN_MAX = 100

/**
 * The conflicts of a plan, a line each, or one for each field of three values.
 * @param hasValues whether what is printed may hold what records hold
 */
export function formatConflicts({ conflicts = [], steps }: AgreedPlan, hasValues: boolean): string {
  const shown = conflicts.slice(0, SHOWN_MAX)
  const open = steps.reduce((sum, step) => sum + (step.conflicts ?? 0), 0)
  const more = Math.max(open, conflicts.length) - shown.length
  const lines = shown.map((one) => formatConflict(one, hasValues))
  const rest = more === 0 ? '' : `and ${formatCount(more)} more conflicts\n`
  const isHidden = !hasValues && shown.some(({ values }) => values !== undefined)
  return `${lines.join('')}${rest}${isHidden ? 'Their values are in the plan (--plan-only, --out FILE), not here.\n' : ''}`
}

function formatConflict(
  { becomes, entity, fields, found, key, values }: Conflict,
  hasValues: boolean,
): string {
  const begin = `conflict ${visible(`${entity}:${key}`)}:`
  const names = fields.map(visible).join(', ')
  if (becomes !== undefined) return `${begin} added since, and changed again; ${END[becomes]}\n`
  if (values !== undefined)
    return values
      .map((one) => `${begin} ${hasValues ? formatValue(one, found) : formatField(one, found)}\n`)
      .join('')
  if (found === 'gone') return `${begin} it was deleted since\n`
  if (found === 'back') return `${begin} it was added again, with other ${names}\n`
  return `${begin} ${names} changed since\n`
}

const END = {
  point: 'what the point holds is written',
  live: 'it stays as it is',
  open: 'somebody has to decide',
}

function formatValue(value: ContestedValue, found: Conflict['found']): string {
  const captured = found === 'back' ? 'deleted' : show(value, 'captured')
  const texts = `${show(value, 'point')} at the point, ${captured} when captured last, ${show(value, 'live')} now`
  return `${visible(value.field)}${formatLabel(value)} is ${texts}; ${END[value.becomes]}`
}

function formatField(value: ContestedValue, found: Conflict['found']): string {
  const since = found === 'back' ? 'was deleted and is there again' : 'was changed since'
  return `${visible(value.field)}${formatLabel(value)} ${since}; ${END[value.becomes]}`
}

function formatLabel(value: ContestedValue): string {
  return value.class === 'default' ? '' : ` (${visible(value.class)})`
}

function show(value: ContestedValue, side: 'point' | 'captured' | 'live'): string {
  const text = value[side]
  if (text === undefined) return '(large)'
  return text === null ? '(null)' : visible(JSON.stringify(text).slice(0, 60))
}
