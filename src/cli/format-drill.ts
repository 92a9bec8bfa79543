import type { DrillReport } from '#app/drill-report'
import { formatCount, formatDuration } from './format-amounts.ts'
import { formatTable } from './format-table.ts'
import type { Paint } from './paint.ts'
import { visible } from './text-width.ts'

/** What came of a drill, for people; the verdict first. */
export function formatDrill(report: DrillReport, paint: Paint): string {
  const { durationMs, reason, verdict, withinMs } = report
  const mark = verdict === 'passed' ? paint.green(verdict) : paint.red(verdict)
  const time = `${formatDuration(durationMs)}, ${formatDuration(withinMs)} allowed`
  const why = reason === null ? '' : `${visible(reason.message)} (${reason.code})\n`
  return `${mark} in ${time}\n${why}${formatRecords(report)}${formatRoles(report)}${formatEnd(report)}`
}

function formatRecords({
  customers,
  inserted,
  population,
  records,
  targets,
  verified,
}: DrillReport) {
  const from = `${formatCount(population.rows)} of ${population.source} ${visible(population.entity)}`
  const drawn = `${formatCount(customers.length)} customers drawn from ${from}\n`
  if (targets.length === 0) return drawn
  const what = `${formatCount(records)} records of theirs, ${formatCount(inserted)} written with what they need`
  const read = `read back ${formatCount(verified.records)}: ${formatCount(verified.different)} differ`
  const into = targets.map(({ source, target }) => `${source} into ${target ?? 'a file'}`)
  return `${drawn}${what}: ${into.join(', ')}\n${read}\n`
}

function formatRoles({ balances, roles }: DrillReport): string {
  if (roles.length === 0) return ''
  const columns = [
    { title: 'ROLE' },
    { title: 'VAULT', align: 'right' },
    { title: 'COPY', align: 'right' },
  ] as const
  const table = formatTable(
    columns,
    roles.map(({ copy, role, vault }) => [role, formatCount(vault), formatCount(copy)]),
  )
  return `${table}${formatBalances(balances)}`
}

function formatBalances(balances: DrillReport['balances']): string {
  if (balances === null) return ''
  const { asOf, different, withBalance } = balances
  const owing = `open balances as of ${asOf}: of ${formatCount(withBalance)} customers`
  if (different.length === 0) return `${owing}, all the same in the copy\n`
  return `${owing}, ${formatCount(different.length)} differ: ${different.map(visible).join(', ')}\n`
}

function formatEnd({ drill, parts, points, seed }: DrillReport): string {
  const { findMs, restoreMs, verifyMs } = parts
  const times = [
    `find ${formatDuration(findMs)}`,
    `restore ${formatDuration(restoreMs)}`,
    `verify ${formatDuration(verifyMs)}`,
  ]
  return `${times.join(', ')}\n${points.join(' ')}, seed ${seed}\ndrill ${drill}\n`
}
