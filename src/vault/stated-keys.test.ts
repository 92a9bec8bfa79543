import { expect, test } from 'vitest'
import { sealKeyring } from '#seal/keyring'
import { publicKeyOf } from '#seal/sealing-pair'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { liveSegments } from '#timeline/timeline-state'
import { resealNow } from './change-keys.ts'
import { checkVault } from './check-vault.ts'
import { healVault } from './heal-vault.ts'
import { openWithCredential } from './open-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { RECOVERY_SLOT } from './split-keys.ts'
import {
  aFilledVault,
  DOCUMENT,
  type Files,
  openWith,
  requestWith,
  split,
} from './testing/a-split-vault.ts'
import { signal, type VaultInHand } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const onProgress = () => {}
const HASHES = { depth: 'hashes', signal, onProgress } as const

async function aSplitVault() {
  const hand = await aFilledVault()
  const files = await split(hand)
  return { hand, files, custodian: await openWith(hand, files, 'custodian.key') }
}

/** Sealed to whom it should be, in its form, with keys of somebody's own. */
async function makeUp(vault: Vault, name: string) {
  const { read } = (await vault.readDeps('erp', signal)).openers
  assert(read !== undefined, 'A restorer reads.')
  const keys = { keys: [systemRandom.bytes(32)], rows: [systemRandom.bytes(32)], blobs: [] }
  const recipients = { read: [publicKeyOf(read)], capture: [] }
  return await sealKeyring({ vaultId: vault.id, name, keys, recipients })
}

function keysOf({ keyring }: VaultInHand, source: string) {
  const found = [...keyring.objects].find(([name]) => name.startsWith(`${source}/`))
  assert(found !== undefined, 'A point has keys.')
  return found
}

const nameOf = (stored: string) => stored.replace(/\.[0-9]+$/, '')

test.each(['before', 'after'])(
  'who holds the log key alone names a keyring object that was replaced %s a split',
  async (when) => {
    const hand = await aFilledVault()
    const files: Files = when === 'after' ? await split(hand) : new Map()
    const custodian =
      when === 'after'
        ? await openWith(hand, files, 'custodian.key')
        : await hand.openAs('custodian')
    const restore = when === 'after' ? await openWith(hand, files, 'restore.key') : hand.vault
    expect(await checkVault(custodian, HASHES)).toMatchObject({ verdict: 'whole', incidents: [] })
    for (const source of ['erp', '_vault']) {
      const [stored, bytes] = keysOf(hand, source)
      const object = `keyring:${stored}`
      hand.keyring.objects.set(stored, await makeUp(restore, nameOf(stored)))
      expect(await checkVault(custodian, HASHES)).toMatchObject({
        problems: [{ object, problem: 'Its bytes are not those that were committed' }],
      })
      hand.keyring.objects.set(stored, bytes)
    }
  },
)

test('a byte that differs in what was sealed for others is named by everybody', async () => {
  const { custodian, hand } = await aSplitVault()
  const [stored, bytes] = keysOf(hand, 'erp')
  for (let at = 0; at < bytes.length; at += 83) {
    const changed = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
    hand.keyring.objects.set(stored, Uint8Array.from(changed))
    const { problems } = await checkVault(custodian, HASHES)
    expect(problems.map(({ object }) => object)).toEqual([`keyring:${stored}`])
  }
})

test('a replica takes no keyring object that was made up', async () => {
  const { custodian, files, hand } = await aSplitVault()
  const restore = await openWith(hand, files, 'restore.key')
  const [stored, bytes] = keysOf(hand, 'erp')
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const from = { store: hand.store, keyring: hand.keyring }
  hand.keyring.objects.set(stored, await makeUp(restore, nameOf(stored)))
  const replicate = () => replicateVault(custodian, { from, to, onProgress, signal })
  const problem = 'Its bytes are not those that were committed'
  const damaged = [{ object: `keyring:${stored}`, problem }]
  expect(await replicate()).toMatchObject({ damaged })
  expect(to.keyring.objects.has(stored)).toBe(false)
  hand.keyring.objects.set(stored, bytes)
  hand.keyring.objects.set(`${nameOf(stored)}.9`, await makeUp(restore, nameOf(stored)))
  await replicate()
  expect(to.keyring.objects.has(`${nameOf(stored)}.9`)).toBe(false)
  expect(to.keyring.objects.get(stored)).toEqual(bytes)
})

test('what lies above the right keys and no entry speaks of is an incident, and nobody reads it', async () => {
  const { custodian, files, hand } = await aSplitVault()
  const restore = await openWith(hand, files, 'restore.key')
  const name = nameOf(keysOf(hand, 'erp')[0])
  // As a change of keys is interrupted between its recipients and what is sealed to them.
  const { vault } = await openWithCredential(requestWith(hand, files, RECOVERY_SLOT))
  const { recipients } = await vault.readKeys(signal)
  assert(recipients !== null, 'The keys are split.')
  await vault.sayKeys(() => ({ ...recipients, epoch: 3 }), signal)
  hand.keyring.objects.set(`${name}.3`, await makeUp(restore, name))
  const byCustodian = await checkVault(custodian, HASHES)
  expect(byCustodian).toMatchObject({
    verdict: 'whole',
    incidents: [{ object: `keyring:${name}.3`, problem: expect.stringContaining('No entry says') }],
  })
  const inDepth = { ...HASHES, depth: 'decoded' } as const
  const found = { verdict: 'whole', incidents: [{ object: `keyring:${name}.3` }] }
  expect(await checkVault(restore, inDepth)).toMatchObject(found)
  // Nor what is shut for everybody.
  const made = await sealKeyring({
    vaultId: restore.id,
    name,
    keys: { keys: [systemRandom.bytes(32)], rows: [systemRandom.bytes(32)], blobs: [] },
    recipients: { read: [publicKeyOf(systemRandom.bytes(32))], capture: [] },
  })
  hand.keyring.objects.set(`${name}.3`, made)
  expect(await checkVault(restore, inDepth)).toMatchObject(found)
  const live = liveSegments(await restore.readTimeline('erp', signal))
  const ref = live.find((one) => one.ref.keyring === name)?.ref
  assert(ref !== undefined, 'A point has a segment.')
  const { keyring } = await restore.rowDeps('erp', signal)
  const right = await keyring.get(ref.keyring, {
    stated: { name: ref.keyring, bytes: ref.keyringObject },
    signal,
  })
  expect(right).toEqual(hand.keyring.objects.get(`${name}.2`))
})

test('what a thief of the storage put there is not sealed anew in the place of the right keys', async () => {
  const hand = await aFilledVault()
  const [name, bytes] = keysOf(hand, 'erp')
  const made = await makeUp(hand.vault, name)
  hand.keyring.objects.set(`${name}.2`, made)
  await split(hand)
  expect(hand.keyring.objects.get(name)).toEqual(bytes)
})

test('without what says how keys were sealed anew it is named, and the keys are not', async () => {
  const { custodian, hand } = await aSplitVault()
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const from = { store: hand.store, keyring: hand.keyring }
  await replicateVault(custodian, { from, to, onProgress, signal })
  const [list = ''] = [...hand.store.objects.keys()].filter((one) => one.endsWith('.resealed'))
  hand.store.objects.delete(list)
  const { problems } = await checkVault(custodian, HASHES)
  expect(problems).toEqual([{ object: list, problem: 'It is missing' }])
  const [stored] = keysOf(hand, '_vault')
  hand.keyring.objects.delete(stored)
  const both = await checkVault(custodian, HASHES)
  const replica = custodian.openElsewhere(to.store, to.keyring)
  const options = { replica, random: systemRandom, problems: both.problems, signal }
  const { healed } = await healVault(custodian, options)
  expect(healed).toEqual([list, `keyring:${stored}`])
  expect(await checkVault(custodian, HASHES)).toMatchObject({ verdict: 'whole' })
})

test('a certificate that rotted is named, and the keys beside it are not', async () => {
  const { custodian, hand } = await aSplitVault()
  const certificates = [...hand.store.objects].filter(([name]) => name.startsWith('roles/'))
  for (const [name, bytes] of certificates.slice(0, 3)) {
    hand.store.objects.set(name, bytes.subarray(0, -1))
    const fresh = custodian.openElsewhere(hand.store, hand.keyring)
    const { problems } = await checkVault(fresh, HASHES)
    const named = problems.map(({ object }) => object)
    expect(named).toContain(name)
    expect(named.filter((one) => one.startsWith('keyring:'))).toEqual([])
    hand.store.objects.set(name, bytes)
  }
})

test('keys that are put back after a split lie there for whom they are sealed, and are sealed anew', async () => {
  const hand = await aFilledVault()
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const from = { store: hand.store, keyring: hand.keyring }
  await replicateVault(hand.vault, { from, to, onProgress, signal })
  const [missing] = keysOf(hand, 'erp')
  const [damaged, bytes] = keysOf(hand, 'crm')
  const [document] = keysOf(hand, '_vault')
  for (const name of [missing, document]) hand.keyring.objects.delete(name)
  hand.keyring.objects.set(
    damaged,
    Uint8Array.from(bytes, (byte, i) => (i === 99 ? ~byte : byte)),
  )
  const files = await split(hand)
  const custodian = await openWith(hand, files, 'custodian.key')
  const { problems } = await checkVault(custodian, HASHES)
  const replica = custodian.openElsewhere(to.store, to.keyring)
  const options = { replica, random: systemRandom, problems, signal }
  expect((await healVault(custodian, options)).left).toEqual([])
  expect([...hand.keyring.objects.keys()]).toEqual(expect.arrayContaining([missing, document]))
  const whole = await openWithCredential(requestWith(hand, files, RECOVERY_SLOT))
  const { resealed } = await resealNow({ ...whole, keyring: hand.keyring }, signal)
  expect(resealed).toBe(3)
  const restore = await openWith(hand, files, 'restore.key')
  const inDepth = { ...HASHES, depth: 'decoded' } as const
  expect((await checkVault(restore, inDepth)).problems).toEqual([])
  expect(await restore.readDocument('config', signal)).toBe(DOCUMENT)
})

test('an auditor heals nothing, not even what has one name for ever', async () => {
  const { custodian, files, hand } = await aSplitVault()
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const from = { store: hand.store, keyring: hand.keyring }
  await replicateVault(custodian, { from, to, onProgress, signal })
  for (const source of ['erp', '_vault']) hand.keyring.objects.delete(keysOf(hand, source)[0])
  const before = namesIn(hand)
  const auditor = await openWith(hand, files, 'auditor.key')
  const { problems } = await checkVault(auditor, HASHES)
  const replica = auditor.openElsewhere(to.store, to.keyring)
  const healing = healVault(auditor, { replica, random: systemRandom, problems, signal })
  await expect(healing).rejects.toMatchObject({ code: 'vault.role-missing' })
  expect(namesIn(hand)).toEqual(before)
})

function namesIn({
  keyring,
  store,
}: {
  readonly store: MemoryStore
  readonly keyring: MemoryStore
}) {
  return [...store.objects.keys(), ...keyring.objects.keys()]
}
