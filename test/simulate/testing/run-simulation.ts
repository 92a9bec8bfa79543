import { createHash } from 'node:crypto'
import { type Credential, parseCredential } from '#seal/credential'
import { openSlot } from '#seal/slot'
import { assert } from '#stdx/assert'
import { collect } from '#stdx/streams'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { createHeadMemory } from '#timeline/head-memory'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import { OpenedVault } from '#vault/opened-vault'
import { HEADER_NAME, parseHeader, type VaultHeader } from '#vault/vault-header'
import type { Actor, Memories } from './actor.ts'
import { castActors } from './cast-actors.ts'
import { Chance } from './chance.ts'
import { InvariantCheck } from './check-invariants.ts'
import { Host, type HostDeps, type Tally } from './host.ts'
import { COST, KeyCabinet, PASSPHRASE } from './key-cabinet.ts'
import { EPOCH_MS } from './life.ts'
import { Network } from './network.ts'
import { ReplicaCheck } from './replica-check.ts'
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
  let weatherThere = options.weather ?? forecast(chance.fork('weather of the replica'))
  const there = {
    ...around,
    get weather() {
      return weatherThere
    },
  }
  const networkThere = new Network(there, chance.fork('network of the replica'), 'replica ')
  const { cabinet, check, memory, replicaCheck, truth } = stage
  const pageMax = chance.fork('pages').spread(2, 1000)
  const days = options.days ?? chance.fork('length').spread(2, 14)
  const endMs = days * DAY_MS * tempo
  const isOver = () =>
    failure !== undefined || scheduler.nowMs > endMs || scheduler.steps > STEPS_MAX
  const storeOf = async (which: keyof Memories): Promise<SimulatedStoreDeps> => {
    const isReplica = which.startsWith('replica')
    const was = await collect(memory[which].list('', signal))
    return {
      network: isReplica ? networkThere : network,
      memory: memory[which],
      pageMax,
      watch: isReplica ? replicaCheck : truth,
      past: was.map((one) => ({ was: one, fromMs: -Infinity, untilMs: Infinity })),
      nowMs: () => scheduler.nowMs,
    }
  }
  const actors = options.actors ?? castActors(chance.fork('cast'), { sources: SOURCES, isAlone })
  const deps: HostDeps = {
    ...around,
    get weather() {
      return weather
    },
    chance: chance.fork('hosts'),
    network,
    store: await storeOf('store'),
    keyring: await storeOf('keyring'),
    replica: await storeOf('replica'),
    replicaKeyring: await storeOf('replicaKeyring'),
    header: stage.header,
    turn: {
      truth,
      cabinet,
      people: actors,
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
  const hosts = actors.map((actor) => new Host(deps, actor))
  try {
    for (const host of hosts) host.start()
    const afterStep = async () => {
      await check.afterStep()
      await replicaCheck.afterStep(check.vault)
    }
    await scheduler.run(() => failure !== undefined, afterStep)
    if (failure === undefined) {
      const stuck = hosts.find((host) => host.isBusy)
      must(stuck === undefined, 'I6', `${stuck?.actor.name} waits for what will never come`)
      weather = CALM
      weatherThere = CALM
      log.add(scheduler.nowMs, 'the weather is calm')
      await takeCalmTurns(hosts, { afterStep, check, graceMs, scheduler })
      await check.atTheEnd(cabinet.fileOf({ role: 'restore', source: null }))
      if (actors.some(({ name }) => name === 'replicator')) await replicaCheck.atTheEnd(check.vault)
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
  readonly afterStep: () => Promise<void>
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
  const isOf = (names: RegExp) => hosts.filter(({ actor }) => names.test(actor.name))
  // What was interrupted is finished first, and what was healed since is sealed anew as well.
  for (const host of [...isOf(/^locksmith/), ...isOf(/^healer/), ...isOf(/^locksmith/)]) {
    await takeCalmTurn(host, deps)
  }
  const before = check.listGarbage(SOURCES[0]).length
  const last = /^(compactor|collector|replicator)/
  const others = hosts.filter(({ actor }) => !/^(healer|locksmith)/.test(actor.name))
  for (const host of others.filter(({ actor }) => !last.test(actor.name))) {
    await takeCalmTurn(host, deps)
  }
  const after = check.listGarbage(SOURCES[0]).length
  must(after <= before, 'I6', 'turns that succeeded left garbage')
  for (const host of isOf(/^(compactor|collector)/)) await takeCalmTurn(host, deps)
  for (const host of isOf(/^collector$/)) {
    scheduler.in(2 * graceMs, () => {})
    await takeCalmTurn(host, deps)
    const [left] = check.listGarbage(SOURCES[0])
    must(left === undefined, 'I6', `${left} is needed by nobody and was not collected`)
  }
  for (const host of isOf(/^replicator/)) await takeCalmTurn(host, deps)
}

async function takeCalmTurn(host: Host, { afterStep, scheduler }: CalmDeps): Promise<void> {
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
  readonly memory: Memories
  readonly header: VaultHeader
  readonly cabinet: KeyCabinet
  readonly replicaCheck: ReplicaCheck
  readonly truth: Truth
  readonly tables: ReadonlyMap<string, Tables>
  readonly check: InvariantCheck
}

/** A new vault, perhaps with its sources, in a calm that nobody shares. */
async function setStage(chance: Chance, options: StageOptions): Promise<Stage> {
  const store = options.openStore('vault')
  const keyring = options.openStore('keyring')
  const clock = { nowMs: () => Date.UTC(2026, 5, 30), passedMs: () => 0, sleep: async () => {} }
  const random = chance.fork('random')
  const [passphrase, cost] = [PASSPHRASE, COST]
  const { id } = await createVault({ store, keyring, clock, random, passphrase, cost, signal })
  const [name = '', bytes] = [...keyring.objects][0] ?? []
  const text = Buffer.from(bytes ?? []).toString()
  const credential = parseCredential(await openSlot({ vaultId: id, name, text, passphrase }))
  const header = parseHeader('vault', readText(store, HEADER_NAME))
  const open = (whose: Credential) =>
    new OpenedVault({
      ...{ store, keyring, clock, random, header },
      memory: createHeadMemory(),
      credential: whose,
    })
  const first = open(credential)
  if (options.hasSources) for (const source of SOURCES) await first.addSource(source, signal)
  // What is loaded when a vault is opened is loaded before time counts.
  await openVault({ store, keyring, clock, random, passphrase, stateDir: undefined, signal })
  const truth = new Truth()
  const check = new InvariantCheck({
    ...{ truth, store, keyring, open, whole: credential, vaultId: id },
    chance: chance.fork('check'),
  })
  const memory = {
    store,
    keyring,
    replica: options.openStore('replica'),
    replicaKeyring: options.openStore('replica keyring'),
  }
  const replicaCheck = new ReplicaCheck(memory, truth, chance.fork('check of the replica'))
  const isWide = chance.fork('wide').happens(0.25)
  const rowsMax = isWide ? 150 : chance.spread(10, 200)
  const tables = new Map(
    SOURCES.map((source) => {
      const wide = isWide ? chance.fork(`rows of ${source}`) : undefined
      return [source, new Tables(source, rowsMax, wide)] as const
    }),
  )
  const cabinet = new KeyCabinet(credential)
  return { memory, header, cabinet, replicaCheck, truth, tables, check }
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
