import type { Credential } from '#seal/credential'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { MemoryStore } from '#store/testing/memory-store'
import type { Vault } from '#vault/vault'
import type { Chance } from './chance.ts'
import type { Tables } from './tables.ts'
import type { Truth } from './truth.ts'

/**
 * Somebody who does something with the vault again and again, each time as a process of its own. A
 * turn may fail in every way that faults explain; it may die, stand still and go on days later.
 */
export type Actor = {
  /** Unique; also the name of the machine: its clock and its memory of heads. */
  readonly name: string
  /** What it holds of the one credential that there is at first. */
  credential(all: Credential): Credential
  /** How long it rests between two turns, about. */
  readonly restMs: number
  turn(turn: Turn): Promise<void>
  /** Whether the turn must succeed, at once, when nothing fails any more. */
  readonly mustSucceed: boolean
}

/** One turn: the vault opened on stores that fail, and everything else it may use. */
export type Turn = {
  readonly vault: Vault
  readonly clock: Clock
  /** For the vault and its keys; never the same twice. */
  readonly random: Random
  /** For what is done. */
  readonly chance: Chance
  readonly signal: AbortSignal
  /** What is in the stores without a network between, for those who tamper. */
  readonly store: MemoryStore
  readonly tables: ReadonlyMap<string, Tables>
  readonly truth: Truth
  /** How likely a source loses its connection. */
  readonly mishap: number
  readonly isCalm: boolean
  /** How long collection leaves alone what nobody needs. */
  readonly graceMs: number
  /** Whether a read of this turn was cut short: then what it read may look damaged. */
  hasMetShortRead(): boolean
  log(what: string): void
}
