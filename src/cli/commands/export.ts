import { type Command, Option } from 'commander'
import type { ExportFormat } from '#app/export-entity'
import type { Act } from '../shell.ts'

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
          for await (const text of exportEntity(vault, { point, entity, format }, signal)) {
            await output.data(text)
          }
          return undefined
        },
      ),
    )
}
