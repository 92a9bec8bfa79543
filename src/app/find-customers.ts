import { type DecidedRecord, type Decision, standingOf, unitedWith } from '#customer/decisions'
import { findCustomers } from '#customer/find-customers'
import type { PartyRecord } from '#customer/find-party'
import { formatMoment, mapAt } from '#customer/map-at'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { findSourcesAt, type LiveAnswer, liveOf, provennessOfMap } from './find-sources-at.ts'
import { openLiveSources, type ReadLiveDeps } from './live/live-sources.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import type { Provenness } from './unproven.ts'

export type FindCustomersRequest = {
  readonly text: string
  /** Points, or sources as they are now; the newest point of every source that none of them means. */
  readonly at: readonly string[]
  readonly file: string | undefined
  /** As typed. */
  readonly limit: string
}

/** Who answers to a text, as `customer find --json` prints it. */
export type FoundCustomers = Provenness &
  LiveAnswer & {
    readonly points: readonly string[]
    /** Best first. */
    readonly matches: readonly FoundCustomer[]
    /** In all, also those that are not listed. */
    readonly found: number
  }

export type FoundCustomer = {
  readonly source: string
  readonly entity: string
  readonly role: string
  readonly key: string
  readonly name: string | null
  /** What answered: `number`, `name`, `taxId`, `email` or `iban`. */
  readonly by: string
  /** The party it belongs to, as `customer show` takes it; `null` where nothing leads to one. */
  readonly customer: {
    readonly source: string
    readonly entity: string
    readonly key: string
  } | null
  /** Parties that people decided to be the same as that one; absent where nobody did. */
  readonly same?: readonly DecidedRecord[]
}

const LIMIT_MAX = 1000

/**
 * Searches for customers as of a moment, over all systems of the map; a source is asked where that
 * moment is now.
 * @throws app.limit-invalid | app.map-not-found | customer.map-invalid
 */
export async function searchCustomers(
  deps: Pick<Context, 'configPath'> & ReadLiveDeps,
  vault: Vault,
  { at, file, limit, text }: FindCustomersRequest,
  signal: AbortSignal,
): Promise<FoundCustomers> {
  const matchesMax = Number(limit)
  if (!Number.isInteger(matchesMax) || matchesMax < 1 || matchesMax > LIMIT_MAX) {
    const message = `Cannot list "${limit}" customers: need 1 to ${LIMIT_MAX}`
    throw new AppError('app.limit-invalid', message)
  }
  const { map } = await readMap(deps, vault, file, signal)
  return await readAgain(async () => {
    await using live = openLiveSources(deps, vault, map)
    const wanted = new Set(map.entities.map(({ source }) => source))
    const asked = { addresses: at, wanted, progress: deps.progress, readLive: live.read }
    const sources = await findSourcesAt(vault, asked, signal)
    const laid = mapAt(map, sources)
    const { found, matches } = await findCustomers(laid, { text, matchesMax, signal })
    const standing = standingOf(map.decisions)
    return {
      points: sources.map(formatMoment),
      matches: matches.map(({ by, entity, key, name, party }) => ({
        source: entity.map.source,
        entity: entity.map.entity,
        role: entity.map.role,
        key,
        name,
        by,
        customer: party && {
          source: party.entity.map.source,
          entity: party.entity.map.entity,
          key: party.key,
        },
        ...listSame(standing, party),
      })),
      found,
      ...liveOf(sources),
      ...provennessOfMap(sources, map),
    }
  })
}

function listSame(
  standing: readonly Decision[],
  party: PartyRecord | null,
): Pick<FoundCustomer, 'same'> {
  if (party === null || standing.length === 0) return {}
  const { entity, source } = party.entity.map
  const same = [...unitedWith(standing, { source, entity, key: party.key }).values()]
  return same.length === 0 ? {} : { same }
}
