import type { EnduranceVerdict } from './run-endurance.ts'

/** What was done and what was found, in lines. */
export function formatVerdict(verdict: EnduranceVerdict): string {
  const { accounted, disturbed, gaveUp, points, problems, scanned, told, truncations } = verdict
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts).map(([what, count]) => `  ${String(count).padStart(6)}  ${what}`)
  const kills = Object.values(disturbed).reduce((sum, count) => sum + count, 0)
  return [
    `${kills} disturbances:`,
    ...list(disturbed),
    `  ${String(gaveUp).padStart(6)}  followers gave up and were started again`,
    'warnings that followers gave:',
    ...list(verdict.warnings),
    `${accounted} transactions accounted by the load: ${scanned} in the first scan, ${told} told`,
    `${truncations} more that truncate; ${verdict.versions} versions read; ${points} points`,
    problems.length === 0
      ? 'every transaction is there once, as the account says: 0 differences'
      : `!!! ${problems.length} differences\n${problems.join('\n')}`,
  ].join('\n')
}
