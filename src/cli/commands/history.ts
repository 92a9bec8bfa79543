import type { Command } from 'commander'
import type { TaggedHistory } from '#app/tag-restores'
import { formatMoment, formatTime } from '../format-amounts.ts'
import { formatChanged, formatLines } from '../format-fields.ts'
import type { Act } from '../shell.ts'
import { visible } from '../text-width.ts'
import { warnUnproven } from '../warn-unproven.ts'

export function addHistory(program: Command, act: Act): void {
  program
    .command('history')
    .argument('<NAME>', 'the source')
    .argument('<ENTITY>')
    .argument('<KEY>')
    .description('List the versions of one record, field by field, newest first.')
    .action(
      act(async ({ context, output, signal }, source: string, entity: string, key: string) => {
        const load = () => import('#app/tag-restores')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { listHistory } = await import('#app/list-history')
        const told = await listHistory(vault, { source, entity, key }, signal)
        const { tagHistory } = await load()
        const history = await tagHistory(context, vault, { history: told, source }, signal)
        warnUnproven(output, history)
        await output.answer(withoutBefore(history), () =>
          describeHistory(history, output.paint.bold),
        )
      }),
    )
}

/** Scripts have what was before in the version that follows. */
function withoutBefore({ versions, ...history }: TaggedHistory) {
  return { ...history, versions: versions.map(({ before: _, ...version }) => version) }
}

function describeHistory(
  { entity, key, versions }: TaggedHistory,
  bold: (text: string) => string,
): string {
  const lines = versions.map(({ before, fields, op, point, restore, time, transaction }) => {
    const at = transaction === undefined ? formatTime(time) : formatMoment(time)
    const by = transaction === undefined ? '' : `  transaction ${visible(transaction)}`
    const from = restore === undefined ? '' : `  restore ${restore}`
    const head = `  ${point}  ${at}${by}  ${op}${from}\n`
    if (op === 'update' && before !== null) return head + formatChanged(before, fields)
    return head + formatLines(fields)
  })
  const count = versions.length === 1 ? '1 version' : `${versions.length} versions`
  return `${bold(visible(`${entity}:${key}`))}  ${count}\n${lines.join('')}`
}
