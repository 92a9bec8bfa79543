import type { BenchServer, Database } from './bench-server.ts'
import type { Figure } from './figure.ts'
import type { BenchVault } from './holdfast.ts'
import type { BenchOptions } from './options.ts'
import type { Programs } from './programs.ts'

/** What every part of the bench is given. */
export type BenchRun = {
  readonly options: BenchOptions
  readonly programs: Programs
  readonly server: BenchServer
  /** For vaults, dumps and the peers' stores; removed at the end. */
  readonly folder: string
  /** The customer table, filled. */
  readonly customers: Database
  /** Tells whoever waits what is going on. */
  say(text: string): void
}

/** What the first backups leave behind for the parts after them. */
export type FirstBackups = {
  readonly figures: readonly Figure[]
  readonly vault: BenchVault
}

/** The source's name in every vault of the bench. */
export const SOURCE = 'crm'

/** Stops a bench that would measure something broken. */
export function demand(isTrue: boolean, sentence: string): void {
  if (!isTrue) throw new Error(`Cannot trust this bench: ${sentence}`)
}

/**
 * Does `tasks` one after the other, beginning with another one in each round, so that none always
 * runs on what the one before it left behind.
 */
export async function takeTurns(round: number, tasks: readonly (() => Promise<void>)[]) {
  for (let i = 0; i < tasks.length; i++) await tasks[(i + round) % tasks.length]?.()
}
