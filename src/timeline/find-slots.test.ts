import { expect, test } from 'vitest'
import { createMemoryStore } from '#store/testing/memory-store'
import { formatEntryName } from './entry-name.ts'
import { findSlotsAfter, LISTED_MAX, listTimelines } from './find-slots.ts'

const { signal } = new AbortController()
const KNOWN = LISTED_MAX + 1000

/** A store whose slots up to the known head are there for whoever asks, and listed for nobody. */
function aStore(seqs: readonly number[]) {
  const store = createMemoryStore()
  for (const seq of seqs) store.objects.set(formatEntryName('erp', seq), new Uint8Array(1))
  let listings = 0
  const counting: typeof store = {
    ...store,
    list: (...args: Parameters<typeof store.list>) => {
      listings += 1
      return store.list(...args)
    },
  }
  return { store: counting, listings: () => listings }
}

async function after(headSeq: number, seqs: readonly number[]) {
  const { listings, store } = aStore(seqs)
  const found = await findSlotsAfter(store, { source: 'erp', headSeq }, signal)
  return { seqs: found?.map(({ seq }) => seq), listings: listings() }
}

const next = (count: number) => Array.from({ length: count }, (_, i) => KNOWN + 1 + i)

test.each([0, 1, 15, 16, 17, 100, 5000])(
  'findSlotsAfter() finds %i new entries of a long timeline without listing it',
  async (count) => {
    expect(await after(KNOWN, next(count))).toEqual({ seqs: next(count), listings: 0 })
  },
)

test('findSlotsAfter() tells of slots behind a lost one, so that the loss shows', async () => {
  for (const lost of [KNOWN + 1, KNOWN + 3, KNOWN + 15]) {
    const left = next(16).filter((seq) => seq !== lost)
    expect((await after(KNOWN, left)).seqs).toEqual(next(16))
  }
})

test('findSlotsAfter() lists a short timeline, and notices a hole anywhere', async () => {
  const short = [0, 1, 2, 3, 4, 5]
  expect(await after(3, short)).toEqual({ seqs: [4, 5], listings: 1 })
  for (const lost of short.slice(0, -1)) {
    expect(
      (
        await after(
          3,
          short.filter((seq) => seq !== lost),
        )
      ).seqs,
    ).toBeUndefined()
  }
  expect((await after(9, short)).seqs).toBeUndefined()
})

test('listTimelines() names timelines that have an entry', async () => {
  const { store } = aStore([0, 1])
  store.objects.set(formatEntryName('_vault', 0), new Uint8Array(1))
  // Its first entry is lost.
  store.objects.set(formatEntryName('crm', 3), new Uint8Array(1))
  expect(await listTimelines(store, signal)).toEqual(['_vault', 'crm', 'erp'])
  async function* listFolder(folder: string) {
    const below = [...store.objects.keys()].filter((name) => name.startsWith(folder)).sort()
    const names = below.map((name) => name.slice(folder.length).replace(/\/.*/, '/'))
    yield* new Set(folder === 'timelines/' ? [...names, 'none/'] : names)
  }
  expect(await listTimelines({ ...store, listFolder }, signal)).toEqual(['_vault', 'crm', 'erp'])
})
