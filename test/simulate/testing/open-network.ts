import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ObjectStore } from '#store/object-store'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { Chance } from './chance.ts'
import { Life } from './life.ts'
import { Network } from './network.ts'
import { Scheduler } from './scheduler.ts'
import { simulatedStore } from './simulated-store.ts'
import { watchThreads } from './watch-threads.ts'
import type { Weather } from './weather.ts'

export type OpenNetwork = AsyncDisposable & {
  readonly store: ObjectStore
  /** What is really there. */
  readonly memory: MemoryStore
  readonly scheduler: Scheduler
}

/** One process and one store with a network between, whose time passes while it is open. */
export async function openNetwork(weather: Weather, seed = 1): Promise<OpenNetwork> {
  const threads = watchThreads()
  const scheduler = new Scheduler(threads)
  const memory = createMemoryStore()
  const chance = new Chance(`network ${seed}`)
  const around = { scheduler, weather, log: () => {} }
  const network = new Network(around, chance)
  const life = new Life(around, { chance: chance.fork('life'), name: 'life', onDeath: () => {} })
  const watch = { offered: () => {}, stored: () => {}, deleted: () => {} }
  const nowMs = () => scheduler.nowMs
  const deps = { network, memory, pageMax: 3, watch, past: [], nowMs }
  const store = simulatedStore(deps, life)
  let isOpen = true
  const passing = letTimePass(scheduler, () => isOpen)
  return {
    store,
    memory,
    scheduler,
    async [Symbol.asyncDispose]() {
      isOpen = false
      await passing
      threads[Symbol.dispose]()
    },
  }
}

async function letTimePass(scheduler: Scheduler, isOpen: () => boolean): Promise<void> {
  while (isOpen()) {
    await scheduler.run(
      () => false,
      async () => {},
    )
    await nextTurn()
  }
}
