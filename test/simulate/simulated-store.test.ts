import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { parseObjectName } from '#store/object-name'
import { testObjectStore } from '#store/testing/object-store-contract'
import { Chance } from './testing/chance.ts'
import { Life } from './testing/life.ts'
import { openNetwork } from './testing/open-network.ts'
import { Scheduler } from './testing/scheduler.ts'
import { CALM, FAULTS, type Fault, type Weather } from './testing/weather.ts'

const { signal } = new AbortController()
const name = parseObjectName('a/b')
const bytes = Uint8Array.of(1, 2, 3)

testObjectStore('simulated, in a calm', async () => {
  const { store, [Symbol.asyncDispose]: close } = await openNetwork(CALM)
  return { ...store, [Symbol.asyncDispose]: close }
})

/** Every request meets this fault. */
function always(fault: Fault): Weather {
  const faults = Object.fromEntries(FAULTS.map((one) => [one, one === fault ? 1 : 0]))
  return { ...CALM, faults: faults as Weather['faults'] }
}

const outcomeOf = (doing: Promise<unknown>) =>
  doing.catch((error: unknown) => (error instanceof AppError ? error.code : error))

test.each([
  ['refused', 'store.unavailable', false],
  ['lost', 'store.unavailable', false],
  ['answer lost', 'store.unavailable', true],
  ['late', 'store.unavailable', false],
  ['twice', 'stored', true],
  ['cut short', 'stored', true],
  ['full', 'store.full', false],
] as const)('a put that is %s answers %s', async (fault, answer, isThere) => {
  await using open = await openNetwork(always(fault))
  expect(await outcomeOf(open.store.put(name, bytes, signal))).toBe(answer)
  expect(open.memory.objects.has(name)).toBe(isThere)
})

test('a put that is late arrives after it was given up, and replaces nothing', async () => {
  await using open = await openNetwork(always('late'))
  const putting = outcomeOf(open.store.put(name, bytes, signal))
  const kept = parseObjectName('a/c')
  const other = outcomeOf(open.store.put(kept, bytes, signal))
  open.memory.objects.set(kept, Uint8Array.of(9))
  await Promise.all([putting, other])
  const failedAtMs = open.scheduler.nowMs
  await expect.poll(() => open.memory.objects.get(name)).toEqual(bytes)
  expect(open.scheduler.nowMs).toBeGreaterThan(failedAtMs)
  expect(open.memory.objects.get(kept)).toEqual(Uint8Array.of(9))
})

test('a delete that comes twice takes away what was put between', async () => {
  await using open = await openNetwork(always('twice'))
  open.memory.objects.set(name, bytes)
  await open.store.delete(name, signal)
  open.memory.objects.set(name, bytes)
  await expect.poll(() => open.memory.objects.has(name)).toBe(false)
})

test('a read that is cut short says so', async () => {
  await using open = await openNetwork(always('cut short'))
  await open.store.put(name, bytes, signal)
  expect(await outcomeOf(open.store.get(name, { signal }))).toBe('store.short-read')
})

test('an outage is met by every request until it is over', async () => {
  await using open = await openNetwork({ ...CALM, outages: 1, isCalm: false })
  const answers = new Set<unknown>()
  for (let i = 0; i < 5; i++) answers.add(await outcomeOf(open.store.stat(name, signal)))
  expect([...answers]).toEqual(['store.unavailable'])
})

test('whoever stops waiting is told at once, and what was sent arrives all the same', async () => {
  await using open = await openNetwork(CALM)
  const stopping = new AbortController()
  const putting = open.store.put(name, bytes, stopping.signal)
  stopping.abort(new Error('stop'))
  await expect(putting).rejects.toThrow('stop')
  await expect.poll(() => open.memory.objects.get(name)).toEqual(bytes)
})

test('whoever is dead is told nothing more', () => {
  const scheduler = new Scheduler({
    idle: async () => {},
    isIdle: () => true,
    [Symbol.dispose]() {},
  })
  const weather = { ...CALM, deaths: 1, isCalm: false }
  let deaths = 0
  let told = 0
  const deps = { chance: new Chance('dying'), name: 'life', onDeath: () => deaths++ }
  const life = new Life({ scheduler, weather, log: () => {} }, deps)
  life.sent(() => told++)
  for (let i = 0; i < 500; i++) life.spend()
  life.deliver(() => told++)
  expect({ deaths, told, isDead: life.isDead }).toEqual({ deaths: 1, told: 1, isDead: true })
})
