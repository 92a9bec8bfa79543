import type { ReceivablesMap } from '#customer/finance-map'
import type { SourceAt } from '#customer/map-at'
import { formatPoint } from '#timeline/format-point'
import { type BusinessDay, formatBusinessDay } from './business-day.ts'
import { formatDecimal, isoDecimals } from './decimal.ts'
import { ageReceivables, type SortDeps } from './receivables/age-receivables.ts'
import { entitiesAt } from './receivables/entities-at.ts'
import { namedIn } from './receivables/named-in.ts'
import { readValues } from './receivables/read-values.ts'
import type { RecordReader } from './receivables/to-records.ts'
import type { Receivables } from './receivables.ts'

export type { SortDeps }

export type ReportDeps = SortDeps & {
  /** Told what is done next, for whoever waits. */
  readonly begin: (step: string) => void
}

/**
 * What customers owe as of a day by what points hold, by company code and currency, with all that
 * does not add up. The same points, map and day give the same report, byte for byte.
 *
 * Reads each entity once, as a stream; items and what cleared them meet sorted, so that memory is
 * bounded whatever their number (some 400 MB, the process included), and what does not fit lies
 * sealed on disk.
 *
 * @throws report.finance-unfit | report.groups-too-many
 */
export async function reportReceivables(
  deps: ReportDeps,
  map: ReceivablesMap,
  sources: readonly SourceAt[],
  { asOf, signal }: { readonly asOf: BusinessDay; readonly signal: AbortSignal },
): Promise<Receivables> {
  const named = namedIn(map)
  const found = entitiesAt(named.all, sources)
  async function* readAll<T>(parts: readonly NamedPart<T>[]): AsyncGenerator<T[]> {
    for (const part of parts) {
      deps.begin(`Reading ${part.entity} of ${part.source}`)
      const at = found.get(part)
      if (at === undefined) continue
      const { conditions, reader } = part
      for await (const some of readValues(at, reader.fields, conditions, signal)) {
        yield some.map((values) => reader.read(values))
      }
    }
  }
  for (const lookup of named.lookups) {
    const at = found.get(lookup)
    if (at === undefined) continue
    for await (const some of readValues(at, lookup.fields, lookup.conditions, signal)) {
      for (const values of some) lookup.add(values)
    }
  }
  const decimals = new Map<string, number>()
  for await (const some of readAll(named.currencies)) {
    for (const { code, decimals: known } of some) decimals.set(code, known)
  }
  const decimalsOf = (currency: string) => decimals.get(currency) ?? isoDecimals(currency)
  const records = {
    items: () => readAll(named.items),
    receipts: () => readAll(named.receipts),
    clearings: () => readAll(named.clearings),
    disputes: () => readAll(named.disputes),
    controls: () => readAll(named.controls),
  }
  const aged = await ageReceivables(deps, map, records, {
    asOf,
    decimalsOf,
    format: (amount, currency) => formatDecimal(amount, decimalsOf(currency ?? '')),
    signal,
  })
  return {
    asOf: formatBusinessDay(asOf),
    points: sources.map(({ point, source }) => formatPoint(source, point)),
    verdict: aged.breaks.length === 0 ? 'clean' : 'differs',
    ...aged,
  }
}

type NamedPart<T> = Parameters<typeof entitiesAt>[0][number] & {
  readonly conditions: Parameters<typeof readValues>[2]
  readonly reader: RecordReader<T>
}
