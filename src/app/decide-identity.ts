import type { CustomerMap } from '#customer/customer-map'
import {
  type DecidedRecord,
  type Decision,
  type DecisionToMake,
  formatDecision,
  judgeDecision,
  standingOf,
} from '#customer/decisions'
import { findByKey, findParty } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { isParty } from '#customer/roles'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { Context } from './context.ts'
import { needRoles } from './credential/need-roles.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'

export type DecideIdentityRequest = {
  readonly decision: Decision['decision']
  /** Two parties, each like `500042`, `crm=500042` or, by its key, `crm=main.account:500042`. */
  readonly ids: readonly [string, string]
  readonly because: string
  /** Where they are looked for; the newest of every source that none of them means. */
  readonly at: readonly string[]
  readonly file: string | undefined
}

/** What was decided, as `customer same --json` prints it. */
export type DecidedIdentity = DecisionToMake & {
  /** Whether it was not decided already; then nothing was said again. */
  readonly isNew: boolean
}

const REASON_LENGTH_MAX = 1000

/**
 * Keeps in the vault that two parties are one, or that they are not. No source is asked or changed; all
 * that asks for a customer goes by it from now on.
 *
 * @throws app.reason-missing | customer.unknown | customer.ambiguous | customer.decision-itself
 * @throws customer.decision-contradicts | vault.role-missing without the restore role, and as `readMap`
 */
export async function decideIdentity(
  deps: Pick<Context, 'configPath' | 'progress'>,
  vault: Vault,
  request: DecideIdentityRequest,
  signal: AbortSignal,
): Promise<DecidedIdentity> {
  const { at, decision, file } = request
  needRoles(vault, ['restore'], 'Cannot decide who is one')
  const because = request.because.trim()
  if (because === '' || because.length > REASON_LENGTH_MAX) {
    const found = because === '' ? 'no reason' : `a reason of ${because.length} characters`
    const message = `Cannot decide who is one: found ${found}, need one of 1 to ${REASON_LENGTH_MAX}`
    throw new AppError('app.reason-missing', message)
  }
  const { map } = await readMap(deps, vault, file, signal)
  const made = await readAgain(async () => {
    const wanted = new Set(map.entities.map(({ source }) => source))
    const asked = { addresses: at, wanted, progress: deps.progress }
    const sources = await findSourcesAt(vault, asked, signal)
    const [a, b] = request.ids
    const found = { map, sources, signal }
    return { decision, a: await findOne(a, found), b: await findOne(b, found), because }
  })
  const isNew = judgeDecision(standingOf(map.decisions), made)
  if (isNew) await vault.identities.putIdentity(formatDecision(made), signal)
  return { ...made, isNew }
}

/** @throws customer.unknown | customer.ambiguous */
async function findOne(
  text: string,
  {
    map,
    signal,
    sources,
  }: {
    readonly map: CustomerMap
    readonly sources: readonly SourceAt[]
    readonly signal: AbortSignal
  },
): Promise<DecidedRecord> {
  const { entity, id, source } = splitParty(text, map)
  const laid = mapAt(map, sources)
  const place = laid.entities.find(({ map: one }) => one === entity)
  const byKey = place && (await findByKey(place, id, signal))
  const found = byKey
    ? [byKey]
    : entity === undefined
      ? await findParty(laid, { id, source, signal })
      : []
  const [first] = found
  if (first === undefined) {
    const message = `Cannot find customer "${text}": found no record with this key`
    throw new AppError('customer.unknown', message, { id: text })
  }
  if (found.length > 1) {
    const places = found.map(
      (one) => `${one.entity.map.source}=${one.entity.map.entity}:${one.key}`,
    )
    const message = `Cannot tell which record "${text}" is: found ${places.join(', ')}, need one of them`
    throw new AppError('customer.ambiguous', message, { id: text })
  }
  return { source: first.entity.map.source, entity: first.entity.map.entity, key: first.key }
}

/** The number may hold any character: only what the map knows is taken for a name. */
function splitParty(text: string, { entities }: CustomerMap) {
  const parties = entities.filter(({ role }) => isParty(role))
  for (const entity of parties) {
    const { source } = entity
    const prefix = `${source}=${entity.entity}:`
    if (text.startsWith(prefix)) return { source, entity, id: text.slice(prefix.length) }
  }
  for (const { source } of parties) {
    const prefix = `${source}=`
    if (text.startsWith(prefix)) return { source, id: text.slice(prefix.length) }
  }
  return { source: undefined, id: text }
}
