import type { Command } from 'commander'
import type { CompactedSource, CompactionPlan } from '#app/compact-source'
import { formatBytes, formatCount, formatDuration } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act, Shell } from '../shell.ts'

type Options = { readonly dryRun?: boolean }

export function addCompact(program: Command, act: Act): void {
  program
    .command('compact')
    .argument('[NAME...]', 'sources; all of the vault when left out')
    .option('--dry-run', 'list the segments that would be merged first and why, and write nothing')
    .description('Merge what lies in many segments, and drop what no kept point sees.')
    .action(act(runCompactions))
}

async function runCompactions(shell: Shell, names: string[], options: Options): Promise<undefined> {
  const { context, output, signal } = shell
  const { compactSource, planSource } = await import('#app/compact-source')
  output.beginLines()
  const vault = await context.openVault(signal)
  for (const source of names.length > 0 ? names : await vault.listSources(signal)) {
    if (options.dryRun === true) {
      const plan = await planSource(vault, source, signal)
      for (const merge of plan.merges) {
        const line = { type: 'merge', source, ...merge }
        output.event(line)
      }
      const { bytesBefore, merges } = plan
      const line = { type: 'summary', source, merges: merges.length, bytesBefore }
      output.summary(line, () => describePlan(plan))
    } else {
      const done = await compactSource(context, vault, source, signal)
      output.summary({ type: 'summary', ...done }, () => describeEnd(done))
    }
  }
}

const WHY = {
  unseen: 'no point holds it any more',
  expired: 'mostly seen by points that were let go',
  similar: 'many of one size',
  sparse: 'large values among many that nothing needs',
} as const

function describePlan({ bytesBefore, merges, source }: CompactionPlan): string {
  if (merges.length === 0) return `${source}: nothing to merge\n`
  const rows = merges.flatMap(({ bytes, entity, reason, segments, versions }) => [
    [entity, formatCount(versions), formatBytes(bytes), WHY[reason]],
    ...segments.map((name) => [`  ${name}`, '', '', '']),
  ])
  const columns = [
    { title: 'SEGMENTS' },
    { title: 'VERSIONS', align: 'right' },
    { title: 'SIZE', align: 'right' },
    { title: 'WHY' },
  ] as const
  const count = merges.reduce((sum, { segments }) => sum + segments.length, 0)
  const total = `${source}: ${formatCount(count)} segments would be merged, ${formatBytes(bytesBefore)}\n`
  return formatTable(columns, rows) + total
}

function describeEnd(done: CompactedSource): string {
  const { bytesBefore, bytesStored, droppedVersions, durationMs, replaced, source, written } = done
  if (replaced === 0) return `${source}: nothing to merge\n`
  return [
    `${source}: ${formatCount(replaced)} segments replaced by ${formatCount(written)}`,
    `${formatBytes(bytesBefore)} by ${formatBytes(bytesStored)}`,
    `${formatCount(droppedVersions)} versions dropped`,
    `${formatDuration(durationMs)}\n`,
  ].join(', ')
}
