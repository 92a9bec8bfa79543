import { afterAll, expect, test } from 'vitest'
import { sourceKeysOf } from '#seal/credential'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { parseObjectName } from '#store/object-name'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { parseEntryName } from '#timeline/entry-name'
import { openWithCredential } from '#vault/open-vault'
import { SEEDS } from './seeds.ts'
import type { Actor } from './testing/actor.ts'
import { capturer } from './testing/actors/capturer.ts'
import { replicator } from './testing/actors/replicator.ts'
import { formatFailure } from './testing/format-simulated.ts'
import { PASSPHRASE } from './testing/key-cabinet.ts'
import { runSimulation, type SimulationOptions } from './testing/run-simulation.ts'
import { watchThreads } from './testing/watch-threads.ts'
import { CALM } from './testing/weather.ts'

// A machine that is busy with other tests takes several times as long.
const timeout = 120_000
const threads = watchThreads()
afterAll(() => threads[Symbol.dispose]())

test.each(SEEDS)('nothing breaks with seed %i', { timeout }, async (seed) => {
  const simulated = await runSimulation(seed, { threads })
  if (simulated.failure !== undefined) expect.unreachable(formatFailure(simulated))
  expect(simulated.points).toBeGreaterThan(0)
})

test('the same seed gives the same run, event by event', { timeout }, async () => {
  const run = () => runSimulation(3, { threads, days: 3 })
  const [first, second] = [await run(), await run()]
  expect(second.logHash).toBe(first.logHash)
  expect((await runSimulation(4, { threads, days: 3 })).logHash).not.toBe(first.logHash)
})

/** What the first of some seeds that break anything breaks. */
async function findFailure(options: Omit<SimulationOptions, 'threads'>): Promise<string> {
  for (let seed = 1; seed <= 20; seed++) {
    const { failure } = await runSimulation(seed, { days: 3, ...options, threads })
    if (failure !== undefined) return String(failure)
  }
  return 'nothing'
}

/** A store with one thing different, which the probe of a new vault does not try. */
function openBroken(change: (memory: MemoryStore) => Partial<MemoryStore>) {
  return (label?: string, nowMs?: () => number): MemoryStore => {
    const memory = createMemoryStore(label, nowMs)
    return { ...memory, ...change(memory) }
  }
}

test('a store in which the last writer of an entry wins is found out', { timeout }, async () => {
  const memory = openBroken(({ objects, put }) => ({
    async put(name, bytes, signal) {
      if (parseEntryName(name) === undefined) return await put(name, bytes, signal)
      objects.set(name, Uint8Array.from(bytes))
      return 'stored'
    },
  }))
  expect(await findFailure({ memory })).toMatch(/Cannot trust timeline|Violation: I/)
})

test('a store that forgets what it confirmed is found out', { timeout }, async () => {
  const memory = openBroken(({ put }) => ({
    put: async (name, bytes, signal) =>
      name.endsWith('.rows') ? 'stored' : await put(name, bytes, signal),
  }))
  expect(await findFailure({ memory })).toContain('Cannot commit object')
})

test('whoever deletes what a point is read from is found out (I4)', { timeout }, async () => {
  const saboteur: Actor = {
    name: 'saboteur',
    holds: 'everything',
    restMs: 1000,
    mustSucceed: false,
    async turn({ signal, truth, vault }) {
      const needed = [...truth.needed].find((name) => name.endsWith('.rows')) ?? 'vault:none'
      await vault.store.delete(parseObjectName(needed.slice('vault:'.length)), signal)
    },
  }
  const actors = [capturer('capturer', 'erp', true), saboteur]
  expect(await findFailure({ actors, weather: CALM })).toMatch(/^Violation: I4: vault object/)
})

test('whoever lets points go before their time is found out (I2)', { timeout }, async () => {
  const hasty: Actor = {
    name: 'hasty',
    holds: 'everything',
    restMs: 1000,
    mustSucceed: false,
    async turn({ signal, truth, vault }) {
      const state = await vault.readTimeline('erp', signal)
      const points = state.points.slice(0, -1).map(({ seq }) => seq)
      if (points.length === 0) return
      // It believes a clock that is ten years ahead.
      for (const seq of points) truth.judgedOld('erp', seq, 3650 * 86_400_000)
      const proposal = { kind: 'expire' as const, basis: state.basis, points }
      await vault.append(state, await vault.cosign('erp', proposal, signal), signal)
    },
  }
  const actors = [capturer('capturer', 'erp', true), hasty]
  expect(await findFailure({ actors, weather: CALM })).toMatch(
    /^Violation: I2: erp@\d+ went \d+ ms early/,
  )
})

test('listings of the past make nobody wrong', { timeout }, async () => {
  const weather = { ...CALM, staleLists: 0.5, isCalm: false }
  const done = { turns: 0, points: 0 }
  for (let seed = 1; seed <= 6; seed++) {
    const simulated = await runSimulation(seed, { threads, weather, days: 3 })
    if (simulated.failure !== undefined) expect.unreachable(formatFailure(simulated))
    done.turns += simulated.turns.reduce((total, { succeeded }) => total + succeeded, 0)
    done.points += simulated.points
  }
  expect(done.turns).toBeGreaterThan(20)
  expect(done.points).toBeGreaterThan(3)
})

test('a replica that shows points before they are there is found out', { timeout }, async () => {
  const hasty: Actor = {
    name: 'hasty',
    holds: 'everything',
    restMs: 1000,
    mustSucceed: false,
    async turn({ memory, replica, signal }) {
      const names = [...memory.store.objects.keys()]
      for (const name of names.filter((one) => /^(vault.json|roles|timelines)/.test(one))) {
        const bytes = memory.store.objects.get(name) ?? new Uint8Array()
        await replica.store.put(parseObjectName(name), bytes, signal)
      }
    },
  }
  const actors = [capturer('capturer', 'erp', true), replicator('replicator', true), hasty]
  expect(await findFailure({ actors, weather: CALM })).toMatch(/is not in the store/)
})

test('whoever revokes what was told to be committed is found out (I2)', { timeout }, async () => {
  const careless: Actor = {
    name: 'careless',
    holds: 'everything',
    restMs: 1000,
    mustSucceed: false,
    async turn({ clock, random, raw, signal, truth }) {
      if (truth.pointsOf('erp').length < 2) return
      const opening = { ...raw, clock, random, stateDir: undefined, signal }
      const { credential, vault } = await openWithCredential({
        ...opening,
        passphrase: PASSPHRASE,
      })
      const { signing = new Uint8Array() } = sourceKeysOf(credential, 'erp')
      const certificate = signingKeyId(signingPublicKeyOf(signing))
      const certificates = [{ certificate, last: { erp: 1, _vault: 99 } }]
      await vault.sayKeys(() => ({ kind: 'revoke', certificates }), signal)
    },
  }
  const actors = [capturer('capturer', 'erp', true), careless]
  expect(await findFailure({ actors, weather: CALM })).toMatch(
    /^Violation: I2: erp@\d+ was told to be committed and is revoked/,
  )
})
