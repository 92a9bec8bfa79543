import { expect, test } from 'vitest'
import { sealKeyring } from '#seal/keyring'
import { publicKeyOf } from '#seal/sealing-pair'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from './check-vault.ts'
import { healVault } from './heal-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { aFilledVault, openWith, split } from './testing/a-split-vault.ts'
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
  return { hand, to, as, replicate }
}

const earlierKeys = ({ objects }: MemoryStore) =>
  [...objects.keys()].filter((name) => /\/[0-9]+$/.test(name))

test('keyring objects for earlier keys stay until the newer ones have been opened', async () => {
  const { as, replicate, to } = await aReplicaOfBefore()
  const before = earlierKeys(to.keyring)
  expect(before.length).toBeGreaterThan(0)
  const byCustodian = await replicate(await as('custodian.key'))
  expect(byCustodian).toMatchObject({ surplusKeys: before.length, removed: 0 })
  expect(earlierKeys(to.keyring)).toEqual(before)
  const restore = await as('restore.key')
  expect(await replicate(restore)).toMatchObject({ surplusKeys: 0, removed: before.length })
  expect(earlierKeys(to.keyring)).toEqual([])
  const replica = restore.openElsewhere(to.store, to.keyring)
  const options = { depth: 'decoded', signal, onProgress } as const
  expect(await checkVault(replica, options)).toMatchObject({ verdict: 'whole', problems: [] })
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
  await expect(replicate(await as('custodian.key'))).rejects.toMatchObject({
    code: 'vault.object-damaged',
  })
  expect(to.keyring.objects.has(name)).toBe(false)
})

test('a key that a replica made up is not put in the place of a missing one', async () => {
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
  const replica = keeper.openElsewhere(to.store, to.keyring)
  const problems = [{ object: `keyring:${place}`, problem: 'It is missing' }]
  const options = { replica, random: systemRandom, problems, signal }
  expect(await healVault(keeper, options)).toMatchObject({ healed: [] })
  expect(hand.keyring.objects.has(name)).toBe(false)
})

async function recipientsOf(vault: Vault) {
  const { read } = (await vault.readDeps('erp', signal)).openers
  assert(read !== undefined, 'A keeper reads.')
  return { read: [publicKeyOf(read)], capture: [] }
}
