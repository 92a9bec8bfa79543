import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { checkVault } from './check-vault.ts'
import { healVault } from './heal-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { aReplicatedVault, check, flip, onProgress } from './testing/a-replicated-vault.ts'
import { openWith, split } from './testing/a-split-vault.ts'
import { signal } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const heal = async (vault: Vault, replica: Vault) => {
  const { problems } = await check(vault)
  return await healVault(vault, { replica, problems, random: systemRandom, signal })
}

const rowsIn = (names: Iterable<string>) => [...names].find((one) => one.endsWith('.rows')) ?? ''

test('a replica is not healed from its vault, and comes back by replicating', async () => {
  const { replica, replicate, there, vault } = await aReplicatedVault()
  await replicate()
  const rows = rowsIn(there.store.objects.keys())
  flip(there.store.objects.get(rows))
  const before = new Map(there.store.objects)
  await expect(heal(replica, vault)).rejects.toMatchObject({ code: 'vault.is-replica' })
  expect(there.store.objects).toEqual(before)
  there.store.objects.delete(rows)
  expect(await replicate()).toMatchObject({ objects: 1, entries: 0 })
  expect(await check(replica)).toMatchObject({ verdict: 'whole' })
})

test('a replica that took the place of its vault is healed once its mark is gone', async () => {
  const { replica, replicate, there, vault } = await aReplicatedVault()
  await replicate()
  flip(there.store.objects.get(rowsIn(there.store.objects.keys())))
  there.store.objects.delete('replica.json')
  expect(await heal(replica, vault)).toMatchObject({ left: [] })
  expect(await check(replica)).toMatchObject({ verdict: 'whole' })
})

test('what is copied back from a replica makes the vault no replica', async () => {
  const { inHand, replica, replicate, store, there } = await aReplicatedVault()
  await replicate()
  store.objects.delete('timelines/erp/0000000001.entry')
  const to = { store, keyring: inHand.keyring }
  await replicateVault(replica, { from: there, to, onProgress, signal })
  expect(store.objects.has('timelines/erp/0000000001.entry')).toBe(true)
  expect(store.objects.has('replica.json')).toBe(false)
})

test('no entry is written where the other side has newer ones of that source', async () => {
  const { capture, inHand, replica, replicate, store } = await aReplicatedVault()
  const newest = `timelines/erp/000000000${await capture(1)}.entry`
  await replicate()
  store.objects.delete(newest)
  flip(store.objects.get(rowsIn(store.objects.keys())))
  const before = [...store.objects.keys()]
  const { healed, left } = await heal(await inHand.open(), replica)
  expect(healed).toEqual([])
  expect(left).toMatchObject([{ problem: expect.stringContaining('newer entries') }])
  expect([...store.objects.keys()]).toEqual(before)
})

test('keys are named and healed by the file they lie in, sealed anew and repaired', async () => {
  const { inHand, keyring, replicate, store, there } = await aReplicatedVault()
  const files = await split(inHand)
  await replicate()
  const custodian = await openWith({ store, keyring }, files, 'custodian.key')
  const replica = custodian.openElsewhere(there.store, there.keyring)
  const ofErp = () => [...keyring.objects.keys()].filter((one) => one.startsWith('erp/'))
  const [first = ''] = ofErp()
  expect(first).toMatch(/\.2$/)
  const hashes = { depth: 'hashes', signal, onProgress } as const
  const named = async () => (await checkVault(custodian, hashes)).problems.map((one) => one.object)
  keyring.objects.delete(first)
  expect(await named()).toEqual([`keyring:${first}`])
  const healOnce = async () => {
    const { problems } = await checkVault(custodian, hashes)
    return await healVault(custodian, { replica, problems, random: systemRandom, signal })
  }
  expect(await healOnce()).toEqual({ healed: [`keyring:${first}`], left: [] })
  flip(keyring.objects.get(first))
  expect(await healOnce()).toEqual({ healed: [`keyring:${first}`], left: [] })
  const repair = ofErp().find((one) => one !== first) ?? ''
  flip(keyring.objects.get(repair))
  expect(await named()).toEqual([`keyring:${repair}`])
  expect(await healOnce()).toEqual({ healed: [`keyring:${repair}`], left: [] })
  expect(await named()).toEqual([])
})
