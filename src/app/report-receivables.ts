import type { ReceivablesMap } from '#customer/finance-map'
import type { SourceAt } from '#customer/map-at'
import { type BusinessDay, businessDayAt, parseBusinessDay } from '#report/business-day'
import { partsOf, sourcesOf } from '#report/finance-parts'
import { formatBreaksCsv, formatReceivablesCsv } from '#report/format-receivables-csv'
import { formatReceivablesPage } from '#report/format-receivables-page'
import type { Receivables } from '#report/receivables'
import { reportReceivables } from '#report/report-receivables'
import { AppError } from '#stdx/app-error'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type ReceivablesRequest = {
  /** Points: of every system that the report reads, one. */
  readonly at: readonly string[]
  /** The last day that counts; `undefined`: that of the newest of the points, in UTC. */
  readonly asOf: string | undefined
  /** `undefined`: `customers.yaml` beside the configuration, else what the vault keeps. */
  readonly file: string | undefined
}

export type ReceivablesAnswer = Receivables & Provenness

/**
 * What customers owe as of points of the vault; no source is asked.
 *
 * @throws report.finance-missing | report.finance-unfit | report.point-missing | report.day-invalid
 * @throws app.map-not-found | customer.map-invalid | vault.role-missing without the read key
 */
export async function showReceivables(
  deps: Pick<Context, 'configPath' | 'progress' | 'random' | 'readConfig'>,
  vault: Vault,
  request: ReceivablesRequest,
  signal: AbortSignal,
): Promise<ReceivablesAnswer> {
  const given = request.asOf === undefined ? undefined : parseAsOf(request.asOf)
  const { label, map } = await readMap(deps, vault, request.file, signal)
  const { receivables } = map.finance
  if (receivables === undefined) {
    const message = `Cannot report receivables: found no \`finance.receivables\` in ${label}`
    throw new AppError('report.finance-missing', message, { map: label })
  }
  const wanted = sourcesOf(receivables)
  refuseUncovered(request.at, wanted)
  const { tempDir } = await deps.readConfig()
  const { progress, random } = deps
  const begin = (step: string) => progress.begin({ label: step })
  const answer = await readAgain(async () => {
    const sources = await findSourcesAt(vault, { addresses: request.at, wanted }, signal)
    const asOf = given ?? dayOfPoints(sources)
    const options = { asOf, signal }
    const report = await reportReceivables(
      { begin, random, tempDir },
      receivables,
      sources,
      options,
    )
    return { ...report, ...provennessOfReport(receivables, sources) }
  })
  progress.end()
  return answer
}

/** The report as files: made only when they are wanted. */
export function receivablesFiles(answer: ReceivablesAnswer) {
  const { unproven } = answer
  return {
    csv: () => formatReceivablesCsv(answer, { proven: unproven === undefined }),
    breaks: () => formatBreaksCsv(answer),
    page: () => formatReceivablesPage(answer, { unproven }),
  }
}

function parseAsOf(text: string): BusinessDay {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseBusinessDay(text) : undefined
  if (day !== undefined) return day
  const message = `Cannot report as of "${text}": need a day, like 2026-06-30`
  throw new AppError('report.day-invalid', message, { text })
}

/** One point alone says nothing of the other systems: their newest is of another moment. */
function refuseUncovered(at: readonly string[], wanted: ReadonlySet<string>): void {
  const named = at.map((text) => parsePointAddress(text).source)
  if (named.includes(null)) return
  const missing = [...wanted].filter((source) => !named.includes(source))
  if (missing.length === 0) return
  const found = `its map also reads ${missing.join(', ')}`
  const message = `Cannot report receivables at "${at.join(' ')}": ${found}, need a point of each`
  throw new AppError('report.point-missing', message, { missing })
}

/** The day that the newest of the points is of, in UTC. */
export function dayOfPoints(sources: readonly SourceAt[]): BusinessDay {
  return Math.max(...sources.map(({ point }) => businessDayAt(Date.parse(point.cut.time))))
}

function provennessOfReport(map: ReceivablesMap, sources: readonly SourceAt[]): Provenness {
  const parts = partsOf(map)
  for (const at of sources) {
    const own = parts.filter(({ source }) => source === at.source)
    const found = provennessOf(
      at,
      own.map(({ entity }) => entity),
    )
    if (found.proven === false) return found
  }
  return {}
}
