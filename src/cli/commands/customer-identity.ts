import type { Command } from 'commander'
import { formatDecided, formatDecisions, formatProposals } from '../format-identity.ts'
import type { Act } from '../shell.ts'
import { warnUnproven } from '../warn-unproven.ts'

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
  addMatch(customer, act)
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

type MatchOptions = {
  readonly at?: readonly string[]
  readonly map?: string
  readonly limit: string
  readonly minScore: string
}

function addMatch(customer: Command, act: Act): void {
  customer
    .command('match')
    .option('--at <POINT...>', 'like erp@12, @fy26-close (default: the newest of every source)')
    .option('--map <FILE>', 'the map (default: customers.yaml beside the configuration)')
    .option('--limit <COUNT>', 'list so many, the likeliest', '20')
    .option('--min-score <SCORE>', 'between 0 and 1', '0.6')
    .description('Propose which parties may be one customer, with reasons, for you to decide.')
    .action(
      act(async ({ context, output, signal }, options: MatchOptions) => {
        const vault = await context.openVault(signal)
        const { matchCustomers } = await import('#app/match-customers')
        const { at = [], limit, map: file, minScore: scoreMin } = options
        const request = { at, file, limit, scoreMin }
        const matched = await matchCustomers(context, vault, request, signal)
        warnUnproven(output, matched)
        await output.answer(matched, () => formatProposals(matched))
      }),
    )
}
