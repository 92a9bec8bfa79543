import type { Command } from 'commander'
import type { CollectAnswer } from '#app/collect-source'
import { AppError } from '#stdx/app-error'
import { parseDurationMs } from '#stdx/duration'
import { formatBytes, formatCount } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'

type Options = { readonly dryRun?: boolean; readonly grace: string }

/** Long enough for whoever began to read before something was replaced. */
const GRACE = '24h'

export function addCollect(program: Command, act: Act): void {
  program
    .command('collect')
    .argument('[NAME...]', 'sources; all of the vault when left out')
    .option('--dry-run', 'list what would go and why, and delete nothing')
    .option('--grace <DURATION>', 'how long what is replaced or left behind stays', GRACE)
    .description(
      'Delete what nothing needs any more: replaced segments, and what dead writers left.',
    )
    .action(act(runCollects))
}

async function runCollects(shell: Shell, names: string[], options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const graceMs = parseDurationMs(options.grace)
  if (graceMs === undefined) {
    const message = `Cannot read the command line: found grace "${options.grace}", wanted a number with s, m, h, d, w or y, like 24h`
    throw new AppError('cli.usage', message)
  }
  const { collectRest, collectSource } = await import('#app/collect-source')
  output.beginLines()
  const vault = await context.openVault(signal)
  const isDryRun = options.dryRun ?? false
  const say = (answer: CollectAnswer) => {
    for (const waste of answer.objects) {
      const line = { type: 'object', source: answer.source, ...waste }
      output.event(line)
    }
    const line = { type: 'summary', ...answer, objects: answer.objects.length }
    output.summary(line, () => (isDryRun ? describePlan(answer) : describeEnd(answer)))
  }
  for (const source of names.length > 0 ? names : await vault.listSources(signal)) {
    say(await collectSource(context, vault, { source, graceMs, isDryRun }, signal))
  }
  if (names.length > 0) return
  const rest = await collectRest(context, vault, { graceMs, isDryRun }, signal)
  const { objects, pending, preImages, waiting } = rest
  const kept = preImages?.restores ?? 0
  if (objects.length + pending.length + waiting.objects + kept > 0) say(rest)
}

function describePlan(answer: CollectAnswer): string {
  const columns = [
    { title: 'OBJECT' },
    { title: 'SIZE', align: 'right' },
    { title: 'WHY' },
  ] as const
  const rows = answer.objects.map(({ object, sizeBytes, store, why }) => [
    store === 'keyring' ? `keyring:${object}` : object,
    formatBytes(sizeBytes),
    why,
  ])
  const table = rows.length === 0 ? '' : formatTable(columns, rows)
  return table + describeCounts(answer, 'would go')
}

function describeEnd(answer: CollectAnswer): string {
  return describeCounts(answer, 'gone')
}

function describeCounts(answer: CollectAnswer, what: string): string {
  const { bytes, dead, objects, pending, preImages, source, unexplained, waiting } = answer
  const count = (amount: number) => `${formatCount(amount)} object${amount === 1 ? '' : 's'}`
  return [
    `${source}: ${count(objects.length)} ${what}, ${formatBytes(bytes)}`,
    ...(preImages === undefined || preImages.restores === 0
      ? []
      : [
          `  ${formatCount(preImages.restores)} restores can be undone: what they had found, ${formatBytes(preImages.bytes)}, stays`,
        ]),
    ...(dead === 0 ? [] : [`  of ${formatCount(dead)} writers that never committed`]),
    ...(pending.length === 0
      ? []
      : [`  ${count(pending.length)} locked by the store until ${listUntil(pending)}`]),
    ...(waiting.objects === 0
      ? []
      : [`  ${count(waiting.objects)} in their grace, ${formatBytes(waiting.bytes)}`]),
    ...(unexplained.objects === 0
      ? []
      : [
          `  ${count(unexplained.objects)} left alone, no entry explains what they are: ${formatBytes(unexplained.bytes)}`,
        ]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

function listUntil(pending: CollectAnswer['pending']): string {
  const known = pending.flatMap(({ until }) => until ?? [])
  return [...known].sort().at(-1) ?? 'a time that it does not say'
}
