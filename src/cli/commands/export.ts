import { type Command, Option } from 'commander'
import type { ExportFormat } from '#app/export-entity'
import type { Provenness } from '#app/unproven'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

export function addExport(program: Command, act: Act): void {
  program
    .command('export')
    .argument('<POINT>')
    .argument('<ENTITY>')
    .addOption(
      new Option('--format <FORMAT>', 'how to write it')
        .choices(['csv', 'jsonl'])
        .makeOptionMandatory(),
    )
    .description('Write an entity as a point holds it to standard output.')
    .action(
      act(
        async (
          { context, output, signal },
          point: string,
          entity: string,
          { format }: { readonly format: ExportFormat },
        ) => {
          const load = () => import('#app/export-entity')
          const vault = await context.openVault(signal, { meanwhile: load })
          const { exportEntity } = await load()
          const onProvenness = (found: Provenness) => warnUnproven(output, found)
          const request = { point, entity, format, onProvenness }
          for await (const text of exportEntity(vault, request, signal)) {
            await output.data(text)
          }
          return undefined
        },
      ),
    )
}
