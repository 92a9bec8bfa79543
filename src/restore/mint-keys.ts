import type { NextKey, SourceCut } from '#connector/connector'
import { entityAt } from '#history/entity-at'
import type { PickedKeys } from '#history/picked-keys'
import { formatKeyValues } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { Catalogue, SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import { formatPoint } from '#timeline/format-point'
import type { CompareDeps } from './compare-target.ts'
import type { CrosswalkLine } from './crosswalk.ts'
import { findMoved, type MovedRecord } from './find-moved.ts'
import {
  type GatheredKeys,
  type GatherRequest,
  gatherKeys,
  type PickedKey,
  parseKeys,
} from './gather-keys.ts'
import { isMinted, type KeyPolicies, keyPolicyOf } from './key-policy.ts'
import {
  type FindTargetKey,
  findKeyReferences,
  hasNumberKey,
  type KeyedEntities,
  type KeyRules,
  type KeysElsewhere,
} from './key-references.ts'
import { openMintedRows } from './minted-rows.ts'
import { refuseUnreadable } from './refuse-unreadable.ts'
import type { RecordScope, RestoreScope } from './restore-plan.ts'
import type { OtherRows } from './row-mask.ts'

export type MintRequest = GatherRequest & KeyRules

/** What is put back once the target numbers it. */
export type MintedKeys = {
  /** Single records by the keys that they have in the target, with those that come along. */
  readonly scope: RestoreScope
  readonly rows: OtherRows
  readonly lines: readonly CrosswalkLine[]
  /** Of each entity that gets new records, the highest of their numbers. */
  readonly numbers: ReadonlyMap<EntityName, bigint>
  /** What others of the same restore may name. */
  readonly keys: KeysElsewhere
  /** Records that go on in the rows of earlier ones, which are gone. */
  readonly moved: readonly MovedRecord[]
}

export type MintOptions = {
  readonly catalogue: Catalogue
  readonly cut: Pick<SourceCut, 'readNextKey' | 'scan'>
  readonly signal: AbortSignal
}

/**
 * Gives what is put back keys of the target's own: those that it was given before, or else the next
 * numbers, in the order of the keys at the point. So another plan gives the same as long as the target's
 * counter stands where it stood.
 *
 * @throws restore.key-unmintable | restore.keys-moved | connector.denied, and as `gatherKeys`
 */
export async function mintKeys(
  deps: CompareDeps,
  request: MintRequest,
  { catalogue, cut, signal }: MintOptions,
): Promise<MintedKeys> {
  const { known, missing, point, policies, scope, state, wanted } = request
  const schemas = point.entities.map(({ entity }) => entityAt(state, point, entity).schema)
  const keyed = findKeyReferences(schemas, request)
  for (const entity of wanted) {
    const schema = schemas.find((one) => one.entity === entity)
    if (schema !== undefined) refuseUnmintable(keyed, schema, policies)
  }
  const gathered = await gatherKeys(deps, { ...request, keyed }, signal)
  const { source } = state
  const minted = new Map<EntityName, ReadonlyMap<string, string>>()
  const numbers = new Map<EntityName, bigint>()
  const lines: CrosswalkLine[] = []
  const looking = { state, point, keyed, known, fresh: gathered.fresh }
  const moved = await findMoved(deps, looking, { catalogue, cut, signal })
  refuseMoved(moved, request)
  for (const [entity, all] of gathered.fresh) {
    const own = new Map(
      moved.flatMap((one) => (one.entity === entity ? [[one.key, one.targetKey]] : [])),
    )
    for (const [key, targetKey] of own)
      lines.push({ source, entity, key, targetEntity: entity, targetKey })
    minted.set(entity, own)
    const olds = all.difference(own)
    if (olds.size === 0) continue
    const first = await readNextKey(entity, { catalogue, cut, target: request.target })
    // What comes along to be put back was found later.
    const ordered = [...olds].sort((a, b) => compareNumbers(BigInt(a), BigInt(b)))
    const given = giveNumbers(ordered, first)
    minted.set(entity, new Map([...own, ...given.byOld]))
    numbers.set(entity, given.last)
    for (const [key, targetKey] of given.byOld)
      lines.push({ source, entity, key, targetEntity: entity, targetKey })
  }
  const find: FindTargetKey = (entity, key) =>
    minted.get(entity)?.get(key) ?? known.find({ source, entity, key }, entity)?.targetKey
  const picked = listPicked(gathered, keyed)
  const rows = openMintedRows(deps, { find, isEmptied: missing === 'null', keyed, picked })
  const renamed = renameScope(scope, gathered, { find, keyed })
  return { scope: renamed, rows, lines, numbers, keys: { source, keyed, find }, moved }
}

/** What has to be read of entities of which single records are put back under other keys. */
function listPicked(
  { records, whole }: GatheredKeys,
  keyed: KeyedEntities,
): ReadonlyMap<EntityName, PickedKeys> {
  const picked = new Map<EntityName, PickedKeys>()
  for (const [entity, own] of records) {
    const schema = keyed.get(entity)?.schema
    if (schema !== undefined && !whole.has(entity))
      picked.set(entity, parseKeys(own.keys(), schema.key))
  }
  return picked
}

const NAMED_MAX = 5

/** Whether it is the same record, only a person knows: a value that became free may be another's. */
function refuseMoved(
  moved: readonly MovedRecord[],
  { point, policies, state, target }: MintRequest,
): void {
  const unsaid = moved.filter(({ entity }) => keyPolicyOf(policies, entity) !== 'mint-moved')
  if (unsaid.length === 0) return
  const names = unsaid.slice(0, NAMED_MAX).map(({ earlier, entity, fields, key, targetKey }) => {
    const carries = `${entity}:${key} carries the ${fields.join(', ')} of ${entity}:${targetKey}`
    return `${carries}, which ${entity}:${earlier} became`
  })
  const more = unsaid.length > NAMED_MAX ? ` and ${unsaid.length - NAMED_MAX} more` : ''
  const entities = [...new Set(unsaid.map(({ entity }) => entity))]
  const follow = entities.map((entity) => `--keys ${entity}=mint-moved`).join(' ')
  const gone = `${unsaid.length === 1 ? 'that is' : 'those are'} gone at ${formatPoint(state.source, point)}`
  const found = `${names.join('; ')}${more}; ${gone}`
  const message = `Cannot give new keys in "${target}": ${found}, need ${follow} where it is the same record`
  throw new AppError('restore.keys-moved', message, { target, entities, moved: unsaid.length })
}

/** Said before anything is read. */
function refuseUnmintable(
  keyed: KeyedEntities,
  schema: SchemaVersion,
  policies: KeyPolicies,
): void {
  const { entity } = schema
  if (!isMinted(policies, entity)) return
  const one = keyed.get(entity)
  if (one !== undefined && one.minted !== null) return
  // What is told by the keys of others follows them, as the lines of an invoice do.
  if (one?.isKeyChanged === true && !policies.byEntity.has(entity)) return
  const found = hasNumberKey(schema)
    ? 'its key is that of another record, and follows it'
    : 'its key is not a single whole number'
  throw unmintable(entity, found)
}

/** @throws restore.key-unmintable where the target does not number records of the entity */
export async function readNextKey(
  entity: EntityName,
  { catalogue, cut, target }: Omit<MintOptions, 'signal'> & { readonly target: string },
): Promise<NextKey> {
  const described = catalogue.entities.find((one) => one.entity === entity)
  if (described === undefined) throw unmintable(entity, `"${target}" does not have the table`)
  refuseUnreadable(described)
  const next = await cut.readNextKey?.(described)
  if (next === undefined || next === null)
    throw unmintable(entity, `"${target}" gives its records no numbers by itself`)
  return next
}

/** One after the other, in the order in which they are given. */
export function giveNumbers(olds: Iterable<string>, { next, step }: NextKey) {
  const byOld = new Map<string, string>()
  let number = next - step
  for (const old of olds) {
    number += step
    byOld.set(old, String(number))
  }
  return { byOld, last: number }
}

function compareNumbers(a: bigint, b: bigint): number {
  return a === b ? 0 : a < b ? -1 : 1
}

type Renaming = { readonly find: FindTargetKey; readonly keyed: KeyedEntities }

/** Records whose keys change under those that they get; what came after the point has none there. */
function renameScope(
  scope: RestoreScope,
  { records }: GatheredKeys,
  { find, keyed }: Renaming,
): RestoreScope {
  if (scope.kind === 'all') return scope
  const isChanged = (entity: EntityName) => keyed.get(entity)?.isKeyChanged === true
  const stay = (scope.records ?? []).filter(
    ({ entity, seen }) => !isChanged(entity) && !(seen === 'since' && keyed.has(entity)),
  )
  const renamed = [...records].flatMap(([entity, picked]) =>
    [...picked.values()].map((one) => renameRecord(keyed, entity, one, find)),
  )
  return { ...scope, records: [...stay, ...renamed] }
}

function renameRecord(
  keyed: KeyedEntities,
  entity: EntityName,
  { named, record, values }: PickedKey,
  find: FindTargetKey,
): RecordScope {
  const key = keyed.get(entity)?.schema.key
  const encodings = key?.kind === 'fields' ? key.encodings : []
  const renamed = values.map((value, i) => {
    const one = named[i] ?? null
    return one === null ? value : ((one.find ?? find)(one.to, one.number) ?? value)
  })
  return { ...record, key: formatKeyValues(renamed, encodings), seen: 'at-point' }
}

function unmintable(entity: EntityName, found: string): AppError {
  const message = `Cannot give records of "${entity}" new keys: ${found}`
  return new AppError('restore.key-unmintable', message, { entity })
}
