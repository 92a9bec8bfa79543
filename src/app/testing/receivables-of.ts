import { tmpdir } from 'node:os'
import { parseMap } from '#customer/parse-map'
import { parseBusinessDay } from '#report/business-day'
import type { Receivables } from '#report/receivables'
import { reportReceivables } from '#report/report-receivables'
import { systemRandom } from '#stdx/random'
import { signal } from '#vault/testing/a-vault'
import type { VaultOfFiles } from './vault-of-files.ts'

/** What customers owed at the end of a day, by a map; `at`: as of other points than the newest. */
export async function receivablesOf(
  { sourcesAt }: VaultOfFiles,
  map: string,
  day: string,
  ...at: string[]
): Promise<Receivables> {
  const deps = { random: systemRandom, tempDir: tmpdir(), begin: () => {} }
  const { receivables } = parseMap(map, 'a map').finance
  if (receivables === undefined) throw new Error('The map has no receivables.')
  const asOf = parseBusinessDay(day) ?? Number.NaN
  return await reportReceivables(deps, receivables, await sourcesAt(...at), { asOf, signal })
}
