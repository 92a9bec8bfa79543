import { expect, test } from 'vitest'
import { createMemoryStore } from '#store/testing/memory-store'
import { checkVault } from './check-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import {
  aReplicatedVault,
  check,
  flip,
  mergeNewest,
  onProgress,
  type Replicated,
} from './testing/a-replicated-vault.ts'
import { aFilledVault, captureText, openWith, split } from './testing/a-split-vault.ts'
import { signal } from './testing/a-vault.ts'

/** `erp` with three points, `crm` with two, all heads said after each. */
async function aVaultOfTwo() {
  const hand = await aReplicatedVault()
  const { capture, vault } = hand
  await vault.addSource('crm', signal)
  for (const [base, source] of [
    [1, 'erp'],
    [undefined, 'crm'],
    [2, 'erp'],
    [1, 'crm'],
  ] as const) {
    await capture(base, source)
    await vault.putHeads(signal)
  }
  return hand
}

/** The objects that an entry of `erp` added. */
async function addedBy({ vault }: Pick<Replicated, 'vault'>, seq: number) {
  const { entries } = await vault.readChain('erp', signal)
  const body = entries.find((entry) => entry.seq === seq)?.body
  const segment = body?.kind === 'capture' ? body.segments[0] : undefined
  return { rows: segment?.rows?.name ?? '', keyring: segment?.keyring ?? '' }
}

const pointsThere = async ({ replica }: Replicated, source: string) =>
  (await replica.readTimeline(source, signal)).points.map(({ seq }) => seq)

test('entries stay away from the first on that needs a damaged object, and all else is there', async () => {
  const hand = await aVaultOfTwo()
  const { replica, replicate, store, there } = hand
  const { rows } = await addedBy(hand, 2)
  const bytes = Uint8Array.from(store.objects.get(rows) ?? [])
  flip(store.objects.get(rows))
  const { damaged, timelines } = await replicate()
  expect(damaged).toEqual([
    { object: rows, problem: 'Its bytes are not those that were committed' },
  ])
  expect(timelines).toMatchObject([
    { timeline: 'crm', seq: 2, headSeq: 2 },
    { timeline: 'erp', seq: 1, headSeq: 3 },
    { timeline: '_vault' },
  ])
  expect(there.store.objects.has(rows)).toBe(false)
  expect(there.store.objects.has('vault.json')).toBe(true)
  expect(await pointsThere(hand, 'erp')).toEqual([1])
  expect(await pointsThere(hand, 'crm')).toEqual([1, 2])
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
  store.objects.set(rows, bytes)
  expect(await replicate()).toMatchObject({ damaged: [] })
  expect(await pointsThere(hand, 'erp')).toEqual([1, 2, 3])
  const entries = [...store.objects.keys()].filter((name) => name.startsWith('timelines/'))
  expect(entries.every((name) => there.store.objects.has(name))).toBe(true)
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
})

test('whatever object of a source is cut, missing or altered, its first replica is whole', async () => {
  const { inHand, keyring, store, vault } = await aVaultOfTwo()
  const custodian = await inHand.openAs('custodian')
  const from = { store, keyring }
  const isOfErp = (name: string) => /^(segments\/erp|erp|timelines\/erp)\//.test(name)
  for (const { objects } of [store, keyring]) {
    for (const [name, bytes] of [...objects].filter(([one]) => isOfErp(one))) {
      // The loss of the newest entry is a rollback.
      const isNewest = name.endsWith('0000000003.entry')
      const altered = bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))
      for (const damaged of [undefined, bytes.slice(0, -1), Uint8Array.from(altered)]) {
        if (isNewest) continue
        if (damaged === undefined) objects.delete(name)
        else objects.set(name, damaged)
        const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its') }
        const done = await replicateVault(custodian, { from, to, onProgress, signal })
        expect(done.damaged.map(({ object }) => object.replace('keyring:', ''))).toEqual([name])
        const replica = vault.openElsewhere(to.store, to.keyring)
        expect(await check(replica), name).toMatchObject({ verdict: 'whole', problems: [] })
        expect((await replica.readTimeline('crm', signal)).points).toHaveLength(2)
        objects.set(name, bytes)
      }
    }
  }
})

test('a replica keeps what its points need while a merge that let it go is damaged here', async () => {
  const hand = await aVaultOfTwo()
  const { replica, replicate, store, there } = hand
  await replicate()
  const merged = await mergeNewest(hand)
  flip(store.objects.get(merged))
  const before = [...there.store.objects.keys()]
  const { damaged, removed, timelines } = await replicate()
  expect(damaged.map(({ object }) => object)).toEqual([merged])
  expect(removed).toBe(0)
  expect(timelines).toContainEqual({ timeline: 'erp', seq: 3, headSeq: 4 })
  expect(before.every((name) => there.store.objects.has(name))).toBe(true)
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
})

test('what rotted here and is whole there keeps nothing back', async () => {
  const hand = await aVaultOfTwo()
  const { capture, keyring, replicate, store } = hand
  await replicate()
  const { keyring: keys, rows } = await addedBy(hand, 2)
  flip(store.objects.get(rows))
  flip(keyring.objects.get(keys))
  await capture(3)
  expect(await replicate()).toMatchObject({ damaged: [], entries: 1 })
  expect(await pointsThere(hand, 'erp')).toEqual([1, 2, 3, 4])
})

test('what is said of keys is copied, whatever is damaged', async () => {
  const hand = await aFilledVault()
  await captureText(hand.vault, 'erp', '2\tb\tx\n')
  await hand.vault.putHeads(signal)
  const files = await split(hand)
  const rows = (await addedBy(hand, 2)).rows
  hand.store.objects.delete(rows)
  const custodian = await openWith(hand, files, 'custodian.key')
  const from = { store: hand.store, keyring: hand.keyring }
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const { damaged, timelines } = await replicateVault(custodian, { from, to, onProgress, signal })
  expect(damaged).toEqual([{ object: rows, problem: 'It is missing' }])
  const facts = timelines.find(({ timeline }) => timeline === '_vault')
  expect(facts?.seq).toBe(facts?.headSeq)
  const restore = await openWith(to, files, 'restore.key')
  const [crm] = (await restore.readTimeline('crm', signal)).points
  expect(crm?.seq).toBe(1)
  // What was said of heads cannot be left out before what was said of keys.
  await expect(restore.readTimeline('erp', signal)).rejects.toMatchObject({
    code: 'timeline.rolled-back',
  })
  expect((await restore.readGoodPart('erp', signal)).points.map(({ seq }) => seq)).toEqual([1])
  const options = { depth: 'decoded', sources: ['crm'], signal, onProgress } as const
  expect(await checkVault(restore, options)).toMatchObject({ verdict: 'whole' })
})
