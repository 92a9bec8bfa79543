import type { Command } from 'commander'
import { formatDecided, formatDecisions } from '../format-identity.ts'
import type { Act } from '../shell.ts'

type DecideOptions = {
  readonly because: string
  readonly at?: readonly string[]
  readonly map?: string
}

/** Who is one: what people decide, and what they may want to. */
export function addIdentity(customer: Command, act: Act): void {
  addDecision(customer, act, 'same')
  addDecision(customer, act, 'apart')
  addDecisions(customer, act)
}

const SAYS = {
  same: 'Decide that two parties are one customer, whatever the customer map finds.',
  apart: 'Decide that two parties are not one customer, whatever the customer map finds.',
} as const

function addDecision(customer: Command, act: Act, decision: 'same' | 'apart'): void {
  const party = 'its number, like crm=500042, or its key, like crm=main.account:500042'
  customer
    .command(decision)
    .argument('<A>', `a party: ${party}`)
    .argument('<B>', 'the other')
    .requiredOption('--because <TEXT>', 'why; kept in the vault, sealed')
    .option('--at <POINT...>', 'where they are looked for (default: the newest of every source)')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .description(SAYS[decision])
    .action(
      act(async ({ context, output, signal }, a: string, b: string, options: DecideOptions) => {
        const vault = await context.openVault(signal)
        const { decideIdentity } = await import('#app/decide-identity')
        const { at = [], because, map: file } = options
        const request = { decision, ids: [a, b] as const, because, at, file }
        const decided = await decideIdentity(context, vault, request, signal)
        await output.answer(decided, () => formatDecided(decided))
      }),
    )
}

function addDecisions(customer: Command, act: Act): void {
  customer
    .command('decisions')
    .description('List all that was decided on who is one, newest first.')
    .action(
      act(async ({ context, output, signal }) => {
        const vault = await context.openVault(signal)
        const { listDecisions } = await import('#app/list-decisions')
        const decisions = await listDecisions(vault, signal)
        await output.answer(decisions, () => formatDecisions(decisions))
      }),
    )
}
