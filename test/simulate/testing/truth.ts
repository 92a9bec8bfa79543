import type { ObjectName } from '#store/object-store'
import { parseEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import type { StoredObject, StoreWatch } from './simulated-store.ts'
import type { Held } from './tables.ts'

/** A capture that was begun: what its point must read as, should it ever be committed. */
export type Attempt = { readonly source: string; readonly held: Held }

/** A point that was committed and has not been expired. */
export type TruePoint = { readonly seq: number; readonly session: string; readonly held: Held }

/** An entry that lies in its slot and has not been looked at yet. */
export type NewEntry = { readonly timeline: string; readonly seq: number }

/** What was found to be wrong: an invariant of the architecture page, by its number, and what broke it. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function must(condition: boolean, invariant: string, found: string): asserts condition {
  if (!condition) throw new Violation(`${invariant}: ${found}`)
}

/**
 * What really happened, as plain lists: what sources held, which of it was committed, what lies in
 * every slot. It is told by the stores and by those who act, and asked by whoever checks.
 */
export class Truth implements StoreWatch {
  /** Captures that were begun, by session. */
  readonly attempts = new Map<string, Attempt>()
  /** Committed and not expired, ascending, by source. */
  readonly points = new Map<string, TruePoint[]>()
  /** The same with those that were expired since. */
  readonly everCommitted = new Map<string, TruePoint[]>()
  /** Sessions that a point was committed of. */
  readonly committed = new Set<string>()
  /** Slots that hold no entry, as a store with garbage in it. */
  readonly voids = new Set<string>()
  /** For how long a policy that let a point go keeps every point, by the point's address. */
  readonly keptMs = new Map<string, number>()
  /** Sessions of which somebody was told that they were committed. */
  readonly told = new Set<string>()
  /** Objects that were damaged or taken away, and not found whole since; the store's name in front. */
  readonly rotten = new Set<string>()
  /** How often keys were said to be others, or something rotted. */
  upheavals = 0
  /** Texts that somebody wanted to put into a document. */
  readonly texts = new Set<string>()
  /** Objects that kept points are read from; the store's name in front. */
  needed: ReadonlySet<string> = new Set()
  #entries: NewEntry[] = []
  #keyrings: StoredObject[] = []
  readonly #salts = new Map<string, string>()
  /** What the stores were seen doing that they may not do; thrown by the next check. */
  readonly #wrongs: string[] = []

  findPoint(source: string, seq: number): TruePoint | undefined {
    return this.everCommitted.get(source)?.find((point) => point.seq === seq)
  }

  pointsOf(source: string): readonly TruePoint[] {
    return this.points.get(source) ?? []
  }

  /** I9: whoever says that it committed must have. */
  reported(source: string, seq: number, session: string): void {
    const point = this.pointsOf(source).find((one) => one.seq === seq)
    must(point?.session === session, 'I9', `${source}@${seq} was reported and is not there`)
    this.told.add(session)
  }

  /** Somebody means to let a point go, by a policy that keeps every point for so long. */
  judgedOld(source: string, seq: number, keepAllMs: number): void {
    const point = `${source}@${seq}`
    this.keptMs.set(point, Math.max(this.keptMs.get(point) ?? 0, keepAllMs))
  }

  offered({ bytes, name }: StoredObject): void {
    const isEntry = Buffer.from(bytes.subarray(0, 4)).toString() === 'HFTE'
    if (!isEntry || parseEntryName(name) === undefined) return
    // Two statements under one salt are two plaintexts under one key and nonce.
    const salt = Buffer.from(bytes.subarray(6, 38)).toString('hex')
    const text = Buffer.from(bytes).toString('base64')
    const known = this.#salts.get(salt) ?? text
    this.#salts.set(salt, known)
    if (known !== text) this.#wrongs.push(`I7: two entries offered for ${name} share their salt`)
  }

  stored(object: StoredObject): void {
    const entry = parseEntryName(object.name)
    if (entry !== undefined) this.#entries.push({ timeline: entry.source, seq: entry.seq })
    // What collection reads the time of a store from is no keyring object.
    const isClock = object.name.includes('/clock/')
    if (object.store === 'keyring' && !isClock) this.#keyrings.push(object)
  }

  deleted(
    { name: stored, store }: { readonly store: string; readonly name: ObjectName },
    left: ReadonlyMap<string, unknown>,
  ): void {
    if (parseEntryName(stored) !== undefined) this.#wrongs.push(`I2: entry ${stored} was deleted`)
    const name = unsealedName(stored)
    if (!this.needed.has(`${store}:${name}`)) return
    // Of what was sealed anew, one is enough.
    const isOther = (one: string) => one.startsWith(name) && unsealedName(one) === name
    if (store === 'keyring' && [...left.keys()].some(isOther)) return
    this.#wrongs.push(`I4: ${store} object ${name} was deleted, a kept point is read from it`)
  }

  /** What is to be looked at since this was asked last. @throws Violation */
  takeNews(): {
    readonly entries: readonly NewEntry[]
    readonly keyrings: readonly StoredObject[]
  } {
    const [wrong] = this.#wrongs
    if (wrong !== undefined) throw new Violation(wrong)
    const news = { entries: this.#entries, keyrings: this.#keyrings }
    if (news.entries.length > 0) this.#entries = []
    if (news.keyrings.length > 0) this.#keyrings = []
    return news
  }
}

/** Of a keyring object, whatever epoch it is sealed for. */
export function unsealedName(name: string): string {
  return name.replace(/\.[0-9]+$/, '')
}

export function isVaultTimeline({ timeline }: NewEntry): boolean {
  return timeline === VAULT_TIMELINE
}
