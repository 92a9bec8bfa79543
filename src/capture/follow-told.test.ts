import { expect, test } from 'vitest'
import { entityAt } from '#history/entity-at'
import { readState } from '#segment/read-state'
import { collect } from '#stdx/streams'
import { followShop, SHOP } from '#test/golden/testing/follow-shop'
import { openShop, SHOP_DAYS } from '#test/golden/testing/golden-shop'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

/** What the shop did in its first days, told to a vault that holds the credential of a capture. */
async function aFollowedShop() {
  const hand = await aVault()
  await hand.vault.addSource(SHOP, signal)
  const follower = await hand.openAs('capture', SHOP)
  const shop = openShop()
  for (const day of SHOP_DAYS.slice(0, 5)) await followShop(follower, stillClock, shop, day)
  return { ...hand, follower }
}

async function readRows(vault: Vault): Promise<number> {
  const state = await vault.readTimeline(SHOP, signal)
  const point = state.points.at(-1)
  const entity = point?.entities[0]?.entity
  if (point === undefined || entity === undefined) return 0
  const { asOf, schema, schemas, segments } = entityAt(state, point, entity)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  const read = await vault.readDeps(SHOP, signal)
  const batches = await collect(readState(read, options))
  return batches.reduce((sum, { count }) => sum + count, 0)
}

test('whoever follows needs the credential of a capture, and opens no row of what was told', async () => {
  const { follower, openAs, vault } = await aFollowedShop()
  const { points } = await vault.readTimeline(SHOP, signal)
  const told = points.filter(({ kind }) => kind === 'feed')
  expect(told.length).toBeGreaterThan(3)
  expect(await readRows(vault)).toBeGreaterThan(0)
  expect(await readRows(await openAs('restore'))).toBeGreaterThan(0)
  const missingKey = { code: 'segment.missing-key' }
  const missingRole = { code: 'vault.role-missing' }
  await expect(readRows(follower)).rejects.toMatchObject(missingKey)
  await expect(readRows(await openAs('custodian'))).rejects.toMatchObject(missingRole)
  await expect(readRows(await openAs('auditor'))).rejects.toMatchObject(missingRole)
})

test('the storage sees no name, moment or count of a transaction, and none of an entity', async () => {
  const { follower, keyring, store } = await aFollowedShop()
  const { points } = await follower.readTimeline(SHOP, signal)
  const lists = points.map(({ body }) => follower.readTransactions(SHOP, body, signal))
  const told = (await Promise.all(lists)).flat()
  expect(told.length).toBeGreaterThan(40)
  const words = told.flatMap(({ time, transaction }) => [time, transaction])
  // Shorter ones may stand among random bytes.
  const secrets = [...words, 'customer', 'inserted'].filter(({ length }) => length >= 5)
  const objects = [...store.objects, ...keyring.objects]
  expect(objects.some(([name]) => name.endsWith('.transactions'))).toBe(true)
  for (const [name, bytes] of objects) {
    const text = `${name}\n${Buffer.from(bytes).toString('latin1')}`
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  }
})
