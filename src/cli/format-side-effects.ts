import { formatCount } from './format-amounts.ts'
import { visible } from './text-width.ts'

/** What a plan says of what its writes set off. */
export type SideEffects = readonly {
  readonly kind: string
  readonly name: string
  readonly entity: string | null
  readonly state: 'quiet' | 'runs'
}[]

const QUIET_NAMES_MAX = 10

/** What runs is named, however much it is: it is to be agreed to. */
export function formatSideEffects(effects: SideEffects): string {
  const runs = effects.filter(({ state }) => state === 'runs')
  const quiet = effects.filter(({ state }) => state === 'quiet')
  return `${formatRunning(runs)}${formatQuiet(quiet)}`
}

function formatRunning(effects: SideEffects): string {
  if (effects.length === 0) return ''
  return `runs by itself, and cannot be kept from it:\n${nameAll(effects)}`
}

function formatQuiet(effects: SideEffects): string {
  if (effects.length === 0) return ''
  if (effects.length <= QUIET_NAMES_MAX) return `kept quiet while it writes:\n${nameAll(effects)}`
  const byKind = Map.groupBy(effects, ({ kind }) => kind)
  const counts = [...byKind].map(([kind, { length }]) => `${kind} (${formatCount(length)})`)
  return `kept quiet while it writes (names with --json): ${counts.join(', ')}\n`
}

function nameAll(effects: SideEffects): string {
  return effects
    .map(({ entity, kind, name }) => {
      const place = entity === null ? '' : ` on ${visible(entity)}`
      return `  ${kind} ${visible(name)}${place}\n`
    })
    .join('')
}
