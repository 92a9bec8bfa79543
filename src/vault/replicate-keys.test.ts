import { expect, test } from 'vitest'
import { sealKeyring } from '#seal/keyring'
import { publicKeyOf } from '#seal/sealing-pair'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from './check-vault.ts'
import { healVault } from './heal-vault.ts'
import { listKeys } from './list-keys.ts'
import { openWithCredential } from './open-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { revokeCertificate } from './rotate-keys.ts'
import { RECOVERY_SLOT } from './split-keys.ts'
import { aFilledVault, openWith, requestWith, split } from './testing/a-split-vault.ts'
import { signal } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const onProgress = () => {}

/** A replica from before the keys were split, and the vault since. */
async function aReplicaOfBefore() {
  const hand = await aFilledVault()
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const from = { store: hand.store, keyring: hand.keyring }
  const replicate = async (vault: Vault) =>
    await replicateVault(vault, { from, to, onProgress, signal })
  await replicate(hand.vault)
  const files = await split(hand)
  const as = (file: string) => openWith(hand, files, file)
  return { hand, files, to, as, replicate }
}

const earlierKeys = ({ objects }: MemoryStore) =>
  [...objects.keys()].filter((name) => /\/[0-9]+$/.test(name))

test('keyring objects for earlier keys go when whoever holds the log key alone replicates', async () => {
  const { as, replicate, to } = await aReplicaOfBefore()
  const before = earlierKeys(to.keyring)
  expect(before.length).toBeGreaterThan(0)
  const custodian = await as('custodian.key')
  expect(await replicate(custodian)).toMatchObject({ surplusKeys: 0, removed: before.length })
  expect(earlierKeys(to.keyring)).toEqual([])
  for (const [file, depth] of [
    ['custodian.key', 'hashes'],
    ['restore.key', 'decoded'],
  ] as const) {
    const replica = (await as(file)).openElsewhere(to.store, to.keyring)
    const report = await checkVault(replica, { depth, signal, onProgress })
    expect(report).toMatchObject({ verdict: 'whole', problems: [] })
    // Slots stay, as a thief could have removed them here; a check of the replica notes those.
    const slots = [...to.keyring.objects.keys()].filter((name) => name.startsWith('slots/'))
    const noted = report.incidents.map(({ object }) => object).sort()
    expect(noted).toEqual(slots.map((name) => `keyring:${name}`).sort())
  }
})

test('what the replica knows is right stays there when the vault was rolled back', async () => {
  const { as, files, hand, replicate, to } = await aReplicaOfBefore()
  const [store, keyring] = [new Map(hand.store.objects), new Map(hand.keyring.objects)]
  const request = requestWith(hand, files, RECOVERY_SLOT)
  const { keys } = await listKeys((await openWithCredential(request)).vault, signal)
  const id = keys.find(({ isRevoked, role }) => role === 'restore' && !isRevoked)?.id ?? ''
  await revokeCertificate({ ...request, id })
  await replicate(await as('custodian.key'))
  const right = new Map(to.keyring.objects)
  hand.store.objects.clear()
  hand.keyring.objects.clear()
  for (const [name, bytes] of store) hand.store.objects.set(name, bytes)
  for (const [name, bytes] of keyring) hand.keyring.objects.set(name, bytes)
  const { removed, surplusKeys } = await replicate(await as('custodian.key'))
  expect({ removed, surplusKeys }).toEqual({ removed: 0, surplusKeys: 3 })
  for (const [name, bytes] of right) expect(to.keyring.objects.get(name)).toEqual(bytes)
})

test.each(['custodian.key', 'restore.key'])(
  'with %s nothing that stands in the place of a key makes the good one in the replica go',
  async (file) => {
    const { as, hand, replicate, to } = await aReplicaOfBefore()
    await replicate(await as('custodian.key'))
    const objects = [...hand.keyring.objects].filter(([name]) => name.startsWith('erp/'))
    const [[name, bytes] = ['', new Uint8Array()]] = objects
    const [[, foreign] = ['', bytes]] = [...hand.keyring.objects].filter(([one]) =>
      one.startsWith('crm/'),
    )
    const good = new Map(to.keyring.objects)
    for (const other of [new Uint8Array(8), foreign]) {
      hand.keyring.objects.delete(name)
      hand.keyring.objects.set(name.replace(/\.[0-9]+$/, '.9'), other)
      await replicate(await as(file)).catch(() => undefined)
      for (const one of good.keys()) {
        if (one.startsWith(name)) expect(to.keyring.objects.get(one)).toEqual(bytes)
      }
    }
  },
)

test('a keyring object that rotted is not copied', async () => {
  const { as, hand, replicate, to } = await aReplicaOfBefore()
  const [name = ''] = [...hand.keyring.objects.keys()].filter((one) => one.startsWith('erp/'))
  hand.keyring.objects.set(name, new Uint8Array(8))
  const { damaged } = await replicate(await as('custodian.key'))
  expect(damaged.map(({ object }) => object)).toEqual([`keyring:${name}`])
  expect(to.keyring.objects.has(name)).toBe(false)
})

test.each(['keeper.key', 'custodian.key'])(
  'with %s a key that a replica made up is not put in the place of a missing one',
  async (file) => {
    const { as, hand, replicate, to } = await aReplicaOfBefore()
    const keeper = await as('keeper.key')
    await replicate(keeper)
    const [name = ''] = [...hand.keyring.objects.keys()].filter((one) => one.startsWith('erp/'))
    const place = name.replace(/\.[0-9]+$/, '')
    const made = await sealKeyring({
      vaultId: keeper.id,
      name: place,
      keys: { keys: [systemRandom.bytes(32)], rows: [systemRandom.bytes(32)], blobs: [] },
      recipients: await recipientsOf(keeper),
    })
    to.keyring.objects.set(name, made)
    hand.keyring.objects.delete(name)
    const vault = await as(file)
    const replica = vault.openElsewhere(to.store, to.keyring)
    const problems = [{ object: `keyring:${place}`, problem: 'It is missing' }]
    const options = { replica, random: systemRandom, problems, signal }
    expect(await healVault(vault, options)).toMatchObject({ healed: [] })
    expect(hand.keyring.objects.has(name)).toBe(false)
  },
)

async function recipientsOf(vault: Vault) {
  const { read } = (await vault.readDeps('erp', signal)).openers
  assert(read !== undefined, 'A keeper reads.')
  return { read: [publicKeyOf(read)], capture: [] }
}
