import type { CustomerMove } from '#app/customer-history'
import type { DecidedIdentity } from '#app/decide-identity'
import type { ShownIdentity } from '#app/describe-identity'
import type { ListedDecision, ListedDecisions } from '#app/list-decisions'
import type { MatchedCustomers } from '#app/match-customers'
import { formatCount, formatTime } from './format-amounts.ts'
import { formatAt } from './format-at.ts'
import { visible } from './text-width.ts'

type Party = { readonly source: string; readonly entity: string; readonly key: string }

export function formatDecided({ a, b, decision, isNew }: DecidedIdentity): string {
  const said = decision === 'same' ? 'are one customer' : 'are not one customer'
  const known = isNew ? '' : ' That was decided already.'
  return `${formatParty(a)} and ${formatParty(b)} ${said}.${known}\n`
}

export function formatDecisions(decisions: ListedDecisions): string {
  if (decisions.length === 0) return 'Nobody has decided anything on who is one.\n'
  return decisions.map((one) => `${formatDecision(one)}\n`).join('')
}

/** One decision on one line: when, what, who and why. */
export function formatDecision(one: Omit<ListedDecision, 'stands'> & { stands?: boolean }): string {
  const { a, b, because, by, decision, stands = true, time } = one
  const sign = decision === 'same' ? '=' : '/'
  const late = stands ? '' : ' (decided otherwise since)'
  const who = `by ${by.slice(0, 8)}`
  return `${formatTime(time)}  ${sign} ${formatParty(a)} ${decision} ${formatParty(b)}, ${who}: ${visible(because)}${late}`
}

function formatParty({ entity, key, source }: Party): string {
  return `${source} ${visible(`${entity}:${key}`)}`
}

/** What was decided on a customer's parties, and who is left out because of it. */
export function describeShownIdentity(
  { identity }: ShownIdentity,
  titleOf: (index: number) => string,
): string[] {
  if (identity === undefined) return []
  return [
    ...identity.decisions.map((one) => `decided: ${formatDecision(one)}`),
    ...identity.apart.map(({ from, isSettled, of, ...party }) => {
      const unsettled = `, which may be either: decide with \`holdfast customer apart\``
      return `apart: ${formatParty(party)} from ${titleOf(from)}; what leads to it is ${titleOf(of)}${isSettled ? '' : unsettled}`
    }),
  ]
}

/** Records that hang on another party than before. */
export function formatMove({
  entity,
  from,
  kind,
  point,
  records,
  source,
  time,
  to,
}: CustomerMove): string {
  const party = (key: string) => formatParty({ source, entity, key })
  const counts = records.map((one) => `${formatCount(one.count)} ${visible(one.entity)}`).join(', ')
  const said = kind === 'merged' ? 'was merged into' : 'gave records to'
  return `${formatTime(time)}  ${point}  = ${party(from)} ${said} ${party(to)}: ${counts}`
}

const SIGNS = {
  name: 'names alike',
  taxId: 'same tax id',
  iban: 'same IBAN',
  email: 'same e-mail',
  domain: 'same e-mail domain',
  phone: 'same phone',
  address: 'same address',
  otherTaxId: 'but other tax ids',
} as const

/** Who may be one, the likeliest first, each with what to type. */
export function formatProposals({
  compared,
  parties,
  points,
  proposals,
}: MatchedCustomers): string {
  const lines = proposals.flatMap(({ a, b, reasons, score }) => [
    `${score.toFixed(2)}  ${formatParty(a)}  ${visible(a.name ?? '')}`,
    `      ${formatParty(b)}  ${visible(b.name ?? '')}`,
    `      ${reasons.map(({ sign, values }) => `${SIGNS[sign]}${sign === 'name' ? '' : ` (${visible(values.join(', '))})`}`).join('; ')}`,
  ])
  const counts = `${formatCount(parties)} parties, ${formatCount(compared)} pairs compared, at ${formatAt(points)}.`
  const next =
    proposals.length === 0
      ? 'Nobody looks like another.'
      : 'Decide with `holdfast customer same` or `apart`, SOURCE=ENTITY:KEY each.'
  return [...lines, counts, next, ''].join('\n')
}
