import { type EntityAt, entityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { decodeRowText, parseField, parseLargeMarker, splitRow } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import { AppError } from '#stdx/app-error'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { CompareDeps } from './compare-target.ts'
import { ASK, DEFAULT_CLASS, type Policies } from './policy.ts'
import type { Conflict, ContestedValue } from './restore-plan.ts'
import type { JudgedField, Outcome } from './three-way/judge-three-ways.ts'
import { type FoundConflict, ThreeWays } from './three-way/three-ways.ts'

/** What a restore takes into account beside the point and the target. */
export type ThreeWayRequest = {
  /** The newest point of the source, where the target is that source; `null`: two ways. */
  readonly captured: Point | null
  readonly policies: Policies
  /** Tells a version's moment; asked about every record that history knows a change of. */
  readonly tellSince: (stamp: Stamp) => Promise<KnownSince>
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
  /** Records that name something which is not there, and whose reference is not put back. */
  readonly emptied?: number
}

/** `skip`: it is left as it is. `fields`: what is meant, `null` for all of them. */
export type Decision = {
  readonly op: 'write' | 'skip' | 'conflict'
  readonly fields: readonly string[] | null
  /** What is known of the record, for the plan. */
  readonly notes: Readonly<Record<string, unknown>>
}

/** When something became what it is, in the words of `history`. */
export type KnownSince = {
  readonly point: string
  readonly time: string
  readonly transaction?: string
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
  readonly #tellSince: ThreeWayRequest['tellSince']
  #stay = 0
  #emptied = 0
  #conflicts = 0

  constructor(deps: CompareDeps, { at, request, told }: DecisionsInput, signal: AbortSignal) {
    const { captured, classes, policies, tellSince } = request.threeWays ?? TWO_WAYS
    const { entity } = at.schema
    const classByField = classes.get(entity)
    this.#schema = at.schema
    this.#classOf = (field) => classByField?.get(field) ?? DEFAULT_CLASS
    this.#told = told
    this.#tellSince = tellSince
    const rules = { policies, classOf: this.#classOf }
    const newest = captured && findCaptured(request, captured, at)
    this.#judge = new ThreeWays(deps, { at, captured: newest, rules }, signal)
  }

  /**
   * What becomes of a record. Records have to come in key order.
   * @throws restore.conflicts-many
   */
  async decide(pair: RecordPair, wanted: readonly string[] | null): Promise<Decision> {
    const { conflict, fields, left, outcome, since } = await this.#judge.judge(pair, wanted)
    const notes: Record<string, unknown> = {}
    if (since !== null) notes['since'] = await this.#tellSince(since)
    if (conflict !== null) notes['conflict'] = this.#tell(pair, conflict, outcome)
    if (left.length > 0) notes['stay'] = left
    const isWhole = left.length === 0
    if (outcome === 'write' && isWhole) return { op: 'write', fields: fields ?? wanted, notes }
    if (outcome === 'ask') this.#conflicts += 1
    else this.#stay += 1
    this.#left.set(Buffer.from(pair.key).toString('hex'), isWhole ? null : left)
    if (this.#left.size > LEFT_MAX) throw manyLeft(this.#schema.entity)
    const op = outcome === 'ask' ? 'conflict' : outcome === 'stay' ? 'skip' : 'write'
    return { op, fields: op === 'write' ? fields : wanted, notes }
  }

  /** Fields of a record that name what is not there, and are not written as the point has them. */
  leave(key: Uint8Array, fields: readonly string[]): void {
    const hex = Buffer.from(key).toString('hex')
    this.#left.set(hex, [...(this.#left.get(hex) ?? []), ...fields])
    this.#emptied += 1
    if (this.#left.size > LEFT_MAX) throw manyLeft(this.#schema.entity)
  }

  totals(): DecisionTotals {
    const [stay, conflicts] = [this.#stay, this.#conflicts]
    return {
      left: this.#left,
      ...(stay > 0 && { stay }),
      ...(conflicts > 0 && { conflicts }),
      ...(this.#emptied > 0 && { emptied: this.#emptied }),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#judge[Symbol.asyncDispose]()
  }

  #tell(
    pair: RecordPair,
    { captured, fields, found }: FoundConflict,
    outcome: Outcome,
  ): Pick<Conflict, 'found' | 'values' | 'becomes'> {
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
    const told = { found, values, ...added }
    if (this.#told.length < LISTED_MAX)
      this.#told.push({ entity, key: address, fields: names, ...told })
    return told
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

const TWO_WAYS: ThreeWayRequest = {
  captured: null,
  policies: ASK,
  classes: new Map(),
  tellSince: ({ seq }) => Promise.resolve({ point: String(seq), time: '' }),
}

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
