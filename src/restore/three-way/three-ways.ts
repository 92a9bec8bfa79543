import { pairEntity } from '#history/diff-points'
import type { EntityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { scanFields } from '#record/project'
import type { SchemaVersion } from '#record/schema'
import type { Stamp } from '#record/stamp'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { CompareDeps } from '../compare-target.ts'
import type { ConflictKind } from '../judge-undo.ts'
import { PairWalk } from '../pair-walk.ts'
import { DEFAULT_CLASS, type Policies, type Policy, policyOf } from '../policy.ts'
import { type ComparableValues, openComparableValues } from '../same-in-fields.ts'
import { type JudgedField, judgeAdded, judgeThreeWays, type Outcome } from './judge-three-ways.ts'

/** What a record is judged by beside the point and the target. */
export type ThreeWayRules = {
  readonly policies: Policies
  /** The class of a field; of the class `default` where it is in none. */
  readonly classOf: (field: string) => string
}

/** What is done with a record that the target holds otherwise than the point. */
export type ThreeWayVerdict = {
  /** `write`: some of its fields are written, or it is deleted. `ask` wins over `write`. */
  readonly outcome: Outcome
  /** Fields that are written; `null`: all of them. Of no meaning where nothing is written. */
  readonly fields: readonly string[] | null
  /** Fields that differ and are left as the target has them. */
  readonly left: readonly string[]
  /** Where history tells another value than both the point and the target; `null`: nowhere. */
  readonly conflict: FoundConflict | null
  /** Since when the target's source has what was captured last; `null` where it is as at the point. */
  readonly since: Stamp | null
}

export type FoundConflict = {
  readonly found: ConflictKind
  /** Without fields where it is about deleting the record. */
  readonly fields: readonly JudgedField[]
  readonly captured: { readonly schema: SchemaVersion; readonly row: PairedRow } | null
}

const WRITE_ALL: ThreeWayVerdict = {
  outcome: 'write',
  fields: null,
  left: [],
  conflict: null,
  since: null,
}

/**
 * Judges the records of one entity three ways: as the point holds them, as they were captured last,
 * as the target holds them. Records have to come in key order; what was captured since the point is
 * read beside them, and costs what changed.
 *
 * Where the newest capture has another key than the point, or the target is another system than the
 * source, there are two ways: then all that differs was not seen to change.
 */
export class ThreeWays implements AsyncDisposable {
  readonly #rules: ThreeWayRules
  readonly #names: readonly string[]
  readonly #valuesOf: ComparableValues
  readonly #walk: PairWalk<unknown> | null
  readonly #captured: EntityAt | null
  /** For each field of the point, where the captured row has it; `null`: nowhere, or as another type. */
  readonly #places: readonly (number | null)[]
  readonly #isPlain: boolean

  constructor(
    { digestKey, read }: Pick<CompareDeps, 'digestKey' | 'read'>,
    { at, captured, rules }: ThreeWayInput,
    signal: AbortSignal,
  ) {
    const isComparable = captured !== null && hasSameKey(at.schema, captured.schema)
    this.#rules = rules
    this.#names = scanFields(at.schema)
    this.#valuesOf = openComparableValues(digestKey)
    this.#captured = isComparable ? captured : null
    this.#walk = isComparable
      ? new PairWalk(pairEntity(read, { left: at, right: captured }, signal))
      : null
    this.#places = isComparable ? placeFields(at.schema, captured.schema) : []
    const { byClass, default: fallback } = rules.policies
    const policies = [fallback, ...Object.values(byClass)]
    this.#isPlain = policies.every((policy) => policy === 'ours' || policy === 'ask')
  }

  /** @param picked the fields that are to be put back; `null`: all of them */
  async judge(pair: RecordPair, picked: readonly string[] | null): Promise<ThreeWayVerdict> {
    const change = await this.#walk?.moveTo(pair.key)
    if (change === undefined && this.#isPlain) return WRITE_ALL
    const { left: point, right: live } = pair
    if (live === null) return { ...WRITE_ALL, since: change?.since ?? null }
    // What is not among the changes is as it was at the point.
    const captured = change === undefined ? point : change.right
    return point === null
      ? this.#judgeAdded({ captured, live, since: change?.since ?? null })
      : this.#judgeFields({ captured, live, picked, point, since: change?.since ?? null })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#walk?.[Symbol.asyncDispose]()
  }

  #judgeAdded({ captured, live, since }: Omit<ThreeRows, 'point'>): ThreeWayVerdict {
    const values = captured && this.#alignCaptured(captured, this.#valuesOf(live))
    const policy = this.#policyOf(null)
    const judged = judgeAdded({ captured: values, live: this.#valuesOf(live) }, policy)
    const { outcome } = judged
    const isConflict = judged.since === 'conflict'
    const conflict = isConflict ? this.#formatConflict('changed', [], captured) : null
    return { outcome, fields: null, left: [], conflict, since }
  }

  #judgeFields({ captured, live, picked, point, since }: PickedRows): ThreeWayVerdict {
    const [ours, theirs] = [this.#valuesOf(point), this.#valuesOf(live)]
    const known =
      captured === point || captured === null
        ? captured && ours
        : this.#alignCaptured(captured, ours)
    const states = { point: ours, captured: known, live: theirs }
    const judged = judgeThreeWays(states, (index) => this.#policyOf(index)).filter(
      ({ index }) => picked === null || picked.includes(this.#nameOf(index)),
    )
    const writes = judged.filter(({ outcome }) => outcome === 'write')
    const others = judged.filter(({ outcome }) => outcome !== 'write')
    const contested = judged.filter((one) => one.since === 'conflict')
    const found = captured === null ? 'back' : 'changed'
    const isOpen = others.some(({ outcome }) => outcome === 'ask')
    return {
      outcome: isOpen ? 'ask' : writes.length === 0 ? 'stay' : 'write',
      fields: others.length === 0 ? picked : writes.map(({ index }) => this.#nameOf(index)),
      left: others.map(({ index }) => this.#nameOf(index)),
      conflict: contested.length === 0 ? null : this.#formatConflict(found, contested, captured),
      since,
    }
  }

  #formatConflict(
    found: ConflictKind,
    fields: readonly JudgedField[],
    row: PairedRow | null,
  ): FoundConflict {
    const { schema } = this.#captured ?? {}
    return { found, fields, captured: schema && row ? { schema, row } : null }
  }

  /** The captured values in the order of the point's fields; what cannot be compared is taken for unchanged. */
  #alignCaptured(row: PairedRow, fallback: readonly string[]): readonly string[] {
    const values = this.#valuesOf(row)
    return this.#places.map((place, i) => {
      return (place === null ? fallback[i] : values[place]) ?? ''
    })
  }

  #policyOf(index: number | null): Policy {
    const { classOf, policies } = this.#rules
    return policyOf(policies, index === null ? DEFAULT_CLASS : classOf(this.#nameOf(index)))
  }

  #nameOf(index: number): string {
    return this.#names[index] ?? ''
  }
}

export type ThreeWayInput = {
  readonly at: EntityAt
  /** The entity as it was captured last; `null`: two ways. */
  readonly captured: EntityAt | null
  readonly rules: ThreeWayRules
}

type ThreeRows = {
  readonly point: PairedRow
  readonly captured: PairedRow | null
  readonly live: PairedRow
  readonly since: Stamp | null
}
type PickedRows = ThreeRows & { readonly picked: readonly string[] | null }

function hasSameKey(a: SchemaVersion, b: SchemaVersion): boolean {
  if (a.key.kind === 'digest' || b.key.kind === 'digest')
    return a.key.kind === b.key.kind && a.layout === b.layout
  return formatCanonicalJson(keyFacts(a)) === formatCanonicalJson(keyFacts(b))
}

function keyFacts({ fields, key }: SchemaVersion) {
  if (key.kind === 'digest') return []
  return key.fieldIds.map((id, i) => {
    return [fields.find((one) => one.id === id)?.name ?? '', key.encodings[i] ?? '']
  })
}

/** A field is the same one by its id; of another layout by its name, if its values print alike. */
function placeFields(point: SchemaVersion, captured: SchemaVersion): (number | null)[] {
  const isOne = point.layout === captured.layout
  return point.fields.map(({ id, name, type }) => {
    const place = captured.fields.findIndex((one) =>
      isOne ? one.id === id : one.name === name && one.type === type,
    )
    return place < 0 ? null : place
  })
}
