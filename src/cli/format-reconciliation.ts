import type { ReconciliationAnswer } from '#app/reconcile-point'
import { formatCount } from './format-amounts.ts'
import { formatTable } from './format-table.ts'
import type { Paint } from './paint.ts'
import { visible } from './text-width.ts'

const SHOWN_MAX = 20

/** What came of a reconciliation, for people: counts, totals, the first differences without values. */
export function formatReconciliation(answer: ReconciliationAnswer, paint: Paint): string {
  const { entities, notMigrated, point, sha256, target, verdict } = answer
  const rest = notMigrated.map(({ entity, records }) => `${entity} (${formatCount(records)})`)
  const parts = [
    `${target.name} against ${point.address}, as of ${point.time}\n`,
    formatEntities(answer),
    ...entities.flatMap(({ entity, reason }) => (reason ? [`${entity}: ${reason}\n`] : [])),
    rest.length === 0 ? '' : `Not migrated: ${visible(rest.join(', '))}\n`,
    ...answer.totals.map((total) => formatTotal(total, paint)),
    formatDifferences(answer),
    `${verdict === 'same' ? paint.green(verdict) : paint.red(verdict)}, reconciliation ${sha256}\n`,
  ]
  return parts.join('')
}

const right = (title: string) => ({ title, align: 'right' as const })

function formatEntities({ entities }: ReconciliationAnswer): string {
  const counts = ['SOURCE', 'TARGET', 'SAME', 'MISSING', 'EXTRA', 'DIFFERENT']
  return formatTable(
    [{ title: 'ENTITY' }, { title: 'FROM' }, ...counts.map(right), { title: 'VERDICT' }],
    entities.map(({ different, entity, extra, from, missing, same, source, target, verdict }) => [
      entity,
      from.map((one) => one.entity).join(', '),
      ...[source.records, target.records, same, missing, extra, different].map(formatCount),
      verdict,
    ]),
  )
}

function formatTotal(total: ReconciliationAnswer['totals'][number], paint: Paint): string {
  const { by, groups, name, verdict } = total
  const ends = verdict === 'same' ? paint.green('same') : paint.red('differs')
  const head = `${visible(name)}: ${ends}, ${formatCount(groups.length)} ${groups.length === 1 ? 'group' : 'groups'}\n`
  const breaks = groups.filter(isBroken)
  if (breaks.length === 0) return head
  const rows = breaks
    .slice(0, SHOWN_MAX)
    .map(({ by: values, difference, source, target }) => [
      ...values.map((value) => value ?? '–'),
      source.amount,
      target.amount,
      difference,
      remark(source.unreadable + target.unreadable),
    ])
  const columns = [
    ...by.map((field) => ({ title: visible(field.toUpperCase()) })),
    ...['SOURCE', 'TARGET', 'DIFFERENCE'].map(right),
    { title: '' },
  ]
  return `${head}${formatTable(columns, rows)}${more(breaks.length)}`
}

function isBroken({ difference, source, target }: TotalGroup): boolean {
  return /[1-9]/.test(difference) || source.unreadable + target.unreadable > 0
}

type TotalGroup = ReconciliationAnswer['totals'][number]['groups'][number]

function remark(unreadable: number): string {
  return unreadable === 0 ? '' : `${formatCount(unreadable)} that are no exact number`
}

function formatDifferences({ differences }: ReconciliationAnswer): string {
  const lines = differences.shown.slice(0, SHOWN_MAX).map(({ entity, fields, from, key, kind }) => {
    const source = from === null ? '' : ` from ${from.entity}:${from.key}`
    const names = fields.map(({ field }) => field).join(', ')
    return `${visible(`${kind} ${entity}:${key}${source}${names === '' ? '' : `  ${names}`}`)}\n`
  })
  return `${lines.join('')}${more(differences.count)}`
}

function more(count: number): string {
  return count > SHOWN_MAX ? `and ${formatCount(count - SHOWN_MAX)} more\n` : ''
}
