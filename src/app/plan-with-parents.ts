import { type EntityAt, entityAt } from '#history/entity-at'
import { findRecord } from '#history/find-record'
import { viewKey } from '#history/pair-versions'
import { formatKeyAddress, formatKeyValues } from '#record/address'
import { keyIndexes, scanFields } from '#record/project'
import { decodeRowText, formatField, splitRow } from '#record/row-text'
import type { CompareDeps } from '#restore/compare-target'
import type { EmptiedReference } from '#restore/empty-references'
import { emptiable, type MissingRecord } from '#restore/needed-records'
import type { PlanLines } from '#restore/plan-lines'
import { type PlanningOptions, planRestore } from '#restore/plan-restore'
import type { PlanRequest, PreparedRestore } from '#restore/prepared-restore'
import type { RecordScope, RestorePlan, RestoreScope } from '#restore/restore-plan'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { AppError, isAppError } from '#stdx/app-error'

/**
 * What becomes of rows that need a record which the target lacks. `create`: it is put back from the
 * point, too, with what it needs itself. `null`: the reference is left empty where it may be.
 */
export type ParentPolicy = 'create' | 'null' | 'refuse'

/** How often parents of parents are looked for: a chain of so many is a fault of the data. */
const ROUNDS_MAX = 100

export type PlannedWithParents = { readonly prepared: PreparedRestore; readonly lines: PlanLines }

/**
 * Plans a restore and, as the policy says, again with what its rows need, until they need no more or
 * the rest cannot be had. What is still missing is in the plan.
 */
export async function planWithParents(
  compare: CompareDeps,
  { policy, ...asked }: PlanRequest & { readonly policy: ParentPolicy },
  { newLines, ...options }: Omit<PlanningOptions, 'lines'> & { readonly newLines: () => PlanLines },
): Promise<PlannedWithParents> {
  let request: PlanRequest = asked
  for (let round = 0; ; round++) {
    await using stack = new AsyncDisposableStack()
    const lines = stack.use(newLines())
    const prepared = stack.use(await planRestore(compare, request, { ...options, lines }))
    const missing = (prepared.plan.missing ?? []).filter(({ found }) => found === 'missing')
    const next =
      missing.length === 0 || policy === 'refuse' || round === ROUNDS_MAX
        ? null
        : policy === 'create'
          ? await addParents(compare, request, missing, options.signal)
          : emptyThem(request, missing)
    if (next === null) {
      stack.move()
      return { prepared, lines }
    }
    request = next
  }
}

/** @throws restore.parents-missing | restore.reference-closed */
export function refuseMissing({ missing = [], target }: RestorePlan): void {
  const [first] = missing
  if (first === undefined) return
  const lacking = missing.filter(({ found }) => found === 'missing')
  const isClosed = lacking.length === 0
  const named = (isClosed ? missing : lacking).slice(0, NAMED_MAX).map(nameOf).join(', ')
  const more = (isClosed ? missing : lacking).length - NAMED_MAX
  const rest = more > 0 ? ` and ${more} more` : ''
  const found = `rows to write need ${named}${rest}, which ${isClosed ? 'are closed' : 'are missing'}`
  const message = `Cannot restore into "${target}": ${found}`
  const code = isClosed ? 'restore.reference-closed' : 'restore.parents-missing'
  throw new AppError(code, message, { target, missing: missing.length })
}

const NAMED_MAX = 5

function nameOf({ entity, role, source, values }: MissingRecord): string {
  const before = [role, source].map((word) => (word === undefined ? '' : `${word} `)).join('')
  return `${before}${entity}:${values.join(',')}`
}

/** The same request with parents that the point holds; `null` when it holds no more of them. */
async function addParents(
  { read }: CompareDeps,
  request: PlanRequest,
  missing: readonly MissingRecord[],
  signal: AbortSignal,
): Promise<PlanRequest | null> {
  const { point, scope, state } = request
  const known = new Set(recordsOf(scope).map(({ entity, key }) => `${entity}:${key}`))
  const parents: RecordScope[] = []
  const own = missing.filter(({ source }) => source === undefined)
  const groups = Map.groupBy(own, ({ entity, fields }) => JSON.stringify([entity, fields]))
  for (const group of groups.values()) {
    const [first] = group
    if (first === undefined) continue
    const at = entityAt(state, point, first.entity)
    for (const key of await findKeys(read, at, group, signal)) {
      const address = formatKeyAddress(key, at.schema.key)
      if (known.has(`${first.entity}:${address}`)) continue
      known.add(`${first.entity}:${address}`)
      parents.push({ entity: first.entity, key: address, fields: null, seen: 'at-point' })
    }
  }
  if (parents.length === 0) return null
  if (scope.kind === 'all') return null
  return { ...request, scope: { ...scope, records: [...recordsOf(scope), ...parents] } }
}

function recordsOf(scope: RestoreScope): readonly RecordScope[] {
  return scope.kind === 'all' ? [] : (scope.records ?? [])
}

/** Keys of the records of the point that hold one of the values, all in the same fields. */
async function findKeys(
  read: CompareDeps['read'],
  at: EntityAt,
  group: readonly MissingRecord[],
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const fields = group[0]?.fields ?? []
  const { key } = at.schema
  const names = scanFields(at.schema)
  const places = keyIndexes(at.schema).map((index) => fields.indexOf(names[index] ?? ''))
  const isKey = key.kind === 'fields' && places.length === fields.length && !places.includes(-1)
  if (!isKey) return await scanKeys(read, at, { fields, group }, signal)
  const found: Uint8Array[] = []
  for (const { values } of group) {
    const ordered = places.map((place) => values[place] ?? '')
    try {
      const address = formatKeyValues(ordered, key.encodings)
      found.push((await findRecord(read, at, address, signal)).key)
    } catch (error) {
      const isUnknown = (['history.record-unknown', 'record.key-invalid'] as const).some((code) =>
        isAppError(error, code),
      )
      if (!isUnknown) throw error
    }
  }
  return found
}

/** The same for fields that are not the key: reads the entity whole. */
async function scanKeys(
  read: CompareDeps['read'],
  { asOf, schema, schemas, segments }: EntityAt,
  {
    fields,
    group,
  }: { readonly fields: readonly string[]; readonly group: readonly MissingRecord[] },
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const wanted = new Set(group.map(({ values }) => values.map(formatField).join('\t')))
  const names = scanFields(schema)
  const places = fields.map((field) => names.indexOf(field))
  const found: Uint8Array[] = []
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(read, options)) {
    for (let i = 0; i < batch.count; i++) {
      const texts = batch.rows === null ? [] : splitRow(decodeRowText(entryOf(batch.rows, i)))
      const joined = places.map((place) => texts[place] ?? '').join('\t')
      if (wanted.has(joined)) found.push(viewKey(batch, i).slice())
    }
  }
  return found
}

/** The same request with references emptied; `null` when none of them may be. */
function emptyThem(request: PlanRequest, missing: readonly MissingRecord[]): PlanRequest | null {
  const { point, state } = request
  const groups = Map.groupBy(missing, ({ neededBy: { by, entity, fields } }) =>
    JSON.stringify([by, entity, fields]),
  )
  const emptied = [...groups.values()].flatMap((group): EmptiedReference[] => {
    const [first] = group
    if (first === undefined) return []
    const { entity, fields, none = [], when = [] } = first.neededBy
    const empties = emptiable(entityAt(state, point, entity).schema, fields)
    if (empties.length === 0) return []
    const named = new Set(group.map(({ values }) => values.map(formatField).join('\t')))
    return [{ entity, fields, none, when, empties, named }]
  })
  if (emptied.length === 0) return null
  return { ...request, emptied: [...(request.emptied ?? []), ...emptied] }
}
