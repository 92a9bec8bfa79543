import { expect, test } from 'vitest'
import { appendEntry } from './append-entry.ts'
import { formatEntry } from './envelope.ts'
import { createHeadMemory } from './head-memory.ts'
import { readChain } from './read-chain.ts'
import { aCaptureBody, aTimelines, signal } from './testing/a-timeline.ts'

const garbage = new Uint8Array(500).fill(7)

test('a timeline reads back as it was written', async () => {
  const { begin, read } = aTimelines()
  await begin('erp', 3)
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2, 3])
  expect(state).toMatchObject({ headSeq: 3, incidents: [], damagedFrom: null, voids: [] })
})

test('an entry that is removed, altered, emptied or cut short is damage from there on (I5)', async () => {
  for (const change of [
    () => undefined,
    (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, i) => (i === 200 ? byte ^ 1 : byte)),
    () => new Uint8Array(),
    (bytes: Uint8Array) => bytes.slice(0, -1),
  ]) {
    const { begin, object, read, store } = aTimelines()
    await begin('erp', 4)
    const changed = change(store.objects.get(object(2)) ?? garbage)
    if (changed === undefined) store.objects.delete(object(2))
    else store.objects.set(object(2), Uint8Array.from(changed))
    const state = await read('erp')
    expect(state.damagedFrom).toBe(2)
    expect(state.points.map(({ seq }) => seq)).toEqual([1])
    expect(state.incidents.at(-1)).toMatchObject({ seq: 2 })
  }
})

test('every byte of an entry counts', async () => {
  const { begin, object, read, store } = aTimelines()
  await begin('erp', 2)
  const bytes = store.objects.get(object(1)) ?? garbage
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x01
    store.objects.set(object(1), changed)
    const state = await read('erp')
    expect({ at, points: state.points.length, from: state.damagedFrom }).toEqual({
      at,
      points: 0,
      from: 1,
    })
  }
})

test('two entries that are exchanged are both refused (I5)', async () => {
  const { begin, object, read, store } = aTimelines()
  await begin('erp', 4)
  const [second = garbage, third = garbage] = [2, 3].map((seq) => store.objects.get(object(seq)))
  store.objects.set(object(2), third)
  store.objects.set(object(3), second)
  expect((await read('erp')).damagedFrom).toBe(2)
})

test('an entry of another source is void in this one (I5)', async () => {
  const { begin, object, read, store } = aTimelines()
  await begin('erp', 2)
  await begin('crm', 3)
  store.objects.set(object(3), store.objects.get(object(3, 'crm')) ?? garbage)
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2])
  expect(state.incidents).toEqual([{ seq: 3, problem: 'Slot 3 is void: it is not authentic' }])
})

test('an entry that is replayed in a later slot is void there (I5)', async () => {
  const { begin, object, read, store } = aTimelines()
  await begin('erp', 2)
  store.objects.set(object(3), store.objects.get(object(2)) ?? garbage)
  expect((await read('erp')).points.map(({ seq }) => seq)).toEqual([1, 2])
})

test('garbage in the next slot is void, and writing goes on behind it', async () => {
  const { append, begin, nextCapture, object, read, store } = aTimelines()
  const author = await begin('erp', 1)
  store.objects.set(object(2), garbage)
  store.objects.set(object(3), new Uint8Array(3))
  expect(await append('erp', await nextCapture('erp'), author)).toMatchObject({ seq: 4 })
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 4])
  expect(state.damagedFrom).toBeNull()
  expect(state.incidents.map(({ seq }) => seq)).toEqual([2, 3])
})

test('a void slot that changes after it was chained over is damage', async () => {
  const { append, begin, nextCapture, object, read, store } = aTimelines()
  const author = await begin('erp', 1)
  store.objects.set(object(2), garbage)
  store.objects.set(object(3), garbage)
  await append('erp', await nextCapture('erp'), author)
  store.objects.set(object(2), Uint8Array.of(1, 2, 3))
  expect((await read('erp')).damagedFrom).toBe(2)
})

test('a committed entry cannot be made void afterwards', async () => {
  const { begin, object, read, store } = aTimelines()
  await begin('erp', 4)
  store.objects.set(object(2), garbage)
  store.objects.set(object(3), garbage)
  expect((await read('erp')).damagedFrom).toBe(2)
})

test('a head that was seen and is now another object is damage or a rollback', async () => {
  const { begin, deps, object, store } = aTimelines()
  await begin('erp', 2)
  const memory = createHeadMemory()
  await readChain({ ...deps, memory }, 'erp', { signal })
  store.objects.set(object(2), garbage)
  expect(await readChain({ ...deps, memory }, 'erp', { signal })).toMatchObject({ damagedFrom: 2 })
  store.objects.delete(object(2))
  const chain = await readChain({ ...deps, memory }, 'erp', { signal })
  expect(chain).toMatchObject({
    damagedFrom: 2,
    rolledBack: 'it ends at entry 1, entry 2 was seen before',
  })
})

test('an entry by somebody whom the root did not certify is void (I5)', async () => {
  const { append, begin, nextCapture, read } = aTimelines()
  await begin('erp', 1)
  const stranger = { certificateId: 'b'.repeat(32), seed: new Uint8Array(32).fill(9) }
  await append('erp', await nextCapture('erp'), stranger)
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1])
  expect(state.incidents[0]?.problem).toMatch(/nobody certified its author/)
})

test('an entry that names an author and is signed by another is void (I5)', async () => {
  const { append, begin, nextCapture, read } = aTimelines()
  const { certificateId } = await begin('erp', 1)
  const forged = { certificateId, seed: new Uint8Array(32).fill(9) }
  await append('erp', await nextCapture('erp'), forged)
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1])
  expect(state.incidents[0]?.problem).toMatch(/signature does not fit/)
})

test.each([
  ['restore', null],
  ['custodian', null],
  ['keeper', null],
  ['auditor', null],
  ['capture', 'crm'],
] as const)('a capture stated by %s of %s is void (I5)', async (role, source) => {
  const { anAuthor, append, begin, nextCapture, read } = aTimelines()
  await begin('erp', 1)
  await append('erp', await nextCapture('erp'), anAuthor(role, source))
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1])
  expect(state.incidents).toHaveLength(1)
})

test('a statement with a wrong previous hash breaks the chain, whoever signs it', async () => {
  const { begin, deps, object, read, store } = aTimelines()
  const author = await begin('erp', 2)
  const entry = {
    source: 'erp',
    seq: 3,
    previous: '0'.repeat(64),
    voids: [],
    time: '2026-01-01T00:00:00Z',
    body: aCaptureBody(2),
  }
  store.objects.set(object(3), formatEntry(deps, entry, author))
  const state = await read('erp')
  expect(state.damagedFrom).toBe(2)
})

test('an entry of a kind that is not known is read past and not written after', async () => {
  const { anAuthor, begin, chain, deps, nextCapture, object, read, store } = aTimelines()
  const author = await begin('erp', 1)
  const { headHash } = await chain('erp')
  // What a later version would write.
  const body = { kind: 'erase', run: 1 } as unknown as ReturnType<typeof aCaptureBody>
  const at = { source: 'erp', seq: 2, previous: headHash, voids: [], time: '2026-01-01T00:00:00Z' }
  const keeper = anAuthor('keeper')
  store.objects.set(object(2), formatEntry(deps, { ...at, body }, keeper))
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1])
  expect(state.unknownKinds).toEqual(['erase'])
  const request = { after: await chain('erp'), body: await nextCapture('erp'), author }
  const appending = appendEntry(deps, request, signal)
  await expect(appending).rejects.toMatchObject({ code: 'timeline.format-unsupported' })
})

test('nothing is written after damage', async () => {
  const { append, begin, nextCapture, object, store } = aTimelines()
  const author = await begin('erp', 3)
  const body = await nextCapture('erp')
  store.objects.delete(object(2))
  await expect(append('erp', body, author)).rejects.toMatchObject({ code: 'timeline.damaged' })
})

test('an entry of another format is no damage, unless it was something else when seen', async () => {
  const { append, begin, chain, deps, nextCapture, object, store } = aTimelines()
  const author = await begin('erp', 2)
  const bytes = store.objects.get(object(2)) ?? new Uint8Array()
  const later = Uint8Array.from(bytes)
  later[4] = 2
  store.objects.set(object(2), later)
  const found = await chain('erp')
  expect(found).toMatchObject({ damagedFrom: 2, isUnsupported: true })
  const appending = append('erp', await nextCapture('erp'), author)
  await expect(appending).rejects.toMatchObject({ code: 'timeline.format-unsupported' })
  const seen = await readChain(deps, 'erp', { signal })
  expect(seen).toMatchObject({ damagedFrom: 2, isUnsupported: false })
  // The entry after it names another hash.
  store.objects.set(object(2), bytes)
  await append('erp', await nextCapture('erp'), author)
  store.objects.set(object(2), later)
  expect(await chain('erp')).toMatchObject({ damagedFrom: 2, isUnsupported: false })
})
