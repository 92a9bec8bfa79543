import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { formatEntry } from './envelope.ts'
import { createHeadMemory } from './head-memory.ts'
import { readChain } from './read-chain.ts'
import { openSlotMemory } from './slot-memory.ts'
import { aTimelines, signal } from './testing/a-timeline.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-slots-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function aLongTimeline(captures = 40) {
  const timelines = aTimelines()
  const author = await timelines.begin('erp', captures)
  const reads: string[] = []
  const store = {
    ...timelines.store,
    get: (...args: Parameters<typeof timelines.store.get>) => {
      reads.push(args[0])
      return timelines.store.get(...args)
    },
  }
  /** As the next command on this machine does. */
  const read = async () => {
    reads.length = 0
    const slots = openSlotMemory(folder, timelines.deps)
    const deps = { ...timelines.deps, store, memory: createHeadMemory(), slots }
    return await readChain(deps, 'erp', { signal })
  }
  return { ...timelines, author, read, reads }
}

test('what was verified once is not read again, and gives the same chain', async () => {
  const { append, author, chain, nextCapture, object, read, reads } = await aLongTimeline()
  expect(await read()).toEqual(await chain('erp'))
  expect(reads).toHaveLength(41)
  expect(await read()).toEqual(await chain('erp'))
  expect(reads).toEqual([object(40)])
  await append('erp', await nextCapture('erp'), author)
  expect(await read()).toEqual(await chain('erp'))
  expect(reads).toEqual([object(41)])
})

test('a timeline that is another one now is read as it is now', async () => {
  const { author, chain, deps, nextCapture, object, read, store } = await aLongTimeline()
  await read()
  const { entries } = await chain('erp')
  const previous = entries.at(-1)?.previous ?? null
  const body = await nextCapture('erp')
  const at = { source: 'erp', seq: 40, previous, voids: [], time: '2026-01-01T00:00:00Z' }
  store.objects.set(object(40), formatEntry(deps, { ...at, body: { ...body, base: 39 } }, author))
  expect(await read()).toEqual(await chain('erp'))
  store.objects.delete(object(40))
  expect(await read()).toEqual(await chain('erp'))
  store.objects.delete(object(20))
  expect(await read()).toMatchObject({ damagedFrom: 20 })
})

test('what is kept is sealed, and anything else in its place is not believed', async () => {
  const { chain, read, reads } = await aLongTimeline()
  await read()
  const path = join(folder, 'erp.entries')
  const bytes = await readFile(path)
  expect(bytes.includes('capture')).toBe(false)
  bytes[60] = (bytes[60] ?? 0) ^ 1
  await writeFile(path, bytes)
  expect(await read()).toEqual(await chain('erp'))
  expect(reads).toHaveLength(41)
})
