import type { Command } from 'commander'
import { formatFields } from '../format-fields.ts'
import type { Act } from '../shell.ts'
import { visible } from '../text-width.ts'
import { warnUnproven } from '../warn-unproven.ts'

export function addShow(program: Command, act: Act): void {
  program
    .command('show')
    .argument('<POINT>')
    .argument('<ENTITY>')
    .argument('<KEY>')
    .description('Show one record as a point holds it.')
    .action(
      act(async ({ context, output, signal }, point: string, entity: string, key: string) => {
        const load = () => import('#app/show-record')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { showRecord } = await load()
        const record = await showRecord(vault, { point, entity, key }, signal)
        warnUnproven(output, record)
        await output.answer(record, () => {
          const { paint } = output
          const name = visible(`${record.entity}:${record.key}`)
          const head = `${paint.bold(name)}  ${paint.dim(`${record.point}, version ${record.version}`)}\n`
          return head + formatFields(record.fields)
        })
      }),
    )
}
