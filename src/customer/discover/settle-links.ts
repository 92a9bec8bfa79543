import { isSameStart, isSelfLink, type ProposedLink } from './proposal.ts'

/**
 * Of all that was found, what is worth saying: nothing twice, and nothing that follows from the rest.
 *
 * A link of several fields says all that its fields say one by one: from the sales area, whose number
 * is part of the link to it, to the customer. Declared links stay. Pure.
 */
export function settleLinks(links: readonly ProposedLink[]): ProposedLink[] {
  const best = links.filter((link) => {
    return !links.some(
      (one) => one !== link && isSameStart(one, link) && isBetter(one, link, links),
    )
  })
  return best.filter((link) => link.isDeclared || !isImplied(link, best))
}

function isBetter(a: ProposedLink, b: ProposedLink, links: readonly ProposedLink[]): boolean {
  if (a.confidence !== b.confidence) return a.confidence > b.confidence
  return links.indexOf(a) < links.indexOf(b)
}

function isImplied(link: ProposedLink, links: readonly ProposedLink[]): boolean {
  if (isSelfLink(link)) return false
  return links.some((wide) => {
    const isWider = wide.from === link.from && wide.fields.length > link.fields.length
    if (!isWider || isSelfLink(wide) || wide.confidence < link.confidence) return false
    const positions = link.fields.map((name) => wide.fields.indexOf(name))
    if (positions.includes(-1)) return false
    const there = positions.map((position) => wide.toFields[position] ?? '')
    return follows(wide.to, there, link, links)
  })
}

/** Whether the same fields of another entity lead to the same place, at once or step by step. */
function follows(
  start: ProposedLink['from'],
  fields: readonly string[],
  goal: ProposedLink,
  links: readonly ProposedLink[],
): boolean {
  const open = [{ entity: start, fields }]
  const seen = new Set<ProposedLink['from']>()
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { entity, fields: names } = at
    if (entity === goal.to && names.join() === goal.toFields.join()) return true
    if (seen.has(entity)) continue
    seen.add(entity)
    for (const step of links) {
      const positions = names.map((name) => step.fields.indexOf(name))
      if (step.from !== entity || positions.includes(-1)) continue
      const next = positions.map((position) => step.toFields[position] ?? '')
      open.push({ entity: step.to, fields: next })
    }
  }
  return false
}
