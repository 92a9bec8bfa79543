import { createHash } from 'node:crypto'
import { type Credential, parseCredential } from '#seal/credential'
import { openSlot } from '#seal/slot'
import { assert } from '#stdx/assert'
import { Secret } from '#stdx/secret'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { createHeadMemory } from '#timeline/head-memory'
import { createVault } from '#vault/create-vault'
import { OpenedVault } from '#vault/opened-vault'
import { HEADER_NAME, parseHeader, type VaultHeader } from '#vault/vault-header'
import type { Actor } from './actor.ts'
import { castActors } from './cast-actors.ts'
import { Chance } from './chance.ts'
import { InvariantCheck } from './check-invariants.ts'
import { Host, type HostDeps, type Tally } from './host.ts'
import { EPOCH_MS } from './life.ts'
import { Network } from './network.ts'
import { Scheduler } from './scheduler.ts'
import type { SimulatedStoreDeps } from './simulated-store.ts'
import { Tables } from './tables.ts'
import { must, Truth } from './truth.ts'
import type { Threads } from './watch-threads.ts'
import { CALM, type Fault, forecast, type Weather } from './weather.ts'

export type SimulationOptions = {
  readonly threads: Threads
  /** Instead of those that the seed would choose. */
  readonly weather?: Weather
  readonly actors?: readonly Actor[]
  /** Stands between the actors and what is in the stores: for stores that break their promises. */
  readonly memory?: typeof createMemoryStore
  /** How long actors begin turns. */
  readonly days?: number
  /** Told of every line of the log. */
  readonly onLine?: (line: string) => void
}

export type Simulated = {
  readonly seed: number
  /** What broke, if anything did. */
  readonly failure: unknown
  readonly steps: number
  readonly days: number
  readonly points: number
  /** Of each actor. */
  readonly turns: readonly Tally[]
  readonly faults: ReadonlyMap<Fault, number>
  /** SHA-256 of the log: the same for the same seed. */
  readonly logHash: string
  readonly lastLines: readonly string[]
}

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS
const STEPS_MAX = 8_000
const LINES_KEPT = 40
const SOURCES = ['erp', 'crm'] as const
const { signal } = new AbortController()

/** One history of one vault, from its beginning to a calm end. The seed decides all of it. */
export async function runSimulation(seed: number, options: SimulationOptions): Promise<Simulated> {
  const chance = new Chance(`simulation ${seed}`)
  const log = new Log(options.onLine ?? (() => {}))
  const scheduler = new Scheduler(options.threads)
  const nowMs = () => EPOCH_MS + scheduler.nowMs
  const openMemory = options.memory ?? createMemoryStore
  const isAlone = options.actors !== undefined || chance.fork('hands').happens(0.5)
  const tempo = chance.fork('tempo').pick([1, 0.03, 0.001, 0.00003]) ?? 1
  const graceMs = MINUTE_MS + chance.fork('grace').spread(DAY_MS / 8, 8 * DAY_MS) * tempo
  const stage = await setStage(chance.fork('stage'), {
    openStore: (label) => openMemory(label, nowMs),
    hasSources: isAlone,
  })
  let weather = options.weather ?? forecast(chance.fork('weather'))
  let failure: unknown
  const around = {
    scheduler,
    log: (line: string) => log.add(scheduler.nowMs, line),
    get weather() {
      return weather
    },
  }
  const network = new Network(around, chance.fork('network'))
  const { check, truth } = stage
  const pageMax = chance.fork('pages').spread(2, 1000)
  const days = options.days ?? chance.fork('length').spread(2, 14)
  const endMs = days * DAY_MS * tempo
  const isOver = () =>
    failure !== undefined || scheduler.nowMs > endMs || scheduler.steps > STEPS_MAX
  const storeOf = (memory: MemoryStore): SimulatedStoreDeps => ({
    network,
    memory,
    pageMax,
    watch: truth,
  })
  const deps: HostDeps = {
    ...around,
    get weather() {
      return weather
    },
    chance: chance.fork('hosts'),
    network,
    store: storeOf(stage.store),
    keyring: storeOf(stage.keyring),
    header: stage.header,
    credential: stage.credential,
    turn: {
      truth,
      tables: stage.tables,
      mishap: chance.fork('mishap').next() * 0.02,
      graceMs,
    },
    tempo,
    isOver,
    onFailure: (error) => {
      failure ??= error
    },
  }
  const actors = options.actors ?? castActors(chance.fork('cast'), { sources: SOURCES, isAlone })
  const hosts = actors.map((actor) => new Host(deps, actor))
  try {
    for (const host of hosts) host.start()
    await scheduler.run(
      () => failure !== undefined,
      () => check.afterStep(),
    )
    if (failure === undefined) {
      const stuck = hosts.find((host) => host.isBusy)
      must(stuck === undefined, 'I6', `${stuck?.actor.name} waits for what will never come`)
      weather = CALM
      log.add(scheduler.nowMs, 'the weather is calm')
      await takeCalmTurns(hosts, { check, graceMs, scheduler })
      await check.atTheEnd()
    }
  } catch (error) {
    failure ??= error
  }
  return {
    seed,
    failure,
    steps: scheduler.steps,
    days: scheduler.nowMs / DAY_MS,
    points: [...truth.points.values()].reduce((total, points) => total + points.length, 0),
    turns: hosts.map(({ tally }) => tally),
    faults: network.met,
    ...log.close(),
  }
}

type CalmDeps = {
  readonly check: InvariantCheck
  readonly scheduler: Scheduler
  readonly graceMs: number
}

/**
 * I6: as soon as nothing fails any more, everybody succeeds at once and leaves nothing behind; and
 * after its grace, collection leaves nothing that no point needs.
 */
async function takeCalmTurns(hosts: readonly Host[], deps: CalmDeps): Promise<void> {
  const { check, graceMs, scheduler } = deps
  const isOfSweeping = ({ actor }: Host) => /^(compactor|caretaker|collector)/.test(actor.name)
  const before = check.listGarbage(SOURCES[0]).length
  for (const host of hosts.filter((one) => !isOfSweeping(one))) await takeCalmTurn(host, deps)
  const after = check.listGarbage(SOURCES[0]).length
  must(after <= before, 'I6', 'turns that succeeded left garbage')
  for (const host of hosts.filter(isOfSweeping)) await takeCalmTurn(host, deps)
  const collects = hosts.filter(({ actor }) => actor.name === 'collector')
  for (const host of collects) {
    scheduler.in(2 * graceMs, () => {})
    await takeCalmTurn(host, deps)
    const [left] = check.listGarbage(SOURCES[0])
    must(left === undefined, 'I6', `${left} is needed by nobody and was not collected`)
  }
}

async function takeCalmTurn(host: Host, { check, scheduler }: CalmDeps): Promise<void> {
  const afterStep = () => check.afterStep()
  await scheduler.run(() => false, afterStep)
  if (!host.actor.mustSucceed) return
  let outcome: { readonly error?: unknown } | undefined
  host.takeTurn().then(
    () => {
      outcome = {}
    },
    (error: unknown) => {
      outcome = { error }
    },
  )
  await scheduler.run(() => false, afterStep)
  must(outcome !== undefined, 'I6', `${host.actor.name} waits for what will never come`)
  if ('error' in outcome) throw outcome.error
}

type StageOptions = {
  readonly openStore: (label: string) => MemoryStore
  readonly hasSources: boolean
}

type Stage = {
  readonly store: MemoryStore
  readonly keyring: MemoryStore
  readonly header: VaultHeader
  readonly credential: Credential
  readonly truth: Truth
  readonly tables: ReadonlyMap<string, Tables>
  readonly check: InvariantCheck
}

/** A new vault, perhaps with its sources, in a calm that nobody shares. */
async function setStage(chance: Chance, options: StageOptions): Promise<Stage> {
  const store = options.openStore('vault')
  const keyring = options.openStore('keyring')
  const clock = { nowMs: () => Date.UTC(2026, 5, 30), sleep: async () => {} }
  const random = chance.fork('random')
  const passphrase = new Secret('correct horse battery staple')
  const cost = { memoryKib: 64, passes: 1, lanes: 1 }
  const { id } = await createVault({ store, keyring, clock, random, passphrase, cost, signal })
  const [name = '', bytes] = [...keyring.objects][0] ?? []
  const text = Buffer.from(bytes ?? []).toString()
  const credential = parseCredential(await openSlot({ vaultId: id, name, text, passphrase }))
  const header = parseHeader('vault', readText(store, HEADER_NAME))
  const memory = createHeadMemory()
  const deps = { store, keyring, clock, random, memory, header, credential }
  const vault = new OpenedVault(deps)
  if (options.hasSources) for (const source of SOURCES) await vault.addSource(source, signal)
  const truth = new Truth()
  const check = new InvariantCheck({ truth, vault, store, keyring, chance: chance.fork('check') })
  const isWide = chance.fork('wide').happens(0.25)
  const rowsMax = isWide ? 150 : chance.spread(10, 200)
  const tables = new Map(
    SOURCES.map((source) => {
      const wide = isWide ? chance.fork(`rows of ${source}`) : undefined
      return [source, new Tables(source, rowsMax, wide)] as const
    }),
  )
  return { store, keyring, header, credential, truth, tables, check }
}

function readText(store: MemoryStore, name: string): string {
  const bytes = store.objects.get(name)
  assert(bytes !== undefined, 'A vault that was created has its file.')
  return Buffer.from(bytes).toString()
}

/** Every event in one line; keeps the last ones. */
class Log {
  readonly #hash = createHash('sha256')
  readonly #onLine: (line: string) => void
  #lines: string[] = []

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  add(nowMs: number, line: string): void {
    const dated = `${(nowMs / DAY_MS).toFixed(5)} ${line}`
    this.#hash.update(`${dated}\n`)
    this.#onLine(dated)
    this.#lines.push(dated)
    if (this.#lines.length >= 2 * LINES_KEPT) this.#lines = this.#lines.slice(-LINES_KEPT)
  }

  close(): { readonly logHash: string; readonly lastLines: readonly string[] } {
    return { logHash: this.#hash.digest('hex'), lastLines: this.#lines.slice(-LINES_KEPT) }
  }
}
