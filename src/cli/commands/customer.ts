import { type Command, Option } from 'commander'
import { drawCustomer, PICTURES } from '../draw-customer.ts'
import {
  formatCustomer,
  formatCustomerDiff,
  formatCustomerHistory,
  formatMatches,
} from '../format-customer.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'
import { addIdentity } from './customer-identity.ts'

type ShowOptions = {
  readonly at?: readonly string[]
  readonly map?: string
  readonly source?: string
  readonly all?: boolean
  readonly draw?: (typeof PICTURES)[number]
  readonly decidedThen?: boolean
}

export function addCustomer(program: Command, act: Act): void {
  const customer = program
    .command('customer')
    .helpCommand(false)
    .description('The customer as the unit, over all systems of the customer map.')
  addFindCustomer(customer, act)
  addShowCustomer(customer, act)
  addHistoryOfCustomer(customer, act)
  addDiffCustomer(customer, act)
  addIdentity(customer, act)
}

type FindOptions = {
  readonly at?: readonly string[]
  readonly map?: string
  readonly limit: string
}

function addFindCustomer(customer: Command, act: Act): void {
  customer
    .command('find')
    .argument('<TEXT>', 'a name or some words of it, a number, tax id, e-mail address or IBAN')
    .option(
      '--at <POINT...>',
      'like erp@12, @fy26-close, @live (default: the newest of every source)',
    )
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--limit <COUNT>', 'list so many of the best matches', '20')
    .description('Search for customers in all systems, now or as of a moment.')
    .action(
      act(async ({ context, output, signal }, text: string, options: FindOptions) => {
        const { at = [], limit, map: file } = options
        const load = () => import('#app/find-customers')
        const meanwhile = async () => {
          const [{ readMapAhead }] = await Promise.all([import('#app/read-map'), load()])
          await readMapAhead(context, file)
        }
        const vault = await context.openVault(signal, { meanwhile })
        const { searchCustomers } = await load()
        const found = await searchCustomers(context, vault, { text, at, file, limit }, signal)
        warnUnproven(output, found)
        await output.answer(found, () => formatMatches(found))
      }),
    )
}

function addShowCustomer(customer: Command, act: Act): void {
  customer
    .command('show')
    .argument('<ID>', 'its number or key in any of the systems, or main.account:42, its key alone')
    .option(
      '--at <POINT...>',
      'like erp@12, @fy26-close, @live (default: the newest of every source)',
    )
    .option('--source <NAME>', 'the system whose number it is')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--all', 'print every record instead of the first few of each kind')
    .option('--decided-then', 'who is one as it was decided by then, not as it is decided now')
    .addOption(new Option('--draw <KIND>', 'print the text of a picture').choices(PICTURES))
    .description('Show one customer with everything attached, as of a moment.')
    .action(
      act(async ({ context, output, signal }, id: string, options: ShowOptions) => {
        const load = () => import('#app/show-customer')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { showCustomer } = await load()
        const { all = false, at = [], draw, map: file, source } = options
        const isDecidedThen = options.decidedThen === true
        const request = { id, source, at, file, isDecidedThen }
        const shown = await showCustomer(context, vault, request, signal)
        warnUnproven(output, shown)
        await output.answer(shown, () =>
          draw === undefined
            ? formatCustomer(shown, { isAll: all, paint: output.paint })
            : drawCustomer(shown, { picture: draw, isAll: all }),
        )
      }),
    )
}

type HistoryOptions = { readonly map?: string; readonly source?: string }

function addHistoryOfCustomer(customer: Command, act: Act): void {
  customer
    .command('history')
    .argument('<ID>', 'its number or key in any of the systems, or main.account:42, its key alone')
    .option('--source <NAME>', 'the system whose number it is')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .description('List every version of all that ever belonged to one customer, newest first.')
    .action(
      act(async ({ context, output, signal }, id: string, options: HistoryOptions) => {
        const load = () => import('#app/customer-history')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { customerHistory } = await load()
        const request = { id, source: options.source, file: options.map }
        const history = await customerHistory(context, vault, request, signal)
        warnUnproven(output, history)
        await output.answer(history, () => formatCustomerHistory(history))
      }),
    )
}

type DiffOptions = {
  readonly from: readonly string[]
  readonly to?: readonly string[]
  readonly map?: string
  readonly source?: string
}

const DIFFERENCES_FOUND = 4

function addDiffCustomer(customer: Command, act: Act): void {
  customer
    .command('diff')
    .argument('<ID>', 'its number or key in any of the systems, or main.account:42, its key alone')
    .requiredOption('--from <POINT...>', 'like @fy26-close, erp@12, crm@live')
    .option('--to <POINT...>', 'the later moment, @live: now (default: the newest of every source)')
    .option('--source <NAME>', 'the system whose number it is')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .description('List what became of one customer and all attached between two moments.')
    .action(
      act(async ({ context, output, signal }, id: string, options: DiffOptions) => {
        const load = () => import('#app/diff-customer')
        const vault = await context.openVault(signal, { meanwhile: load })
        const { diffCustomer } = await load()
        const { from, map: file, source, to = [] } = options
        const diff = await diffCustomer(context, vault, { id, source, from, to, file }, signal)
        warnUnproven(output, diff)
        await output.answer(diff, () => formatCustomerDiff(diff))
        return diff.changes.length === 0 ? 0 : DIFFERENCES_FOUND
      }),
    )
}
