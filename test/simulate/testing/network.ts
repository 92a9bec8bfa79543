import { AppError } from '#stdx/app-error'
import type { Chance } from './chance.ts'
import type { Life, Surroundings } from './life.ts'
import { FAULTS, type Fault } from './weather.ts'

/** What is asked of a store. */
export type Request<T> = {
  readonly operation: 'put' | 'get' | 'stat' | 'list' | 'delete'
  readonly object: string
  readonly signal: AbortSignal
  /** Does it, at once. */
  readonly apply: () => Promise<T>
  /** What came of it, for the log. */
  readonly describe: (result: T) => string
}

type ErrorCode = ConstructorParameters<typeof AppError>[0]

const TIMEOUT_MS = 30_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What an outage may look like to those who meet it. */
const OUTAGES = ['refused', 'lost', 'answer lost', 'late'] as const

type Outage = {
  readonly untilMs: number
  readonly fault: Fault
  /** `undefined`: everybody's. */
  readonly whose: Life | undefined
}

/** Carries requests to a store and answers back, as well as the weather lets it. */
export class Network {
  /** How often each fault was met. */
  readonly met = new Map<Fault, number>()
  readonly #around: Surroundings
  readonly #chance: Chance
  /** Before the names of objects, where several networks carry for one process. */
  readonly #place: string
  #outage: Outage = { untilMs: 0, fault: 'refused', whose: undefined }

  constructor(around: Surroundings, chance: Chance, place = '') {
    this.#around = around
    this.#chance = chance
    this.#place = place
  }

  /** How old what a listing shows is, in milliseconds. */
  staleMs(life: Life): number {
    const { staleLists } = this.#around.weather
    if (staleLists === 0 || !this.#chance.happens(staleLists)) return 0
    life.hasMetStaleList = true
    return this.#chance.spread(1, HOUR_MS)
  }

  carry<T>(life: Life, request: Request<T>): Promise<T> {
    const { operation, signal } = request
    const object = `${this.#place}${request.object}`
    return new Promise<T>((resolve, reject) => {
      signal.throwIfAborted()
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#around.scheduler.arrive(`${life.name} ${operation} ${object}`, () => {
        life.spend()
        const trip = new Trip(this.#around, { life, request, resolve, reject })
        this.#send(trip, life.isDead)
      })
    })
  }

  #send<T>(trip: Trip<T>, isLast: boolean): void {
    // Whoever died just now may or may not have sent it.
    if (isLast && this.#chance.happens(0.5)) return
    const sent = trip.life.sent(() => {
      if (this.#chance.happens(0.5)) trip.cancel()
    })
    const fault = this.#findFault(trip)
    if (fault !== undefined) this.met.set(fault, (this.met.get(fault) ?? 0) + 1)
    const tripMs = this.#chance.spread(1, 500)
    if (fault !== undefined) trip.note(fault)
    const lateMs = TIMEOUT_MS + this.#chance.spread(1, 6 * DAY_MS)
    if (fault === undefined || fault === 'twice') trip.travel(tripMs, sent.arrived)
    if (fault === 'answer lost') trip.applyIn(tripMs)
    if (fault === 'late' || fault === 'twice') trip.applyIn(lateMs)
    if (fault === 'refused') trip.failIn(tripMs, 'store.unavailable', 'the store answered 503')
    if (fault === 'full') trip.failIn(tripMs, 'store.full', 'the store is full')
    if (fault === 'cut short') {
      trip.life.hasMetShortRead = true
      trip.failIn(tripMs, 'store.short-read', 'it ends too early')
    }
    if (fault === 'lost' || fault === 'answer lost' || fault === 'late') {
      trip.failIn(TIMEOUT_MS, 'store.unavailable', 'there was no answer')
    }
  }

  #findFault<T>({ life, request }: Trip<T>): Fault | undefined {
    const { log, scheduler, weather } = this.#around
    // A commit is where it hurts most to be told nothing.
    const isCommit = request.operation === 'put' && request.object.endsWith('.entry')
    if (this.#chance.happens(weather.outages * (isCommit ? 30 : 1))) {
      const untilMs = scheduler.nowMs + this.#chance.spread(1000, HOUR_MS)
      const fault = this.#chance.pick(OUTAGES) ?? 'refused'
      const whose = this.#chance.happens(0.5) ? life : undefined
      this.#outage = { untilMs, fault, whose }
      log(`an outage of ${whose?.name ?? 'everybody'} begins: ${fault}`)
    }
    const { fault, untilMs, whose = life } = this.#outage
    if (scheduler.nowMs < untilMs && whose === life && !weather.isCalm) return fault
    return FAULTS.find(
      (one) => isFaultOf(one, request.operation) && this.#chance.happens(weather.faults[one]),
    )
  }
}

function isFaultOf(fault: Fault, operation: Request<unknown>['operation']): boolean {
  if (fault === 'cut short') return operation === 'get'
  return fault !== 'full' || operation === 'put'
}

/** One request on its way. */
class Trip<T> {
  readonly life: Life
  readonly request: Request<T>
  readonly #around: Surroundings
  readonly #resolve: (result: T) => void
  readonly #reject: (error: unknown) => void
  #isCancelled = false

  constructor(
    around: Surroundings,
    asked: {
      readonly life: Life
      readonly request: Request<T>
      readonly resolve: (result: T) => void
      readonly reject: (error: unknown) => void
    },
  ) {
    this.#around = around
    this.life = asked.life
    this.request = asked.request
    this.#resolve = asked.resolve
    this.#reject = asked.reject
  }

  cancel(): void {
    this.#isCancelled = true
  }

  note(what: string): void {
    const { object, operation } = this.request
    this.#around.log(`${this.life.name} ${operation} ${object}: ${what}`)
  }

  /** There and back. */
  travel(tripMs: number, arrived: () => void): void {
    this.#around.scheduler.in(tripMs / 2, () => {
      arrived()
      const outcome = this.#apply()
      if (outcome === undefined) return
      this.#around.scheduler.in(tripMs / 2, () =>
        this.life.deliver(() => outcome.then(this.#resolve, this.#reject)),
      )
    })
  }

  applyIn(delayMs: number): void {
    this.#around.scheduler.in(delayMs, () => this.#apply())
  }

  failIn(delayMs: number, code: ErrorCode, found: string): void {
    const { object, operation } = this.request
    const message = `Cannot ${operation} "${object}": ${found}`
    this.#around.scheduler.in(delayMs, () =>
      this.life.deliver(() => this.#reject(new AppError(code, message, { object }))),
    )
  }

  #apply(): Promise<T> | undefined {
    if (this.#isCancelled) return undefined
    const outcome = this.request.apply()
    outcome.then(
      (result) => this.note(this.request.describe(result)),
      (error: unknown) => this.note(error instanceof AppError ? error.code : String(error)),
    )
    return outcome
  }
}
