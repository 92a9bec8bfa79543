import { formatTable } from '#cli/format-table'
import type { Shot } from './inject-fault.ts'

/** One line a command and fault: how often, and what was there afterwards. */
export function formatShots(shots: readonly Shot[]): string {
  const groups = Map.groupBy(shots, ({ command, effect }) => `${command}\n${effect}`)
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const of = (isIt: (shot: Shot) => boolean) => String(group.filter(isIt).length)
    return [
      [
        first.command,
        first.effect,
        of(({ outcome }) => outcome !== 'missed'),
        of(({ outcome }) => outcome === 'old'),
        of(({ outcome }) => outcome === 'new'),
        of(({ exit, outcome }) => outcome !== 'missed' && exit === 0),
        of(({ problems }) => problems.length > 0),
        of(({ outcome }) => outcome === 'missed'),
      ],
    ]
  })
  const titles = ['RUNS', 'AS BEFORE', 'DONE', 'EXIT 0', 'WRONG', 'MISSED']
  const counts = titles.map((title) => ({ title, align: 'right' as const }))
  return formatTable([{ title: 'COMMAND' }, { title: 'FAULT' }, ...counts], rows)
}

/** What was wrong after one fault. */
export function formatWrong({ command, effect, exit, problems, said, where }: Shot): string {
  const title = `${effect} at ${where} in ${command}: exit ${exit}${said === '' ? '' : `, ${said}`}`
  return [title, ...problems.map((problem) => `  ${problem}`)].join('\n')
}
