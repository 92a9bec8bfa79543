import type { Command } from 'commander'
import { formatCount } from '../format-amounts.ts'
import { formatTable } from '../format-table.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

export function addEntities(program: Command, act: Act): void {
  program
    .command('entities')
    .argument('<POINT>', 'like erp@latest')
    .description('Say what a point holds: rows, fingerprint, schema.')
    .action(
      act(async ({ context, output, signal }, point: string) => {
        const load = () => import('#app/list-entities')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { listEntities } = await load()
        const { entities, ...found } = await listEntities(vault, point, signal)
        warnUnproven(output, found)
        await output.answer(entities, () =>
          formatTable(
            [
              { title: 'ENTITY' },
              { title: 'ROWS', align: 'right' },
              { title: 'FINGERPRINT' },
              { title: 'SCHEMA', align: 'right' },
            ],
            entities.map(({ entity, fingerprint, rows, schema }) => [
              entity,
              formatCount(rows),
              fingerprint ?? 'pending',
              String(schema),
            ]),
          ),
        )
      }),
    )
}
