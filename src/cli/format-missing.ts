import type { AgreedPlan } from '#app/restore-request'
import { formatCount } from './format-amounts.ts'
import { visible } from './text-width.ts'

const SHOWN_MAX = 100

/** What rows of a plan need and the target lacks, a line each. */
export function formatMissing({ missing = [] }: AgreedPlan): string {
  const lines = missing
    .slice(0, SHOWN_MAX)
    .map(({ entity, found, neededBy, role, source, values }) => {
      const words = [role, source].filter((word) => word !== undefined)
      const what = [...words, visible(`${entity}:${values.join(',')}`)].join(' ')
      const others = neededBy.records - 1
      const more = others === 0 ? '' : ` and ${formatCount(others)} more`
      const first = visible(`${neededBy.entity}:${neededBy.key}`)
      return `${found} ${what}: needed by ${first}${more} (${visible(neededBy.by)})\n`
    })
  const rest = missing.length - lines.length
  return lines.join('') + (rest === 0 ? '' : `and ${formatCount(rest)} more\n`)
}

/** What would be deleted and is referred to by rows that stay, a line each. */
export function formatReferred({ dangling = [], referred = [] }: AgreedPlan): string {
  return (
    formatEach(referred, (name, by) => `not deleted ${name}: referred to by ${by}\n`) +
    formatEach(dangling, (name, by) => `deleted ${name}: refers to nothing then: ${by}\n`)
  )
}

function formatEach(
  referred: NonNullable<AgreedPlan['referred']>,
  formatOne: (name: string, by: string) => string,
): string {
  const lines = referred.slice(0, SHOWN_MAX).map(({ entity, key, referredBy }) => {
    const others = referredBy.records - 1
    const more = others === 0 ? '' : ` and ${formatCount(others)} more`
    const first = visible(
      `${referredBy.entity}${referredBy.key === null ? '' : `:${referredBy.key}`}`,
    )
    return formatOne(visible(`${entity}:${key}`), `${first}${more} (${visible(referredBy.by)})`)
  })
  const rest = referred.length - lines.length
  return lines.join('') + (rest === 0 ? '' : `and ${formatCount(rest)} more\n`)
}
