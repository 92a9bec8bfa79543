import { type EntityAt, entityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { AppError } from '#stdx/app-error'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { CompareDeps } from '../compare-target.ts'
import type { Conflict, ContestedValue } from '../restore-plan.ts'
import type { JudgedField, Outcome } from './judge-three-ways.ts'
import { ASK, DEFAULT_CLASS, type Policies } from './policy.ts'
import { type FoundConflict, ThreeWays } from './three-ways.ts'

/** What a restore takes into account beside the point and the target. */
export type ThreeWayRequest = {
  /** The newest point of the source, where the target is that source; `null`: two ways. */
  readonly captured: Point | null
  readonly policies: Policies
  /** Of each entity that has any: fields with the class that the customer map has them in. */
  readonly classes: ReadonlyMap<EntityName, ReadonlyMap<string, string>>
}

/** Fields by the record's key, in hex; `null`: the record, which the point does not hold. */
export type LeftRecords = ReadonlyMap<string, readonly string[] | null>

/** What is nought is left out. */
export type DecisionTotals = {
  readonly left: LeftRecords
  /** Records that a policy leaves as they are, in whole or in part. */
  readonly stay?: number
  /** Records that nobody has decided on. */
  readonly conflicts?: number
}

/** So many conflicts are listed in a plan, and so many records it can leave as they are. */
const LISTED_MAX = 1_000
const LEFT_MAX = 200_000

/** Decides record by record what a restore writes to one entity, and keeps what it leaves alone. */
export class RecordDecisions implements AsyncDisposable {
  readonly #schema: SchemaVersion
  readonly #classOf: (field: string) => string
  readonly #judge: ThreeWays
  readonly #told: Conflict[]
  readonly #left = new Map<string, readonly string[] | null>()
  #stay = 0
  #conflicts = 0

  constructor(deps: CompareDeps, { at, request, told }: DecisionsInput, signal: AbortSignal) {
    const { captured, classes, policies } = request.threeWays ?? TWO_WAYS
    const { entity } = at.schema
    const classByField = classes.get(entity)
    this.#schema = at.schema
    this.#classOf = (field) => classByField?.get(field) ?? DEFAULT_CLASS
    this.#told = told
    const rules = { policies, classOf: this.#classOf }
    const newest = captured && findCaptured(request, captured, at)
    this.#judge = new ThreeWays(deps, { at, captured: newest, rules }, signal)
  }

  /**
   * What is written of a record: these fields, `null` for all of them. Nothing where it is left as it is.
   * Records have to come in key order.
   * @throws restore.conflicts-many
   */
  async decide(
    pair: RecordPair,
    wanted: readonly string[] | null,
  ): Promise<{ readonly fields: readonly string[] | null } | null> {
    const { conflict, fields, left, outcome } = await this.#judge.judge(pair, wanted)
    if (conflict !== null) this.#tell(pair, conflict, outcome)
    const isWhole = left.length === 0
    if (outcome === 'write' && isWhole) return { fields: fields ?? wanted }
    if (outcome === 'ask') this.#conflicts += 1
    else this.#stay += 1
    this.#left.set(Buffer.from(pair.key).toString('hex'), isWhole ? null : left)
    if (this.#left.size > LEFT_MAX) throw manyLeft(this.#schema.entity)
    return outcome === 'write' ? { fields } : null
  }

  totals(): DecisionTotals {
    const [stay, conflicts] = [this.#stay, this.#conflicts]
    return { left: this.#left, ...(stay > 0 && { stay }), ...(conflicts > 0 && { conflicts }) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#judge[Symbol.asyncDispose]()
  }

  #tell(pair: RecordPair, { captured, fields, found }: FoundConflict, outcome: Outcome): void {
    if (this.#told.length >= LISTED_MAX) return
    const { entity, fields: known, key } = this.#schema
    const values = fields.map((judged): ContestedValue => {
      const field = known[judged.index]?.name ?? ''
      return {
        field,
        class: this.#classOf(field),
        ...showValue('point', this.#schema, pair.left, field),
        ...(captured && showValue('captured', captured.schema, captured.row, field)),
        ...showValue('live', this.#schema, pair.right, field),
        policy: judged.policy,
        becomes: sayOutcome(judged),
      }
    })
    const names = values.map(({ field }) => field)
    const address = formatKeyAddress(pair.key, key)
    const isAdded = pair.left === null
    const added = isAdded ? { becomes: sayOutcome({ outcome }) } : {}
    this.#told.push({ entity, key: address, found, fields: names, values, ...added })
  }
}

export type DecisionsInput = {
  readonly at: EntityAt
  readonly request: {
    readonly state: TimelineState
    readonly point: Point
    readonly threeWays?: ThreeWayRequest
  }
  /** Conflicts of the plan so far; those that are found are added. */
  readonly told: Conflict[]
}

const TWO_WAYS: ThreeWayRequest = { captured: null, policies: ASK, classes: new Map() }

/** Where the point is the newest there is nothing that happened since. */
function findCaptured(
  { point, state }: DecisionsInput['request'],
  captured: Point,
  { schema }: EntityAt,
): EntityAt | null {
  const isNewest = captured.seq === point.seq && captured.asOf.ordinal === point.asOf.ordinal
  if (isNewest || captured.factsOf(schema.entity) === undefined) return null
  return entityAt(state, captured, schema.entity)
}

function sayOutcome({ outcome }: Pick<JudgedField, 'outcome'>): ContestedValue['becomes'] {
  if (outcome === 'ask') return 'open'
  return outcome === 'write' ? 'point' : 'live'
}

/** What a row holds in a field; nothing of a large value, which the vault or the target can show. */
function showValue<Name extends string>(
  name: Name,
  { fields }: SchemaVersion,
  row: PairedRow | null,
  field: string,
): { readonly [key in Name]?: string | null } {
  const index = fields.findIndex((one) => one.name === field)
  const text = row && splitRow(decodeRowText(row.row))[index]
  const shown: { [key in Name]?: string | null } = {}
  if (typeof text !== 'string' || parseLargeMarker(text) !== undefined) return shown
  shown[name] = parseField(text)
  return shown
}

function manyLeft(entity: EntityName): AppError {
  const found = `more than ${LEFT_MAX} of its records would be left as they are`
  const message = `Cannot plan the restore of "${entity}": ${found}`
  return new AppError('restore.conflicts-many', message, { entity })
}
