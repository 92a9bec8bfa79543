import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { createMemoryStore } from '#store/testing/memory-store'
import { locatePoint } from '#timeline/locate-point'
import { parsePointAddress } from '#timeline/resolve-point'
import { checkVault } from './check-vault.ts'
import { healVault } from './heal-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { aToldBody, beginFollowing, someTransactions, tell } from './testing/a-followed-vault.ts'
import { aVault, signal } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const onProgress = () => {}

/** A scan, and a point of a feed with more transactions than an entry lists. */
async function aFollowedVault(count = 100) {
  const inHand = await aVault()
  const { vault } = inHand
  await beginFollowing(vault)
  const table = await tell(vault, await aToldBody(vault, someTransactions(count)))
  return { ...inHand, inHand, table }
}

async function check(vault: Vault, depth: 'hashes' | 'authenticated' = 'hashes') {
  return await checkVault(vault, { depth, signal, onProgress })
}

async function find(vault: Vault, moment: string) {
  const state = await vault.readTimeline('erp', signal)
  return await locatePoint(vault, state, parsePointAddress(`erp@${moment}`), signal)
}

test('transactions are read from their table, by whoever may read the log', async () => {
  const { openAs, store, table } = await aFollowedVault()
  for (const vault of [await openAs('custodian'), await openAs('auditor')]) {
    const point = await find(vault, '2.7')
    expect(point.transaction).toEqual({ ...someTransactions(100)[6], ordinal: 7 })
    expect(point.entities.map(({ rows }) => rows)).toEqual([8])
    expect((await find(vault, '2026-06-30T13:00:41.5Z')).asOf).toEqual({ seq: 2, ordinal: 42 })
  }
  const perTransaction = (store.objects.get(table)?.byteLength ?? 0) / 100
  expect(perTransaction).toBeLessThan(20)
})

test('a damaged table is named, and only what lies between its transactions is lost', async () => {
  const { store, table, vault } = await aFollowedVault()
  const bytes = store.objects.get(table) ?? new Uint8Array()
  expect(await check(vault)).toMatchObject({ verdict: 'whole' })
  const deep = await check(vault, 'authenticated')
  expect(deep.problems.map(({ object }) => object)).not.toContain(table)
  const flipped = Uint8Array.from(bytes, (byte, at) => (at === 60 ? byte ^ 1 : byte))
  for (const damaged of [undefined, new Uint8Array(), bytes.slice(0, -1), flipped]) {
    if (damaged === undefined) store.objects.delete(table)
    else store.objects.set(table, damaged)
    const { problems } = await check(vault)
    expect(problems.map(({ object }) => object)).toEqual([table])
    await expect(find(vault, '2.7')).rejects.toMatchObject({
      code: 'timeline.transactions-damaged',
      message: expect.stringContaining(table),
    })
    expect((await find(vault, '2')).entities.map(({ rows }) => rows)).toEqual([101])
  }
})

test('a table that its entry does not sum up is damage, whoever wrote it', async () => {
  const { vault } = await aFollowedVault()
  const others = someTransactions(90).map((one, i) => {
    return { ...one, changes: [[0, i === 0 ? 91 : 1, 0, 0]] as const }
  })
  const table = await tell(vault, await aToldBody(vault, someTransactions(90, 100), others))
  expect(await check(vault)).toMatchObject({ verdict: 'whole' })
  const { problems } = await check(vault, 'authenticated')
  expect(problems).toContainEqual({
    object: table,
    problem: expect.stringContaining('do not add up'),
  })
  await expect(find(vault, '3.1')).rejects.toMatchObject({ code: 'timeline.transactions-damaged' })
})

test('a table of another session, or of another vault, is none', async () => {
  const { store, table, vault } = await aFollowedVault()
  const other = await tell(vault, await aToldBody(vault, someTransactions(100, 100)))
  const own = store.objects.get(table) ?? new Uint8Array()
  store.objects.set(table, store.objects.get(other) ?? own)
  store.objects.set(other, own)
  const { problems } = await check(vault)
  expect(problems.map(({ object }) => object).sort()).toEqual([table, other].sort())
  await expect(find(vault, '2.1')).rejects.toMatchObject({ code: 'timeline.transactions-damaged' })
})

test('nothing is committed whose table is not there', async () => {
  const { store, vault } = await aFollowedVault()
  const body = await aToldBody(vault, someTransactions(40, 100))
  store.objects.delete(body.follow?.transactions?.table?.name ?? '')
  await expect(tell(vault, body)).rejects.toMatchObject({ code: 'vault.object-missing' })
})

test('a replica has the table, and a damaged one is taken from there', async () => {
  const { inHand, keyring, openAs, store, table, vault } = await aFollowedVault()
  const to = { store: createMemoryStore('replica'), keyring: createMemoryStore('its keyring') }
  const replicate = async () =>
    await replicateVault(await openAs('custodian'), {
      ...{ from: { store, keyring }, to, onProgress, signal },
    })
  await replicate()
  const replica = vault.openElsewhere(to.store, to.keyring)
  expect(await check(replica)).toMatchObject({ verdict: 'whole' })
  expect((await find(replica, '2.7')).transaction?.ordinal).toBe(7)
  const bytes = store.objects.get(table) ?? new Uint8Array()
  store.objects.set(
    table,
    Uint8Array.from(bytes, (byte) => byte ^ 1),
  )
  const { problems } = await check(vault)
  const healing = await healVault(vault, { replica, random: systemRandom, problems, signal })
  expect(healing).toEqual({ healed: [table], left: [] })
  expect(await check(await inHand.open())).toMatchObject({ verdict: 'whole' })
  expect((await find(vault, '2.7')).transaction?.ordinal).toBe(7)
  await replicate()
  expect(await check(replica)).toMatchObject({ verdict: 'whole' })
})
