import type { Credential } from '#seal/credential'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
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
  readonly replica: SimulatedStoreDeps
  readonly replicaKeyring: SimulatedStoreDeps
  readonly header: VaultHeader
  readonly turn: Pick<Turn, 'tables' | 'truth' | 'mishap' | 'graceMs' | 'cabinet' | 'people'>
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
  'vault.object-damaged',
  'retention.replacement-damaged',
])

/** What may have become of a writer or a reader that took longer than collection leaves things alone. */
const EXPECTED_OF_LONG_TURNS = new Set([
  'segment.object-missing',
  'vault.object-missing',
  'vault.entry-refused',
])

/** What a listing of the past may look like: never a wrong answer, sometimes none. */
const EXPECTED_OF_STALE_LISTS = new Set([
  'timeline.rolled-back',
  'timeline.damaged',
  'vault.source-unknown',
  'vault.entry-refused',
  'vault.replica-diverged',
  'vault.object-damaged',
  'vault.keys-changed',
  // The slots of before a split that was interrupted, and not yet those of it.
  'vault.keys-split',
])

/** What comes of an object that rots, until it is healed. */
const EXPECTED_OF_ROT = new Set([
  'segment.damaged',
  'segment.object-missing',
  // The bit that changed may have named a recipient.
  'segment.missing-key',
  'seal.not-authentic',
  'store.not-found',
  'vault.object-missing',
  'vault.object-damaged',
  'retention.replacement-damaged',
])

/** What a holder is told whose keys were changed, or are at that moment. */
const EXPECTED_OF_OLD_KEYS = new Set([
  'vault.certificate-revoked',
  'vault.keys-changed',
  'segment.missing-key',
  'vault.entry-refused',
  // Whoever holds other keys cannot tell damage from what is sealed for others.
  'vault.document-damaged',
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
  #credential: Credential | undefined
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
    const { upheavals } = this.#deps.turn.truth
    this.#run(life, name).then(
      () => this.#rest(1),
      (error: unknown) => this.#judge({ life, name, upheavals }, error),
    )
  }

  #rest(times: number): void {
    const waitMs = Math.round(
      this.#restMs * times * this.#chance.fork(`rest ${this.#processes}`).next(),
    )
    const { scheduler } = this.#deps
    scheduler.arrive(`${this.actor.name} rests`, () => scheduler.in(waitMs, () => this.#begin()))
  }

  /** Since a turn began, or just now. */
  #areKeysOther(upheavals: number): boolean {
    const { cabinet, truth } = this.#deps.turn
    const isOld = this.#credential !== cabinet.credentialOf(this.actor)
    return isOld || cabinet.isChanging || truth.upheavals > upheavals
  }

  #judge(
    { life, name, upheavals }: { life: Life; name: string; upheavals: number },
    error: unknown,
  ): void {
    const code = error instanceof AppError ? error.code : undefined
    const isLong = this.#deps.scheduler.nowMs - life.bornMs > this.#deps.turn.graceMs
    const { truth } = this.#deps.turn
    const isExpected = (it: string) =>
      EXPECTED.has(it) ||
      (life.hasMetShortRead && EXPECTED_OF_SHORT_READS.has(it)) ||
      (life.hasMetStaleList && EXPECTED_OF_STALE_LISTS.has(it)) ||
      (truth.rotten.size > 0 && EXPECTED_OF_ROT.has(it)) ||
      (this.#areKeysOther(upheavals) && EXPECTED_OF_OLD_KEYS.has(it)) ||
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
    // Files are carried to machines by people, who take their time.
    const isHandedOver = this.#chance.fork(`keys ${name}`).happens(0.6)
    if (this.#credential === undefined || isHandedOver || this.#deps.weather.isCalm) {
      this.#credential = this.#deps.turn.cabinet.credentialOf(this.actor)
    }
    const onDeath = () => {
      this.tally.died += 1
      const waitMs = this.#chance.fork(`after ${name}`).spread(1000, 1000 + 2 * this.#restMs)
      this.#deps.scheduler.in(waitMs, () => this.#begin())
    }
    return { life: new Life(this.#deps, { chance: this.#chance.fork(name), name, onDeath }), name }
  }

  async #run(life: Life, name: string): Promise<void> {
    const { header, keyring, replica, replicaKeyring, store, turn } = this.#deps
    const { truth } = turn
    const clock = life.clock(this.#skewMs)
    const random = this.#chance.fork(`${name} random`)
    const log = (what: string) => this.#deps.log(`${name} ${what}`)
    const raw = { store: simulatedStore(store, life), keyring: simulatedStore(keyring, life) }
    assert(this.#credential !== undefined, 'Whoever lives has been given keys.')
    const vault = new OpenedVault({
      ...raw,
      clock,
      random,
      memory: this.#memory,
      header,
      credential: this.#credential,
    })
    log('begins')
    const { signal } = new AbortController()
    const chance = this.#chance.fork(`${name} chance`)
    const { isCalm } = this.#deps.weather
    const { upheavals } = truth
    const isMisled = () =>
      life.hasMetShortRead ||
      life.hasMetStaleList ||
      truth.rotten.size > 0 ||
      this.#areKeysOther(upheavals)
    const replicas = {
      store: simulatedStore(replica, life),
      keyring: simulatedStore(replicaKeyring, life),
    }
    const memory = {
      store: store.memory,
      keyring: keyring.memory,
      replica: replica.memory,
      replicaKeyring: replicaKeyring.memory,
    }
    const hasMetStaleList = () => life.hasMetStaleList
    const about = { hasMetStaleList, raw, replica: replicas, memory, isCalm, log, isMisled }
    const given = { vault, clock, random, chance, signal, ...about }
    await this.actor.turn({ ...turn, ...given })
    this.tally.succeeded += 1
    log('is done')
  }
}
