import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { MemoryStore } from '#store/testing/memory-store'
import type { Stores, Vault } from '#vault/vault'
import type { Chance } from './chance.ts'
import type { Holds, KeyCabinet } from './key-cabinet.ts'
import type { Tables } from './tables.ts'
import type { Truth } from './truth.ts'

/**
 * Somebody who does something with the vault again and again, each time as a process of its own. A
 * turn may fail in every way that faults explain; it may die, stand still and go on days later.
 */
export type Actor = {
  /** Unique; also the name of the machine: its clock and its memory of heads. */
  readonly name: string
  /** Whose keys it has. */
  readonly holds: Holds
  /** How long it rests between two turns, about. */
  readonly restMs: number
  turn(turn: Turn): Promise<void>
  /** Whether the turn must succeed, at once, when nothing fails any more. */
  readonly mustSucceed: boolean
}

export type Memories = Readonly<
  Record<'store' | 'keyring' | 'replica' | 'replicaKeyring', MemoryStore>
>

/** One turn: the vault opened on stores that fail, and everything else it may use. */
export type Turn = {
  readonly vault: Vault
  readonly clock: Clock
  /** For the vault and its keys; never the same twice. */
  readonly random: Random
  /** For what is done. */
  readonly chance: Chance
  readonly signal: AbortSignal
  /** The stores of the vault, names as they have them, and those of its replica. */
  readonly raw: Stores
  readonly replica: Stores
  /** What is in the stores without a network between, for those who tamper. */
  readonly memory: Memories
  /** The credential files, for whoever makes them, and who has which. */
  readonly cabinet: KeyCabinet
  readonly people: readonly Pick<Actor, 'name' | 'holds'>[]
  readonly tables: ReadonlyMap<string, Tables>
  readonly truth: Truth
  /** How likely a source loses its connection. */
  readonly mishap: number
  readonly isCalm: boolean
  /** How long collection leaves alone what nobody needs. */
  readonly graceMs: number
  /**
   * Whether what it finds damaged may be whole, or the reverse: a read was cut short, a listing stale,
   * an object is rotten, keys were changed meanwhile.
   */
  isMisled(): boolean
  /** Whether a listing of this turn was stale: then it may be of the past, and not know it. */
  hasMetStaleList(): boolean
  log(what: string): void
}
