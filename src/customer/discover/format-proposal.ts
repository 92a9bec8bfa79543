import { formatYamlScalar } from '#stdx/format-yaml-scalar'
import { isParty, isReference } from '../roles.ts'
import type { EntityProfile } from './profile-entity.ts'
import { isKeyOf, type KindedLink, type ProposedEntity, type ProposedMatch } from './proposal.ts'

export type Proposal = {
  readonly points: readonly string[]
  readonly entities: readonly ProposedEntity[]
  /** Part of the map. */
  readonly links: readonly KindedLink[]
  /** Remarks in it: for a person to decide. */
  readonly maybes: readonly KindedLink[]
  readonly matches: readonly ProposedMatch[]
  readonly leftOut: readonly EntityProfile[]
}

/** A proposal as the text of a `customers.yaml`, each line with what speaks for it. */
export function formatProposal(proposal: Proposal): string {
  const { entities, leftOut, matches, points } = proposal
  const sources = [...new Set([...entities.map(({ profile }) => profile), ...leftOut])]
  const names = [...new Set(sources.map(({ source }) => source))]
  return [
    `# Proposed by \`holdfast map discover\` from ${points.join(', ')}.`,
    '# The number behind a link says how sure it is, 1.00 where a constraint declares it; what begins',
    '# with "maybe" is for a person to decide. `holdfast map check` says whether all of it is true.',
    'version: 1',
    ...matches.map(({ because, field }) => `# ${field}: ${because}`),
    ...(matches.length === 0 ? [] : [`match: [${matches.map(({ field }) => field).join(', ')}]`]),
    names.length === 0 ? 'sources: {}' : 'sources:',
    ...names.flatMap((source) => formatSource(source, proposal)),
    '',
  ].join('\n')
}

function formatSource(source: string, proposal: Proposal): string[] {
  const own = proposal.entities.filter(({ profile }) => profile.source === source)
  const leftOut = proposal.leftOut.filter((one) => one.source === source)
  return [
    `  ${formatYamlScalar(source)}:`,
    own.length === 0 ? '    entities: {}' : '    entities:',
    ...[...own].sort(byRank).flatMap((entity) => formatEntity(entity, proposal)),
    ...(leftOut.length === 0 ? [] : ['    # Nothing of a customer was found in these.']),
    ...(leftOut.length === 0 ? [] : ['    leftOut:']),
    ...leftOut.map(({ entity, rows }) => {
      return `      - ${formatYamlScalar(entity)} # ${rows} records`
    }),
    '',
  ]
}

/** Parties, then what belongs to them, then what all share. */
function byRank(a: ProposedEntity, b: ProposedEntity): number {
  const rank = ({ role }: ProposedEntity) => (isParty(role) ? 0 : isReference(role) ? 2 : 1)
  return rank(a) - rank(b) || (a.profile.entity < b.profile.entity ? -1 : 1)
}

function formatEntity(entity: ProposedEntity, { links, maybes }: Proposal): string[] {
  const { because, identity, profile, role } = entity
  const own = links.filter(({ from }) => from === profile)
  const others = maybes.filter(({ from }) => from === profile)
  const named = Object.entries(identity).map(
    ([name, field]) => `${name}: ${formatYamlScalar(field)}`,
  )
  return [
    `      ${formatYamlScalar(profile.entity)}:`,
    `        role: ${role} # ${oneLine(because)}`,
    ...(named.length === 0 ? [] : [`        identity: { ${named.join(', ')} }`]),
    ...(own.length === 0 ? [] : ['        links:']),
    ...own.flatMap((link) => [
      `          # ${link.confidence.toFixed(2)} ${oneLine(link.because)}`,
      `          - ${formatLink(link)}`,
    ]),
    ...others.flatMap((link) => [
      `          # maybe, ${link.confidence.toFixed(2)}: ${oneLine(link.because)}`,
      `          # - ${oneLine(formatLink(link))}`,
    ]),
  ]
}

function formatLink({ fields, from, kind, to, toFields, when }: KindedLink): string {
  const list = (names: readonly string[]) => `[${names.map(formatYamlScalar).join(', ')}]`
  const conditions = when.map(
    ([field, value]) => `${formatYamlScalar(field)}: ${formatYamlScalar(value)}`,
  )
  const parts = [
    `fields: ${list(fields)}`,
    ...(conditions.length === 0 ? [] : [`when: { ${conditions.join(', ')} }`]),
    ...(to.source === from.source ? [] : [`source: ${formatYamlScalar(to.source)}`]),
    `to: ${formatYamlScalar(to.entity)}`,
    ...(isKeyOf(to, toFields) ? [] : [`toFields: ${list(toFields)}`]),
    ...(kind === 'child' ? [] : [`kind: ${kind}`]),
  ]
  return `{ ${parts.join(', ')} }`
}

/** Names come from systems, and one of them may hold a line break. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
}
