import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import type { ObjectLock } from '#store/object-store'
import { aToldBody, beginFollowing, someTransactions, tell } from '#vault/testing/a-followed-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { extendLocks, renewalOf } from './extend-locks.ts'

const DAY_MS = 86_400_000
const KEEP_MS = 10 * DAY_MS

/** The same vault in a store that locks and writes down what is asked of it. */
function locking(vault: Vault): { vault: Vault; untilMs: Map<string, number> } {
  const untilMs = new Map<string, number>()
  const lock: ObjectLock = {
    keepMs: KEEP_MS,
    unlocked: vault.store,
    async extendRetention(name, until) {
      untilMs.set(name, until)
    },
  }
  const store = { ...vault.store, lock }
  const get = (target: Vault, name: string | symbol) => {
    if (name === 'store') return store
    const value: unknown = Reflect.get(target, name)
    return typeof value === 'function' ? value.bind(target) : value
  }
  return { vault: new Proxy(vault, { get }), untilMs }
}

test('extendLocks() locks for longer what counts, and nothing that was replaced or left behind', async () => {
  let nowMs = 1
  const inHand = await aVault(() => nowMs)
  await inHand.vault.addSource('erp', signal)
  const capture = async () => {
    const state = await inHand.vault.readTimeline('erp', signal)
    const body = await aRealCapture(inHand.vault, 'erp', { text: '1\ta\t\\N\n' })
    return { state, body }
  }
  const first = await capture()
  await inHand.vault.append(first.state, first.body, signal)
  const left = await capture()
  const second = await capture()
  const { body, state } = second
  const merged = { session: body.session, segments: body.segments, bytesStored: 0, durationMs: 0 }
  const removes = [`erp/${first.body.session}/1`]
  await inHand.vault.append(state, { kind: 'compact', removes, ...merged }, signal)

  const { untilMs, vault } = locking(inHand.vault)
  const read = () => inHand.vault.readTimeline('erp', signal)
  const deps = { vault, random: systemRandom }
  expect(await extendLocks(deps, await read(), signal)).toBe(0)
  nowMs = 6 * DAY_MS
  expect(await extendLocks(deps, await read(), signal)).toBe(untilMs.size)
  const names = [...untilMs.keys()]
  expect(names).toContain('vault.json')
  expect(names).toContain('timelines/erp/0000000002.entry')
  expect(names.some((name) => name.startsWith('roles/'))).toBe(true)
  expect(names.some((name) => name.includes(second.body.session))).toBe(true)
  for (const { session } of [first.body, left.body]) {
    expect(names.filter((name) => name.includes(session))).toEqual([])
  }
  for (const until of untilMs.values()) {
    expect(until).toBeGreaterThanOrEqual(nowMs + KEEP_MS / 2)
    expect(until).toBeLessThanOrEqual(nowMs + KEEP_MS)
  }
})

test('extendLocks() locks the tables of points for longer', async () => {
  let nowMs = 1
  const inHand = await aVault(() => nowMs)
  await beginFollowing(inHand.vault)
  const table = await tell(inHand.vault, await aToldBody(inHand.vault, someTransactions(40)))
  const { untilMs, vault } = locking(inHand.vault)
  nowMs = 6 * DAY_MS
  const state = await inHand.vault.readTimeline('erp', signal)
  await extendLocks({ vault, random: systemRandom }, state, signal)
  expect([...untilMs.keys()]).toContain(table)
})

test('extendLocks() asks nothing of a store that does not lock', async () => {
  const { vault } = await aVault()
  await vault.addSource('erp', signal)
  const state = await vault.readTimeline('erp', signal)
  expect(await extendLocks({ vault, random: systemRandom }, state, signal)).toBe(0)
})

test('renewalOf() is the same for half a lock, and between half and a whole one from now', () => {
  const days = fc.integer({ min: 1, max: 40_000 })
  fc.assert(
    fc.property(fc.nat(2 ** 41), days, (nowMs, keepDays) => {
      const keepMs = keepDays * DAY_MS
      const untilMs = renewalOf(nowMs, keepMs)
      expect(untilMs).toBeGreaterThanOrEqual(nowMs + keepMs / 2)
      expect(untilMs).toBeLessThanOrEqual(nowMs + keepMs)
      expect(untilMs % (keepMs / 2)).toBe(0)
    }),
  )
})
