import { type RecordFields, readRecordFields } from '#history/record-fields'
import { parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { CompareDeps } from '#restore/compare-target'
import { PairWalk } from '#restore/pair-walk'
import { pairWritten } from '#restore/restored-records'
import { isAppError } from '#stdx/app-error'
import type { BegunFact } from '#timeline/fold-facts'
import { listRolledBack } from '#timeline/open-restores'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { Context } from '../context.ts'
import { openCompareDeps } from '../live/compare-deps.ts'
import { findRestored, readRestoredEntity } from '../points/read-restored.ts'
import { restoresIfAny } from './restores-if-any.ts'

export type TagDeps = Pick<Context, 'progress' | 'random' | 'readConfig'>

/** A state of a record, and between which moments it came about. */
export type Written = {
  readonly entity: EntityName
  /** The key's address. */
  readonly key: string
  /** `null`: it was deleted. */
  readonly fields: RecordFields | null
  /** By the clock of the source, ISO 8601. */
  readonly sinceTime: string
  /** When the point that holds it was committed, by the clock of whoever did, ISO 8601. */
  readonly keptTime: string
}

/** Clocks of a source and of whoever restores may be apart by so much. */
const CLOCKS_APART_MS = 5 * 60_000

/** A pre-image that is gone or damaged tells nothing; `check` says so. */
const UNTOLD = [
  'app.undo-point-gone',
  'restore.pre-image-invalid',
  'vault.document-damaged',
] as const

/** Ended, if it has, at `endMs`. */
type Candidate = { readonly begun: BegunFact; readonly startMs: number; readonly endMs: number }

type Opened = { readonly schema: SchemaVersion; readonly walk: PairWalk<void> }

/**
 * Tells which states of records a restore made: those of the system that it wrote to, from about the
 * time of it, that are as a whole what it left. A record that somebody else changed as well, before
 * it was captured, is not told to be a restore's.
 *
 * Holds what a walk through each pre-image holds; records of one entity are asked for in key order.
 */
export class RestoreTags implements AsyncDisposable {
  readonly #compare: CompareDeps
  readonly #vault: Vault
  readonly #candidates: readonly Candidate[]
  readonly #stack = new AsyncDisposableStack()
  readonly #opened = new Map<string, Opened | null>()

  private constructor(compare: CompareDeps, vault: Vault, candidates: readonly Candidate[]) {
    this.#compare = compare
    this.#vault = vault
    this.#candidates = candidates
  }

  /** `undefined` when no restore ever wrote to the source. */
  static async open(
    deps: TagDeps,
    vault: Vault,
    { points, source }: Pick<TimelineState, 'points' | 'source'>,
    signal: AbortSignal,
  ): Promise<RestoreTags | undefined> {
    const identity = points.at(-1)?.body.cut.identity
    const { begun, restores } = await restoresIfAny(vault, signal)
    const refused = listRolledBack({ restores })
    const own = begun.filter(
      ({ body }) =>
        body.identity.system === identity?.system &&
        body.identity.database === identity.database &&
        !refused.has(body.restore),
    )
    if (own.length === 0) return undefined
    const endOf = new Map(restores.map(({ body, time }) => [body.restore, Date.parse(time)]))
    const candidates = own.map((one) => {
      const endMs = endOf.get(one.body.restore) ?? Number.POSITIVE_INFINITY
      return { begun: one, startMs: Date.parse(one.time), endMs }
    })
    const compare = await openCompareDeps(deps, vault, source, signal)
    return new RestoreTags(compare, vault, candidates.toReversed())
  }

  /** The id of the newest restore that made it so. */
  async find(written: Written, signal: AbortSignal): Promise<string | undefined> {
    for (const candidate of this.#candidates) {
      const { body } = candidate.begun
      const wrote = body.entities.some(({ entity }) => entity === written.entity)
      if (!wrote || !isAbout(candidate, written)) continue
      if (await this.#hasMade(candidate.begun, written, signal)) return body.restore
    }
    return undefined
  }

  async #hasMade(
    begun: BegunFact,
    { entity, fields, key }: Written,
    signal: AbortSignal,
  ): Promise<boolean> {
    const name = `${begun.body.restore}\t${entity}`
    const opened = this.#opened.get(name) ?? (await this.#open(begun, entity, signal))
    this.#opened.set(name, opened)
    if (opened === null) return false
    const { schema, walk } = opened
    const bytes = parseIfFits(key, schema)
    const pair = bytes && (await walk.moveTo(bytes))
    if (pair === undefined) return false
    if (pair.right === null || fields === null) return pair.right === null && fields === null
    return isEqual(fields, await readRecordFields(this.#compare.read, schema, pair.right, signal))
  }

  /** `null` where it cannot be told what it wrote. */
  async #open(begun: BegunFact, entity: EntityName, signal: AbortSignal): Promise<Opened | null> {
    const deps = { compare: this.#compare, vault: this.#vault, stack: this.#stack }
    try {
      const found = await findRestored(this.#vault, begun, signal)
      const restored = await readRestoredEntity(deps, { ...found, entity }, signal)
      const walk = this.#stack.use(new PairWalk(pairWritten(this.#compare, restored, signal)))
      return { schema: restored.before.schema, walk }
    } catch (error) {
      if (UNTOLD.some((code) => isAppError(error, code))) return null
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function isAbout({ endMs, startMs }: Candidate, { keptTime, sinceTime }: Written): boolean {
  return Date.parse(keptTime) >= startMs && Date.parse(sinceTime) <= endMs + CLOCKS_APART_MS
}

function isEqual(a: RecordFields, b: RecordFields): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** A key of another shape than it had when the restore wrote is none of its records. */
function parseIfFits(key: string, schema: SchemaVersion): Uint8Array | undefined {
  try {
    return parseKeyAddress(key, schema.key)
  } catch (error) {
    if (!isAppError(error, 'record.key-invalid')) throw error
    return undefined
  }
}
