import type { CustomerMap } from '#customer/customer-map'
import { isSameSystem, type SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import { formatStamp, stampOf } from '#record/stamp'
import { parsePolicies } from '#restore/policy'
import type { KnownSince, ThreeWayRequest } from '#restore/record-decisions'
import type { RestorePlan } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { Transaction } from '#timeline/entry'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import type { FoundPoint } from '../points/find-point.ts'
import { readMap } from '../read-map.ts'

/**
 * What a restore is judged by beside the point and the target: what was captured last, where the
 * target is the source itself, and who wins.
 *
 * @throws restore.policy-invalid | app.class-unknown, and as `readMap` where a policy names a class
 */
export async function readThreeWays(
  deps: Pick<Context, 'configPath'>,
  vault: Vault,
  {
    found: { source, state },
    identity,
    map,
    mapFile,
    onConflict,
  }: {
    readonly found: FoundPoint
    /** Of the target. */
    readonly identity: SourceIdentity
    /** Where there is one: a plan tells the classes of what somebody has to decide. */
    readonly map: CustomerMap | undefined
    readonly mapFile: string | undefined
    readonly onConflict: readonly string[]
  },
  signal: AbortSignal,
): Promise<ThreeWayRequest> {
  const policies = parsePolicies(onConflict)
  const newest = state.points.at(-1)
  const isSource = newest !== undefined && isSameSystem(newest.cut.identity, identity)
  const captured = isSource ? newest : null
  const named = Object.keys(policies.byClass)
  const tellSince = openSince(vault, state, signal)
  if (named.length > 0) {
    const asked = await readMap(deps, vault, mapFile, signal)
    for (const name of named) refuseUnknownClass(asked.map, asked.label, name)
  }
  const classes = map === undefined ? new Map() : classesOf(map, source)
  return { captured, policies, tellSince, classes }
}

/** Most records that differ were changed together: moments are looked up once. */
function openSince(
  vault: Vault,
  { points, source }: TimelineState,
  signal: AbortSignal,
): ThreeWayRequest['tellSince'] {
  const told = new Map<string, KnownSince>()
  let read: { readonly seq: number; readonly transactions: readonly Transaction[] } | undefined
  return async ({ ordinal, seq }) => {
    // What lies between two points is there at the later one.
    const point = points.bySeq(seq) ?? points.after(seq)
    const isFed = point?.seq === seq && point.body.follow?.part === 'transactions'
    const stamp = stampOf({ seq: point?.seq ?? seq, ordinal: isFed ? ordinal : null })
    const address = `${source}@${formatStamp(stamp)}`
    const known = told.get(address)
    if (known !== undefined) return known
    if (isFed && read?.seq !== seq)
      read = { seq, transactions: await vault.readTransactions(source, point.body, signal) }
    const transaction = isFed ? read?.transactions[ordinal - 1] : undefined
    const since: KnownSince = {
      point: address,
      time: transaction?.time ?? point?.cut.time ?? '',
      ...(transaction && { transaction: transaction.transaction }),
    }
    if (told.size >= MOMENTS_MAX) told.clear()
    told.set(address, since)
    return since
  }
}

const MOMENTS_MAX = 10_000

/** Fields of a source's entities with their class. */
function classesOf({ entities }: CustomerMap, source: string): ThreeWayRequest['classes'] {
  const own = entities.filter((one) => one.source === source && one.classes.size > 0)
  return new Map<EntityName, ReadonlyMap<string, string>>(
    own.map(({ classes, entity }) => {
      const pairs = [...classes].flatMap(([name, fields]) =>
        fields.map((field) => [field, name] as const),
      )
      return [entity, new Map(pairs)]
    }),
  )
}

function refuseUnknownClass({ entities }: CustomerMap, label: string, name: string): void {
  const known = [...new Set(entities.flatMap(({ classes }) => [...classes.keys()]))]
  if (known.includes(name)) return
  const has = known.length === 0 ? 'no classes of fields' : `the classes ${known.join(', ')}`
  const found = `${label} has ${has}${didYouMean(name, known)}`
  const message = `Cannot decide conflicts of class "${name}": ${found}`
  throw new AppError('app.class-unknown', message, { name, known })
}

/** @throws restore.period-closed */
export function refuseClosedPeriods({ adjusting, target }: RestorePlan): void {
  if (adjusting === undefined) return
  const { records } = adjusting
  const found = `it would change ${records === 1 ? '1 record' : `${records} records`} of closed periods`
  const message = `Cannot restore into "${target}": ${found}, which adjusting entries have to do`
  throw new AppError('restore.period-closed', message, { target, records })
}

/** @throws restore.conflicts: somebody has to decide */
export function refuseOpenConflicts({ steps, target }: RestorePlan): never {
  const open = steps.reduce((sum, { conflicts = 0 }) => sum + conflicts, 0)
  const records = open === 1 ? '1 record was' : `${open} records were`
  const found = `${records} changed there since the last capture, and before it since the point`
  const message = `Cannot restore into "${target}": ${found}; nobody has decided which value is right`
  throw new AppError('restore.conflicts', message, { target, conflicts: open })
}
