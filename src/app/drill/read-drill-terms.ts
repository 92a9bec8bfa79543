import type { DrillConfig } from '#config/config'
import { DRILLED_MAX } from '#config/file-schema'
import { AppError } from '#stdx/app-error'
import { parseDurationMs } from '#stdx/duration'
import type { Context } from '../context.ts'
import type { DrillRequest } from '../drill-report.ts'

/** What a drill is held to, whoever said it: the command, the configuration, or nobody. */
export type DrillTerms = {
  readonly customers: number
  readonly withinMs: number
  readonly seed: string
  /** Where sources are put back instead of into files of our own, by source. */
  readonly targets: ReadonlyMap<string, string>
}

/** @throws app.drill-count-invalid | app.drill-within-invalid | app.drill-seed-invalid | app.targets-unclear */
export function readDrillTerms(
  { random }: Pick<Context, 'random'>,
  { customers, seed, to, within }: DrillRequest,
  known: { readonly settings: DrillConfig; readonly sources: ReadonlySet<string> },
): DrillTerms {
  return {
    customers: customers === undefined ? known.settings.customers : readCount(customers),
    withinMs: within === undefined ? known.settings.withinMs : readWithin(within),
    seed: seed === undefined ? Buffer.from(random.bytes(4)).toString('hex') : readSeed(seed),
    targets: readTargets(to, known.sources),
  }
}

function readCount(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= DRILLED_MAX) return count
  const message = `Cannot draw "${text}" customers: need 1 to ${DRILLED_MAX}`
  throw new AppError('app.drill-count-invalid', message, { text })
}

function readWithin(text: string): number {
  const ms = parseDurationMs(text)
  if (ms !== undefined && ms > 0) return ms
  const message = `Cannot hold a drill to "${text}": need a duration, like 30s`
  throw new AppError('app.drill-within-invalid', message, { text })
}

function readSeed(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text
  const message = `Cannot draw with seed "${text}": need 1 to 64 letters, digits, dots or dashes`
  throw new AppError('app.drill-seed-invalid', message, { text })
}

function readTargets(
  to: readonly string[],
  sources: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const targets = new Map<string, string>()
  for (const text of to) {
    const [, source, target] = /^([^=]+)=(.+)$/.exec(text) ?? []
    const refuse = (found: string) => {
      const message = `Cannot drill into "${text}": ${found}`
      return new AppError('app.targets-unclear', message, { text })
    }
    if (source === undefined || target === undefined) throw refuse('need SOURCE=TARGET')
    if (!sources.has(source)) throw refuse(`the customer map names no source "${source}"`)
    if (targets.has(source)) throw refuse(`found two targets for "${source}"`)
    if ([...targets.values()].includes(target)) throw refuse('found it for two sources')
    targets.set(source, target)
  }
  return targets
}
