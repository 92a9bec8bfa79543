import type { Credential } from '#seal/credential'
import { AppError } from '#stdx/app-error'
import { createHeadMemory } from '#timeline/head-memory'
import { OpenedVault } from '#vault/opened-vault'
import type { VaultHeader } from '#vault/vault-header'
import type { Actor, Turn } from './actor.ts'
import type { Chance } from './chance.ts'
import { Life, type Surroundings } from './life.ts'
import type { Network } from './network.ts'
import { type SimulatedStoreDeps, simulatedStore } from './simulated-store.ts'

export type HostDeps = Surroundings & {
  readonly chance: Chance
  readonly network: Network
  readonly store: SimulatedStoreDeps
  readonly keyring: SimulatedStoreDeps
  readonly header: VaultHeader
  readonly credential: Credential
  readonly turn: Pick<Turn, 'tables' | 'truth' | 'mishap' | 'graceMs'>
  /** Below 1: everybody rests less, and meets others more. */
  readonly tempo: number
  /** No further turn is begun. */
  readonly isOver: () => boolean
  /** What no fault explains. */
  readonly onFailure: (error: unknown) => void
}

/** What became of an actor's turns. */
export type Tally = {
  succeeded: number
  died: number
  /** By the code of the error. */
  readonly failed: Map<string, number>
}

/** What a store that fails, or another who is first, explains. */
const EXPECTED = new Set([
  'store.unavailable',
  'store.full',
  'store.short-read',
  'timeline.undecided',
  'timeline.lost-race',
  'capture.conflict',
  'connector.scan-failed',
  // A slot at the end that holds no entry, put there by the vandal.
  'retention.not-sound',
])
/** What a read that was cut short may look like. */
const EXPECTED_OF_SHORT_READS = new Set([
  'timeline.damaged',
  'segment.damaged',
  'vault.document-damaged',
  'retention.replacement-damaged',
])

/** What may have become of a writer or a reader that took longer than collection leaves things alone. */
const EXPECTED_OF_LONG_TURNS = new Set([
  'segment.object-missing',
  'vault.object-missing',
  'vault.entry-refused',
])

const YEAR_MS = 365 * 86_400_000

/** One machine with one actor: turn after turn, process after process. */
export class Host {
  readonly actor: Actor
  readonly tally: Tally = { succeeded: 0, died: 0, failed: new Map() }
  readonly #deps: HostDeps
  readonly #chance: Chance
  /** Of heads; some machines forget everything between two processes. */
  #memory = createHeadMemory()
  readonly #isForgetful: boolean
  #skewMs = 0
  #processes = 0
  /** Between its start and its end; a process that died has ended. */
  #isBusy = false

  constructor(deps: HostDeps, actor: Actor) {
    this.actor = actor
    this.#deps = deps
    this.#chance = deps.chance.fork(actor.name)
    this.#isForgetful = this.#chance.happens(0.3)
    if (this.#chance.happens(0.3)) this.#setClock()
  }

  get #restMs(): number {
    return this.actor.restMs * this.#deps.tempo
  }

  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Begins the first turn some time from now; the others follow. */
  start(): void {
    this.#isBusy = true
    this.#deps.scheduler.in(this.#chance.spread(1, this.#restMs), () => this.#begin())
  }

  /** One turn from now on, with nothing after it. */
  async takeTurn(): Promise<void> {
    const { life, name } = this.#openLife()
    await this.#run(life, name)
  }

  #begin(): void {
    if (this.#deps.isOver()) {
      this.#isBusy = false
      return
    }
    const { life, name } = this.#openLife()
    this.#run(life, name).then(
      () => this.#rest(1),
      (error: unknown) => this.#judge(life, name, error),
    )
  }

  #rest(times: number): void {
    const waitMs = Math.round(
      this.#restMs * times * this.#chance.fork(`rest ${this.#processes}`).next(),
    )
    const { scheduler } = this.#deps
    scheduler.arrive(`${this.actor.name} rests`, () => scheduler.in(waitMs, () => this.#begin()))
  }

  #judge(life: Life, name: string, error: unknown): void {
    const code = error instanceof AppError ? error.code : undefined
    const isLong = this.#deps.scheduler.nowMs - life.bornMs > this.#deps.turn.graceMs
    const isExpected = (it: string) =>
      EXPECTED.has(it) ||
      (life.hasMetShortRead && EXPECTED_OF_SHORT_READS.has(it)) ||
      (isLong && EXPECTED_OF_LONG_TURNS.has(it))
    if (code === undefined || !isExpected(code)) {
      this.#deps.onFailure(error)
      return
    }
    const { failed } = this.tally
    failed.set(code, (failed.get(code) ?? 0) + 1)
    this.#deps.log(`${name} fails: ${code}`)
    this.#rest(0.5)
  }

  #setClock(): void {
    this.#skewMs = this.#chance.between(-5 * YEAR_MS, 5 * YEAR_MS)
  }

  #openLife(): { readonly life: Life; readonly name: string } {
    this.#processes += 1
    const name = `${this.actor.name}#${this.#processes}`
    if (this.#isForgetful) this.#memory = createHeadMemory()
    if (this.#chance.happens(0.02)) this.#setClock()
    const onDeath = () => {
      this.tally.died += 1
      const waitMs = this.#chance.fork(`after ${name}`).spread(1000, 1000 + 2 * this.#restMs)
      this.#deps.scheduler.in(waitMs, () => this.#begin())
    }
    return { life: new Life(this.#deps, { chance: this.#chance.fork(name), name, onDeath }), name }
  }

  async #run(life: Life, name: string): Promise<void> {
    const { credential, header, keyring, store, turn } = this.#deps
    const clock = life.clock(this.#skewMs)
    const random = this.#chance.fork(`${name} random`)
    const log = (what: string) => this.#deps.log(`${name} ${what}`)
    const vault = new OpenedVault({
      store: simulatedStore(store, life),
      keyring: simulatedStore(keyring, life),
      clock,
      random,
      memory: this.#memory,
      header,
      credential: this.actor.credential(credential),
    })
    log('begins')
    const { signal } = new AbortController()
    const chance = this.#chance.fork(`${name} chance`)
    const { isCalm } = this.#deps.weather
    const hasMetShortRead = () => life.hasMetShortRead
    const about = { store: store.memory, isCalm, log, hasMetShortRead }
    const given = { vault, clock, random, chance, signal, ...about }
    await this.actor.turn({ ...turn, ...given })
    this.tally.succeeded += 1
    log('is done')
  }
}
