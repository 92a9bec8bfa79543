import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal, type VaultInHand } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { collectVault } from './collect-vault.ts'

const HOUR_MS = 3_600_000
const GRACE_MS = 24 * HOUR_MS

async function aHistory() {
  let nowMs = 0
  const inHand = await aVault(() => nowMs)
  const { vault } = inHand
  await vault.addSource('erp', signal)
  const body = await aRealCapture(vault, 'erp', { text: '1\terp\tx\n' })
  await vault.append(await vault.readTimeline('erp', signal), body, signal)
  await vault.putDocument('config', 'vault: ./vault', signal)
  return {
    ...inHand,
    pass: (ms: number) => {
      nowMs += ms
    },
    collect: (isDryRun = false, other: Vault = vault) => {
      const deps = { vault: other, random: systemRandom }
      return collectVault(deps, { graceMs: GRACE_MS, isDryRun }, signal)
    },
  }
}

const namesOf = ({ keyring, store }: VaultInHand) => [
  ...store.objects.keys(),
  ...[...keyring.objects.keys()].map((name) => `keyring:${name}`),
]
const LEFT = `${'0'.repeat(31)}1`
const PROBE = 'probe-0011223344556677'

/** What a first backup, an `init` and a `replicate` leave that are killed. */
async function leave({ keyring, store, vault }: VaultInHand): Promise<string[]> {
  const bytes = new Uint8Array(4)
  const before = new Set(namesOf({ keyring, store } as VaultInHand))
  for (const name of [`segments/_vault/${LEFT}/aa.document`, `roles/${PROBE}`]) {
    await vault.store.put(name as never, bytes, signal)
  }
  for (const name of [`_vault/${LEFT}/0`, `slots/${PROBE}`]) {
    await vault.storedKeyring.put(name as never, bytes, signal)
  }
  return namesOf({ keyring, store } as VaultInHand).filter((name) => !before.has(name))
}

test('what a first backup, an init or a replication left goes after its grace, and nothing else', async () => {
  const hand = await aHistory()
  const before = namesOf(hand)
  const left = await leave(hand)
  hand.pass(GRACE_MS - 1)
  expect(await hand.collect()).toMatchObject({ deleted: [], waiting: { objects: 4 }, fence: null })
  hand.pass(1)
  const plan = await hand.collect(true)
  expect(
    plan.deleted.map(({ name, store }) => (store === 'keyring' ? `keyring:${name}` : name)).sort(),
  ).toEqual(left.sort())
  expect(namesOf(hand)).toEqual(expect.arrayContaining(left))
  const { dead, deleted, fence } = await hand.collect()
  expect({ dead, deleted: deleted.length }).toEqual({ dead: [LEFT], deleted: 4 })
  const entry = `timelines/_vault/${String(fence).padStart(10, '0')}.entry`
  expect(namesOf(hand).sort()).toEqual([...before, entry].sort())
  expect(await hand.collect()).toMatchObject({ deleted: [], fence: null })
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  expect(await checkVault(hand.vault, options)).toMatchObject({ verdict: 'whole' })
  expect(await hand.vault.readDocument('config', signal)).toBe('vault: ./vault')
})

test('a writer that was declared dead while it paused commits nothing', async () => {
  const hand = await aHistory()
  const { open, store } = hand
  const paused = await open()
  const put = store.put.bind(store)
  let wake = () => {}
  const asleep = new Promise<void>((resolve) => {
    wake = resolve
  })
  let fellAsleep = () => {}
  const isAsleep = new Promise<void>((resolve) => {
    fellAsleep = resolve
  })
  let isFirst = true
  store.put = async (name, bytes, until) => {
    if (isFirst && name.startsWith('timelines/_vault/')) {
      isFirst = false
      fellAsleep()
      await asleep
    }
    return await put(name, bytes, until)
  }
  const putting = paused.putDocument('config', 'vault: ./other', signal)
  await isAsleep
  hand.pass(GRACE_MS)
  expect(await hand.collect()).toMatchObject({ deleted: [{}, {}] })
  wake()
  await expect(putting).rejects.toMatchObject({ code: 'vault.entry-refused' })
  expect(await hand.vault.readDocument('config', signal)).toBe('vault: ./vault')
})

test('keys that no entry speaks of go when the right ones are there, and what is said of them later does not count', async () => {
  const hand = await aHistory()
  const { keyring, vault } = hand
  const [right = ''] = [...keyring.objects.keys()].filter((name) => name.startsWith('erp/'))
  const beside = `${right}.9`
  await vault.storedKeyring.put(beside as never, new Uint8Array(8), signal)
  expect((await hand.collect()).deleted).toEqual([])
  hand.pass(GRACE_MS)
  const { deleted, fence } = await hand.collect()
  expect(deleted.map(({ stored }) => stored)).toEqual([beside])
  expect(fence).not.toBeNull()
  expect(keyring.objects.has(beside)).toBe(false)
  expect(keyring.objects.has(right)).toBe(true)
})

test('keys stay as long as the right ones are not there whole', async () => {
  const hand = await aHistory()
  const { keyring, vault } = hand
  const [right = ''] = [...keyring.objects.keys()].filter((name) => name.startsWith('erp/'))
  const beside = `${right}.9`
  await vault.storedKeyring.put(beside as never, new Uint8Array(8), signal)
  keyring.objects.set(right, new Uint8Array(8))
  hand.pass(GRACE_MS)
  expect((await hand.collect()).deleted).toEqual([])
  expect(keyring.objects.has(beside)).toBe(true)
})

test('who is no custodian collects nothing', async () => {
  const hand = await aHistory()
  await leave(hand)
  hand.pass(GRACE_MS)
  const before = namesOf(hand)
  await expect(hand.collect(false, await hand.openAs('keeper'))).rejects.toMatchObject({
    code: 'vault.role-missing',
  })
  expect(namesOf(hand)).toEqual(before)
})
