import { createHash } from 'node:crypto'
import { type CustomerMap, formatPlace } from '#customer/customer-map'
import { type Closure, type ClosureRecord, findClosure } from '#customer/find-closure'
import { findAgain, findParties, refuseAmbiguous } from '#customer/find-party'
import { mapAt, type SourceAt } from '#customer/map-at'
import { entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import type { RecordScope } from '#restore/restore-plan'
import { AppError, isAppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import { parsePointAddress } from '#timeline/resolve-point'
import type { Vault } from '#vault/vault'
import { pairTargets } from './choose-targets.ts'
import type { Context } from './context.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { findPoint } from './points/find-point.ts'
import { readAgain } from './points/read-again.ts'
import { readMap } from './read-map.ts'
import type { RestoreRequest, TargetRequest } from './restore-request.ts'

export type CustomersRequest = {
  /** Numbers or keys, each like `500042` or `crm=500042`. */
  readonly ids: readonly string[]
  /** One moment of all sources of the map, or one point of one source; the others are only looked at. */
  readonly point: string
  /** `SOURCE=TARGET`, or one bare target for one point. */
  readonly to: readonly string[]
  /** Of the customer map. */
  readonly file: string | undefined
  /** Of each source that is looked at, where that is known already. */
  readonly points?: readonly string[]
}

export type ChosenCustomers = Required<Pick<RestoreRequest, 'customers' | 'targets'>>

/**
 * What of each source belongs to some customers at a moment, and where it is put back. What they only
 * need, reference data and other customers, is no part of it.
 *
 * Records that came to a customer after the moment, as far as the newest points know, are in the scope
 * as added ones: counted, and deleted only where that is allowed.
 *
 * @throws app.customer-bounded | app.customer-elsewhere | app.customer-unsettled | app.targets-unclear | customer.unknown | customer.ambiguous, and as `readMap`
 */
export async function chooseCustomers(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  request: CustomersRequest,
  signal: AbortSignal,
): Promise<ChosenCustomers> {
  const { map, text } = await readMap(deps, vault, request.file, signal)
  const chosen = await readAgain(() => choose(vault, map, request, signal))
  const mapHash = createHash('sha256').update(text).digest('hex')
  const { points, targets } = chosen
  return { targets, customers: { ids: request.ids, points, map: mapHash } }
}

async function choose(
  vault: Vault,
  map: CustomerMap,
  { ids, point, points, to }: CustomersRequest,
  signal: AbortSignal,
): Promise<{ readonly points: readonly string[]; readonly targets: TargetRequest[] }> {
  const wanted = new Set(map.entities.map(({ source }) => source))
  const then = await (points === undefined
    ? findSourcesBeside(vault, { point, wanted }, signal)
    : findSourcesNamed(vault, points, signal))
  const now = await findSourcesAt(vault, { addresses: [], wanted }, signal)
  const held = await findOwned(map, then, { ids, signal })
  refuseBounded(ids, held)
  // At the newest points nothing has come since.
  const found = isOneMoment(then, now) ? held : await findOwnedNow(map, now, { held, ids, signal })
  const since = await listAttached(found, { held, sources: then }, signal)
  const scopes = new Map<string, RecordScope[]>()
  for (const { source, point: at } of then) {
    const known = new Set(at.entities.map(({ entity }) => entity))
    const records = [
      ...listRecords(held, source, 'at-point'),
      ...listRecords(since, source, 'since').filter(({ entity }) => known.has(entity)),
    ]
    if (records.length > 0) scopes.set(source, records)
  }
  const sources = [...scopes.keys()]
  const known = then.map(({ source }) => source)
  const targets = pairTargets({ point, to }, { known, needed: sources }).flatMap(
    ({ source, target }) => {
      const at = then.find((one) => one.source === source)
      const records = scopes.get(source)
      if (at === undefined || records === undefined) return []
      const scope = { kind: 'records' as const, records }
      return [{ point: formatPoint(source, at.point), target, scope }]
    },
  )
  if (targets.length === 0) throw nothingThere({ ids, point }, sources)
  return { points: then.map(({ point, source }) => formatPoint(source, point)), targets }
}

function isOneMoment(then: readonly SourceAt[], now: readonly SourceAt[]): boolean {
  const points = new Set(then.map(({ point, source }) => formatPoint(source, point)))
  return (
    then.length === now.length && now.every((at) => points.has(formatPoint(at.source, at.point)))
  )
}

/**
 * What hangs on parties that were the customer's at the point, and on what came to them since. Two
 * customers that seem to be one only now, perhaps by the very damage, stay two; so does what came to a
 * record that was somebody else's then. What the customer has at both moments is put back, and is not
 * among it.
 */
async function listAttached(
  { records }: Pick<Closure, 'records'>,
  { held, sources }: { readonly held: Closure; readonly sources: readonly SourceAt[] },
  signal: AbortSignal,
): Promise<Pick<Closure, 'records'>> {
  const owned = new Set(held.records.filter(isOwned).map(nameOf))
  const judged = new Map<string, Promise<boolean>>()
  const isAttached = async (record: ClosureRecord): Promise<boolean> => {
    const { way } = record
    if (way.kind === 'root' || owned.has(nameOf(record))) return true
    if (way.kind !== 'child') return false
    if (owned.has(nameOf(way.of))) return true
    if (await isHeld(sources, way.of, signal)) return false
    return await judge(way.of)
  }
  const judge = (record: ClosureRecord): Promise<boolean> => {
    const name = nameOf(record)
    const found = judged.get(name) ?? isAttached(record)
    judged.set(name, found)
    return found
  }
  const attached: ClosureRecord[] = []
  for (const record of records) {
    if (!isOwned(record) || owned.has(nameOf(record))) continue
    if (await judge(record)) attached.push(record)
  }
  return { records: attached }
}

function nameOf({ entity: { map }, key }: ClosureRecord): string {
  return `${map.source}\t${map.entity}\t${key}`
}

/** Whether a record of now was there at the point. */
async function isHeld(
  sources: readonly SourceAt[],
  { entity: { map }, key }: ClosureRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const at = sources.find(({ source }) => source === map.source)
  if (at?.point.entities.some(({ entity }) => entity === map.entity) !== true) return false
  try {
    await findRecord(at.deps, entityAt(at.state, at.point, map.entity), key, signal)
    return true
  } catch (error) {
    if (!isAppError(error, 'history.record-unknown')) throw error
    return false
  }
}

function listRecords(
  { records }: Pick<Closure, 'records'>,
  source: string,
  seen: 'at-point' | 'since',
): RecordScope[] {
  return records.filter(isOwned).flatMap(({ entity: { map }, key }) => {
    return map.source === source ? [{ entity: map.entity, key, fields: null, seen }] : []
  })
}

/** What belongs to a customer, and is not only needed by it. */
export function isOwned({ way }: ClosureRecord): boolean {
  return way.kind !== 'needed'
}

type Asked = { readonly ids: readonly string[]; readonly signal: AbortSignal }

/** All customers in one walk, so that every entity is read for all of them at once. */
async function findOwned(
  map: CustomerMap,
  sources: readonly SourceAt[],
  { ids, signal }: Asked,
): Promise<Closure> {
  const laid = mapAt(map, sources)
  const sought = ids.map((text) => splitId(text, sources))
  const found = await findParties(laid, sought, signal)
  const roots = found.flatMap((parties) => parties.slice(0, 1))
  const closure = await findClosure(laid, roots, { bounds: boundsFor(map, ids.length), signal })
  for (const [i, { id }] of sought.entries()) refuseAmbiguous(id, found[i] ?? [], closure)
  refuseUnsettled(closure)
  return closure
}

/** What hangs today on the parties that were the customers' at the point, whatever number they bear. */
async function findOwnedNow(
  map: CustomerMap,
  sources: readonly SourceAt[],
  { held, ids, signal }: Asked & { readonly held: Closure },
): Promise<Pick<Closure, 'records'>> {
  const laid = mapAt(map, sources)
  const roots = await findAgain(laid, held, signal)
  return await findClosure(laid, roots, { bounds: boundsFor(map, ids.length), signal })
}

/** Those of the map are for one customer. */
export function boundsFor({ bounds }: CustomerMap, customers: number): CustomerMap['bounds'] {
  return { ...bounds, rowsMax: bounds.rowsMax * Math.max(1, customers) }
}

/** `crm=500042` is the number in one system; one that no source bears is a number as it stands. */
function splitId(text: string, sources: readonly SourceAt[]) {
  const equals = text.indexOf('=')
  const source = text.slice(0, Math.max(0, equals))
  if (!sources.some((one) => one.source === source)) return { id: text, source: undefined }
  return { id: text.slice(equals + 1), source }
}

/** One source at its point and the others at the moment of it, as far as they had begun by then. */
async function findSourcesBeside(
  vault: Vault,
  { point, wanted }: { readonly point: string; readonly wanted: Set<string> },
  signal: AbortSignal,
): Promise<SourceAt[]> {
  if (parsePointAddress(point).source === null) {
    return await findSourcesAt(vault, { addresses: [point], wanted }, signal)
  }
  const { point: own, source } = await findPoint(vault, point, signal)
  const time = own.transaction?.time ?? own.body.cut.time
  const found: SourceAt[] = []
  for (const name of wanted) {
    const address = name === source ? formatPoint(source, own) : `@${time}`
    const asked = { addresses: [address], wanted: new Set([name]) }
    try {
      found.push(...(await findSourcesAt(vault, asked, signal)))
    } catch (error) {
      if (name === source || !isAppError(error, 'timeline.point-unknown')) throw error
    }
  }
  return found
}

async function findSourcesNamed(
  vault: Vault,
  points: readonly string[],
  signal: AbortSignal,
): Promise<SourceAt[]> {
  const names = points.map((point) => parsePointAddress(point).source ?? '')
  return await findSourcesAt(vault, { addresses: points, wanted: new Set(names) }, signal)
}

function nothingThere(
  { ids, point }: Pick<CustomersRequest, 'ids' | 'point'>,
  sources: readonly string[],
): AppError {
  const others = sources.toSorted().join(', ')
  const message = `Cannot restore customer ${ids.join(', ')}: found nothing of it at ${point}, only in ${others}`
  return new AppError('app.customer-elsewhere', message, { ids })
}

/** @throws app.customer-unsettled: putting back what may be another customer's would be a guess */
function refuseUnsettled({ barred }: Closure): void {
  const first = barred.find(({ isSettled }) => !isSettled)
  if (first === undefined) return
  const [of, from, party] = [first.of, first.from, first.party].map(({ entity, key }) => {
    return `${formatPlace(entity.map)} ${key}`
  })
  const message = `Cannot tell which customer ${of} is: found ${from} and ${party}, which are decided to be apart`
  throw new AppError('app.customer-unsettled', message)
}

/** @throws app.customer-bounded: a part of a customer is no customer */
export function refuseBounded(
  ids: readonly string[],
  { bounded, isWhole, records }: Closure,
): void {
  const [first] = bounded.filter(({ link }) => link.kind !== 'reference')
  if (isWhole && first === undefined) return
  const found =
    first === undefined
      ? `the customer map allows ${records.length} records and there are more`
      : `line ${first.link.line} of the customer map leads to ${first.found} records and ${first.taken} are allowed`
  const message = `Cannot restore customer ${ids.join(', ')} with everything attached: ${found}`
  throw new AppError('app.customer-bounded', message, { ids })
}
