import type { Command } from 'commander'
import type { ListedHistory } from '#app/list-history'
import { formatTime } from '../format-amounts.ts'
import { formatChanged, formatValue } from '../format-fields.ts'
import type { Act } from '../shell.ts'

export function addHistory(program: Command, act: Act): void {
  program
    .command('history')
    .argument('<NAME>', 'the source')
    .argument('<ENTITY>')
    .argument('<KEY>')
    .description('List the versions of one record, field by field, newest first.')
    .action(
      act(async ({ context, output, signal }, source: string, entity: string, key: string) => {
        const { listHistory } = await import('#app/list-history')
        const vault = await context.openVault(signal)
        const history = await listHistory(vault, { source, entity, key }, signal)
        await output.answer(history, () => describeHistory(history, output.paint.bold))
      }),
    )
}

function describeHistory(
  { entity, key, versions }: ListedHistory,
  bold: (text: string) => string,
): string {
  const lines = versions.map((version, index) => {
    const before = versions[index + 1]
    const head = `  ${version.point}  ${formatTime(version.time)}  ${version.op}\n`
    if (version.op === 'update' && before !== undefined) {
      return head + formatChanged(before.fields, version.fields)
    }
    const fields = Object.entries(version.fields)
    return head + fields.map(([name, value]) => `    ${name}: ${formatValue(value)}\n`).join('')
  })
  return `${bold(`${entity}:${key}`)}  ${versions.length} versions\n${lines.join('')}`
}
