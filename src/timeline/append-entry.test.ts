import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import type { ObjectStore } from '#store/object-store'
import { type Fault, faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { appendEntry } from './append-entry.ts'
import { aTimelines, signal } from './testing/a-timeline.ts'

async function appendThrough(fault: Fault) {
  const timelines = aTimelines()
  const author = await timelines.begin('erp', 1)
  const body = await timelines.nextCapture('erp')
  const after = await timelines.chain('erp')
  const store = faultyStore(timelines.store, fault)
  const appending = appendEntry({ ...timelines.deps, store }, { after, body, author }, signal)
  return { ...timelines, author, body, after, appending }
}

test.each([true, false])(
  'a time-out is retried until the slot is decided; applied: %s',
  async (isApplied) => {
    const { appending, read } = await appendThrough({ at: 1, kind: 'fails', isApplied })
    expect(await appending).toMatchObject({ seq: 2 })
    expect((await read('erp')).points.map(({ seq }) => seq)).toEqual([1, 2])
  },
)

test.each([true, false])(
  'a death at the commit leaves the old head or the new one; applied: %s',
  async (isApplied) => {
    const { appending, read } = await appendThrough({ at: 1, kind: 'dies', isApplied })
    await expect(appending).rejects.toThrow(ProcessDeath)
    const state = await read('erp')
    expect(state).toMatchObject({ headSeq: isApplied ? 2 : 1, incidents: [], damagedFrom: null })
  },
)

test('a store that never answers leaves it said that nothing is known', async () => {
  const { begin, chain, deps, nextCapture } = aTimelines()
  const author = await begin('erp', 0)
  const silent: ObjectStore = {
    ...deps.store,
    async put() {
      throw new AppError('store.unavailable', 'Cannot write an object: the store did not answer')
    },
  }
  const request = { after: await chain('erp'), body: await nextCapture('erp'), author }
  const appending = appendEntry({ ...deps, store: silent }, request, signal)
  await expect(appending).rejects.toMatchObject({ code: 'timeline.undecided' })
})

test('whoever comes second has lost the race, and nothing of theirs is there', async () => {
  const { after, appending, author, body, deps, read } = await appendThrough({
    at: 99,
    kind: 'fails',
    isApplied: false,
  })
  await appending
  const second = appendEntry(deps, { after, body, author }, signal)
  await expect(second).rejects.toMatchObject({ code: 'timeline.lost-race' })
  expect((await read('erp')).headSeq).toBe(2)
})

test('an entry that reads back as something else is not a success (I9)', async () => {
  const { begin, chain, deps, nextCapture } = aTimelines()
  const author = await begin('erp', 0)
  const lossy = { ...deps.store, get: async () => new Uint8Array(10) }
  const request = { after: await chain('erp'), body: await nextCapture('erp'), author }
  const appending = appendEntry({ ...deps, store: lossy }, request, signal)
  await expect(appending).rejects.toMatchObject({ code: 'timeline.damaged' })
})

test('an interrupt ends the waiting', async () => {
  const { begin, chain, deps, nextCapture } = aTimelines()
  const author = await begin('erp', 0)
  const store = faultyStore(deps.store, { at: 1, kind: 'fails', isApplied: false })
  const request = { after: await chain('erp'), body: await nextCapture('erp'), author }
  const aborting = new AbortController()
  const clock = { ...deps.clock, sleep: async () => aborting.abort(new Error('stop')) }
  const appending = appendEntry({ ...deps, store, clock }, request, aborting.signal)
  await expect(appending).rejects.toThrow('stop')
})
