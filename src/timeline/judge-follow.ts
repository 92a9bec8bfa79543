import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { CaptureBody, EntityAtPoint, Follow } from './entry.ts'
import { judgeTransactions } from './judge-transactions.ts'
import type { Gap } from './timeline-state.ts'

/** What is known before an entry of a feed. */
export type FollowedSoFar = {
  readonly source: string
  /** The newest point, and the newest scan; the same where no feed told anything since. */
  readonly newest: CaptureBody | undefined
  readonly scan: { readonly seq: number; readonly body: CaptureBody } | undefined
  readonly gaps: readonly Gap[]
  readonly schemas: ReadonlyMap<EntityName, readonly SchemaVersion[]>
}

/**
 * Why what a capture says of a feed does not hold together with what came before; `undefined` when it
 * does. Nothing of it is believed because its author says so: a point that rests on two entries is
 * one only if the two fit. Pure.
 */
export function judgeFollow(before: FollowedSoFar, body: CaptureBody): string | undefined {
  const { follow } = body
  if (follow === undefined) return undefined
  if (follow.part === 'transactions') return judgeTold(before, body, follow)
  if (follow.scan === null && follow.transactions === null) return undefined
  return 'a scan rests on no other scan and tells no transactions'
}

function judgeTold(before: FollowedSoFar, body: CaptureBody, follow: Follow): string | undefined {
  const { gaps, newest, scan } = before
  if (scan === undefined || newest === undefined) return 'there is no scan that it could go on from'
  if (follow.scan !== scan.seq) {
    return `it goes on from scan ${follow.scan ?? 'none'}, the newest is ${scan.seq}`
  }
  if (newest.follow?.feed !== follow.feed) {
    return `feed "${follow.feed}" does not begin at the newest point`
  }
  if (gaps.some(({ entities, until }) => entities === null && until === null)) {
    return 'what came before it is not known, a scan has to come first'
  }
  const { catalogue, leftOut, sequences } = body
  if (catalogue !== null || leftOut.length > 0 || Object.keys(sequences).length > 0) {
    return 'it says of the catalogue what only a scan can say'
  }
  return judgeEntities(before, body, scan.body) ?? judgeTable(before.source, body, follow)
}

/** Every entity is one of the scan's, none that was told of before is forgotten, rows add up. */
function judgeEntities(
  { newest, schemas }: FollowedSoFar,
  body: CaptureBody,
  scan: CaptureBody,
): string | undefined {
  const told = newest?.follow?.part === 'transactions' ? newest.entities : []
  const toldByEntity = new Map(told.map((one) => [one.entity, one]))
  const listed = new Set(body.entities.map(({ entity }) => entity))
  if (listed.size !== body.entities.length) return 'it lists an entity twice'
  const forgotten = told.find(({ entity }) => !listed.has(entity))
  if (forgotten !== undefined) return `it forgets "${forgotten.entity}"`
  for (const facts of body.entities) {
    const { entity } = facts
    const known = toldByEntity.get(entity) ?? scan.entities.find((one) => one.entity === entity)
    if (known === undefined) return `the scan that it goes on from does not hold "${entity}"`
    const refusal = judgeFacts(known, facts, [...(schemas.get(entity) ?? []), ...body.schemas])
    if (refusal !== undefined) return refusal
  }
  const other = [...body.segments, ...body.schemas].find(({ entity }) => !listed.has(entity))
  return other && `it changes "${other.entity}" without listing it`
}

function judgeFacts(
  known: EntityAtPoint,
  { deleted, entity, generation, inserted, rows, schema }: EntityAtPoint,
  schemas: readonly SchemaVersion[],
): string | undefined {
  if (rows !== known.rows + inserted - deleted) return `the rows of "${entity}" do not add up`
  if (generation < known.generation) return `"${entity}" is of an earlier generation than before`
  const named = schemas.find((one) => one.entity === entity && one.version === schema)
  if (named?.generation === generation) return undefined
  return `"${entity}" is under a schema version that is not there`
}

function judgeTable(source: string, body: CaptureBody, follow: Follow): string | undefined {
  const { transactions } = follow
  if (transactions === null) return 'it tells no transactions'
  const { list, table } = transactions
  if ((list === null) === (table === null)) {
    return 'its transactions are neither in the entry nor in one object'
  }
  if (list !== null) return judgeTransactions(body, list)
  if (table?.name === tableNameOf(source, body.session)) return undefined
  return `it names "${table?.name}", which is none of its objects`
}

/** Where the transactions of a session's entry lie when they are not in it. */
export function tableNameOf(source: string, session: string): string {
  return `segments/${source}/${session}/0.transactions`
}
