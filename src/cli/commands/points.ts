import type { Command } from 'commander'
import { formatBytes, formatCount, formatTime } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act } from '../shell.ts'

/** The list is not all of it: who watches only the exit status is told. */
const VAULT_DAMAGED = 13

export function addPoints(program: Command, act: Act): void {
  program
    .command('points')
    .argument('[NAME]', 'a source; all of them when left out')
    .description('List recovery points, the oldest first.')
    .action(
      act(async ({ context, output, signal }, name: string | undefined) => {
        const load = () => import('#app/list-points')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { listPoints } = await load()
        const { incidents, points } = await listPoints(vault, name, signal)
        for (const message of incidents) output.warning({ code: 'timeline.damaged', message })
        await output.answer(points, () => {
          if (points.length === 0 && incidents.length > 0) return ''
          if (points.length === 0) return 'No points yet. `holdfast backup` makes one.\n'
          const areMarked = points.some(({ held, labels }) => held || labels.length > 0)
          const columns = [
            { title: 'POINT' },
            { title: 'TIME' },
            { title: 'CUT' },
            { title: 'ENTITIES', align: 'right' },
            { title: 'STORED', align: 'right' },
            ...(areMarked ? [{ title: 'MARKS' }] : []),
          ] as const
          const rows = points.map((point) => [
            point.point,
            formatTime(point.time),
            formatTime(point.cut.time),
            formatCount(point.entities),
            formatBytes(point.bytesStored),
            ...(areMarked ? [[...point.labels, ...(point.held ? ['held'] : [])].join(', ')] : []),
          ])
          return formatTable(columns, rows)
        })
        return incidents.length === 0 ? undefined : VAULT_DAMAGED
      }),
    )
}
