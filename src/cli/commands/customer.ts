import type { Command } from 'commander'
import { formatCustomer } from '../format-customer.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

type ShowOptions = {
  readonly at?: readonly string[]
  readonly map?: string
  readonly source?: string
  readonly all?: boolean
}

export function addCustomer(program: Command, act: Act): void {
  const customer = program
    .command('customer')
    .helpCommand(false)
    .description('The customer as the unit, over all systems of the customer map.')
  customer
    .command('show')
    .argument('<ID>', 'its number or key in any of the systems')
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--source <NAME>', 'the system whose number it is')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--all', 'print every record instead of the first few of each kind')
    .description('Show one customer with everything attached, as of a moment.')
    .action(
      act(async ({ context, output, signal }, id: string, options: ShowOptions) => {
        const load = () => import('#app/show-customer')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { showCustomer } = await load()
        const { all = false, at = [], map: file, source } = options
        const shown = await showCustomer(context, vault, { id, source, at, file }, signal)
        warnUnproven(output, shown)
        await output.answer(shown, () => formatCustomer(shown, { isAll: all, paint: output.paint }))
      }),
    )
}
