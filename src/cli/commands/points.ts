import { type Command, InvalidArgumentError } from 'commander'
import type { PointAnswer } from '#app/list-points'
import type { ChangedEntity, TransactionAnswer } from '#app/list-transactions'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatTime,
} from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'

/** The list is not all of it: who watches only the exit status is told. */
const VAULT_DAMAGED = 13

const LIMIT = 100
const LIMIT_MAX = 100_000

type Options = { readonly transactions?: boolean; readonly limit?: number }

export function addPoints(program: Command, act: Act): void {
  program
    .command('points')
    .argument('[NAME]', 'a source; all of them when left out')
    .option(
      '--transactions',
      'list the transactions that a feed told, newest first; of a point: NAME@12',
    )
    .option(
      '--limit <COUNT>',
      `so many of each source, the newest (default: all points, ${LIMIT} transactions)`,
      parseLimit,
    )
    .description('List recovery points, the oldest first.')
    .action(
      act(async (shell: Shell, name: string | undefined, options: Options) => {
        const isDamaged = options.transactions
          ? await runTransactions(shell, name, options.limit ?? LIMIT)
          : await runPoints(shell, name, options.limit)
        return isDamaged ? VAULT_DAMAGED : undefined
      }),
    )
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= LIMIT_MAX) return limit
  throw new InvalidArgumentError(`need a number from 1 to ${LIMIT_MAX}`)
}

/** When it was last proved that customers can be put back, where somebody has said what they are. */
async function sayDrills(
  { context, output, signal }: Pick<Shell, 'context' | 'output' | 'signal'>,
  vault: Awaited<ReturnType<Shell['context']['openVault']>>,
): Promise<void> {
  const { readDrillStanding } = await import('#app/drill-standing')
  const standing = await readDrillStanding(context, vault, signal)
  if (standing === undefined) return
  const { due, failed, lastPassed } = standing
  if (lastPassed !== undefined) {
    const { customers, durationMs } = lastPassed.body
    const what = `${formatCount(customers.length)} customers in ${formatDuration(durationMs)}`
    output.note(`Last drill that passed: ${formatTime(lastPassed.time)}, ${what}.`)
  }
  if (failed !== undefined) {
    const message = `The newest drill, of ${failed.time}, failed: ${failed.body.reason}`
    output.warning({ code: 'app.drill-due', message })
  } else if (due !== undefined) output.warning({ code: 'app.drill-due', message: due })
}

async function runPoints(
  { context, output, signal }: Shell,
  name: string | undefined,
  limit: number | undefined,
): Promise<boolean> {
  const load = () => import('#app/list-points')
  const vault = await context.openVault(signal, { meanwhile: load })
  const { listPoints } = await load()
  const found = await listPoints(vault, name, signal, limit)
  const { hasMore, incidents, isDamaged, known, openRestores, points } = found
  for (const message of incidents) output.warning({ code: 'timeline.damaged', message })
  await output.answer(points, () => {
    if (points.length === 0 && incidents.length > 0) return ''
    if (points.length === 0) return 'No points yet. `holdfast backup` makes one.\n'
    return formatPoints(points)
  })
  await sayDrills({ context, output, signal }, vault)
  for (const { source, upTo } of known) {
    output.note(`${source} is followed: all of it is known up to ${formatMoment(upTo)}.`)
  }
  for (const { point, restore, target } of openRestores) {
    const doing = `Restore ${restore} of ${point} to ${target} began, and nothing says how it ended`
    output.note(`${doing}: \`holdfast doctor\` says how to go on.`)
  }
  if (hasMore) sayMore(output, points.length)
  return isDamaged
}

const TOLD_COLUMNS = [
  { title: 'TRANSACTIONS', align: 'right' },
  { title: 'LAG', align: 'right' },
] as const

function formatPoints(points: readonly PointAnswer[]): string {
  const areMarked = points.some(({ held, labels }) => held || labels.length > 0)
  const areTold = points.some(({ kind }) => kind === 'feed')
  const columns = [
    { title: 'POINT' },
    { title: 'TIME' },
    { title: 'CUT' },
    { title: 'ENTITIES', align: 'right' },
    { title: 'STORED', align: 'right' },
    ...(areTold ? TOLD_COLUMNS : []),
    ...(areMarked ? [{ title: 'MARKS' }] : []),
  ] as const
  const rows = points.map((point) => [
    point.point,
    formatTime(point.time),
    formatTime(point.cut.time),
    formatCount(point.entities),
    formatBytes(point.bytesStored),
    ...(areTold ? [formatTold(point.transactions), formatLag(point.lagMs)] : []),
    ...(areMarked ? [[...point.labels, ...(point.held ? ['held'] : [])].join(', ')] : []),
  ])
  return formatTable(columns, rows)
}

function formatTold(transactions: number | undefined): string {
  return transactions === undefined ? '' : formatCount(transactions)
}

/** From the earliest commit in the source until the entry was written. */
function formatLag(lagMs: number | undefined): string {
  return lagMs === undefined ? '' : formatDuration(lagMs)
}

async function runTransactions(
  { context, output, signal }: Shell,
  of: string | undefined,
  limit: number,
): Promise<boolean> {
  const load = () => import('#app/list-transactions')
  const vault = await context.openVault(signal, { meanwhile: load })
  const { listTransactions } = await load()
  const { hasMore, incidents, isDamaged, transactions } = await listTransactions(
    vault,
    { of, limit },
    signal,
  )
  for (const message of incidents) output.warning({ code: 'timeline.damaged', message })
  await output.answer(transactions, () =>
    transactions.length === 0
      ? 'No transactions: no feed told any.\n'
      : formatTransactions(transactions),
  )
  if (hasMore) sayMore(output, transactions.length)
  return isDamaged
}

function sayMore(output: Shell['output'], count: number): void {
  output.note(`There are older ones: --limit shows more than ${formatCount(count)}.`)
}

function formatTransactions(transactions: readonly TransactionAnswer[]): string {
  const columns = ['POINT', 'COMMITTED', 'TRANSACTION', 'CHANGES'].map((title) => ({ title }))
  const rows = transactions.map(({ cut, entities, point, transaction }) => [
    point,
    formatMoment(cut.time),
    transaction,
    entities.map(formatChanges).join(', '),
  ])
  return formatTable(columns, rows)
}

/** As `diff` marks records: + added, ~ changed, - deleted. */
function formatChanges({ deleted, entity, inserted, updated }: ChangedEntity): string {
  const counts = [
    ['+', inserted],
    ['~', updated],
    ['-', deleted],
  ] as const
  const shown = counts.filter(([, count]) => count > 0)
  return [entity, ...shown.map(([sign, count]) => `${sign}${formatCount(count)}`)].join(' ')
}
