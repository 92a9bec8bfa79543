import { cp, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteConnector } from '#connector/sqlite/sqlite-connector'
import { runCollect } from '#retention/run-collect'
import { runCompaction } from '#retention/run-compaction'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { parseObjectName } from '#store/object-name'
import { formatEntryName } from '#timeline/entry-name'
import { checkVault } from '#vault/check-vault'
import { commitNext } from '#vault/commit-next'
import { createVault } from '#vault/create-vault'
import { healVault } from '#vault/heal-vault'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { followShop, SHOP } from './follow-shop.ts'
import { CRM_DAYS, changeCrm, createCrm } from './golden-crm.ts'
import { MADE_DAYS } from './golden-made.ts'
import { LAST_SHOP_DAY, openShop, SHOP_DAYS } from './golden-shop.ts'
import {
  aDailyClock,
  type CapturedPoint,
  captureCut,
  type Expected,
  type ExpectedPoint,
  openStores,
  PASSPHRASE,
  signal,
} from './golden-vault.ts'
import type { ToldShop } from './told-shop.ts'
import { toldCut } from './told-source.ts'

export const DOCUMENT = 'vault: ./vault\nsources:\n  crm: { connector: sqlite, file: ./crm.db }\n'
export const passphrase = new Secret(PASSPHRASE)
export const clock = aDailyClock()

/** Lives a life in which everything of the format happens once, in one hand; returns what must be read. */
export async function liveInOneHand(folder: string, scratch: string): Promise<Expected> {
  const vaultFolder = join(folder, 'vault')
  const stores = await openStores(vaultFolder)
  const deps = { ...stores, clock, random: systemRandom, passphrase, signal }
  const { id } = await createVault(deps)
  const vault = await openVault({ ...deps, stateDir: undefined })
  const crm = join(scratch, 'crm.db')
  createCrm(crm)
  await vault.addSource('crm', signal)
  await vault.addSource('made', signal)
  await vault.addSource(SHOP, signal)
  const points: ExpectedPoint[] = [await captureCrm(vault, crm)]
  await vault.putDocument('config', 'vault: ./elsewhere\n', signal)
  await vault.putHeads(signal)

  changeCrm(crm, 'first')
  points.push(await captureCrm(vault, crm))
  await commitNext(
    vault,
    'crm',
    () => ({ kind: 'label', label: 'year-end', point: points[1]?.seq ?? 0 }),
    signal,
  )
  await leaveGarbage(vault)
  changeCrm(crm, 'shape')
  points.push(await captureCrm(vault, crm))
  for (const day of CRM_DAYS.slice(2, -1)) {
    changeCrm(crm, day)
    points.push(await captureCrm(vault, crm))
  }
  await holdAndRelease(vault, points)
  const kept = await expire(vault, points)
  await commitNext(vault, 'crm', () => ({ kind: 'hold', points: [2], reason: 'audit' }), signal)
  const made = await captureMade(vault)
  const shop = openShop()
  const told = await liveInShop(vault, shop)
  await leaveSession(vault)
  const progress = () => {}
  for (const source of ['crm', 'made', SHOP]) {
    await runCompaction({ vault, clock, random: systemRandom, progress }, source, signal)
  }
  for (const source of ['crm', 'made', SHOP]) {
    const request = { source, graceMs: -1_000, isDryRun: false }
    await runCollect({ vault, random: systemRandom }, request, signal)
  }
  changeCrm(crm, 'last')
  kept.push(await captureCrm(vault, crm))
  told.push(...(await followShop(vault, clock, shop, LAST_SHOP_DAY)))
  await vault.putDocument('config', DOCUMENT, signal)
  await putRestore(vault, kept.at(-1)?.seq ?? 0)
  await damageAndHeal(vault, vaultFolder, scratch)
  await vault.putHeads(signal)
  const marked = kept.map((point) => {
    const isSecond = point.seq === points[1]?.seq
    return isSecond ? { ...point, labels: ['year-end'], held: true } : point
  })
  return { vaultId: id, document: DOCUMENT, sources: { crm: marked, made, [SHOP]: told } }
}

async function captureCrm(vault: Vault, path: string): Promise<ExpectedPoint> {
  return (await captureDatabase(vault, path)).point
}

/** Adds a point of the database. */
export async function captureDatabase(
  vault: Vault,
  path: string,
  isNewIdentityAllowed = false,
): Promise<CapturedPoint> {
  await using source = await sqliteConnector.openSource({
    address: new Secret(path),
    connectionsMax: 1,
    bytesPerSecondMax: 0,
    clock,
    signal,
  })
  await using cut = await source.openCut(signal)
  const options = { source: 'crm', connector: 'sqlite', isNewIdentityAllowed }
  return await captureCut(vault, clock, cut, options)
}

async function captureMade(vault: Vault): Promise<ExpectedPoint[]> {
  const points: ExpectedPoint[] = []
  for (const tables of MADE_DAYS) {
    const time = new Date(clock.nowMs()).toISOString()
    const options = { source: 'made', connector: 'postgres' }
    const { point } = await captureCut(vault, clock, toldCut(tables, time), options)
    points.push(point)
  }
  return points
}

/** A shop that is followed: labels of a point and of a transaction, points that others rest on let go. */
async function liveInShop(vault: Vault, shop: ToldShop): Promise<ExpectedPoint[]> {
  const points: ExpectedPoint[] = []
  for (const day of SHOP_DAYS) points.push(...(await followShop(vault, clock, shop, day)))
  const [begin, few, many] = points
  const scan = points.find(({ part }) => part === 'reconcile')
  if (many === undefined || scan === undefined) throw new Error('The shop was not followed.')
  const labels = [
    { label: 'shop-shut', point: scan.seq },
    { label: 'shop-close', point: many.seq, ordinal: 17 },
  ]
  for (const one of labels) {
    await commitNext(vault, SHOP, () => ({ kind: 'label', ...one }), signal)
  }
  const gone = [begin, few].flatMap((point) => point?.seq ?? [])
  await commitNext(
    vault,
    SHOP,
    async ({ basis }) => await vault.cosign(SHOP, { kind: 'expire', points: gone, basis }, signal),
    signal,
  )
  const kept = points.filter(({ seq }) => !gone.includes(seq))
  return kept.map((point) => {
    if (point === scan) return { ...point, labels: ['shop-shut'] }
    if (point !== many) return point
    const transactions = point.transactions.map((one, i) =>
      i === 16 ? { ...one, labels: ['shop-close'] } : one,
    )
    return { ...point, transactions }
  })
}

/** Somebody puts something into the next slot; it is void, and the next entry says so. */
async function leaveGarbage(vault: Vault): Promise<void> {
  const { headSeq } = await vault.readTimeline('crm', signal)
  const garbage = Buffer.from('This is no entry. '.repeat(8))
  await vault.store.put(formatEntryName('crm', headSeq + 1), garbage, signal)
}

/** A writer that died before it committed; collection declares it dead. */
async function leaveSession(vault: Vault): Promise<void> {
  const name = parseObjectName(`segments/crm/${'d'.repeat(32)}/0.keys`)
  await vault.store.put(name, Buffer.from('half a segment'), signal)
}

async function holdAndRelease(vault: Vault, points: readonly ExpectedPoint[]): Promise<void> {
  const held = points.slice(3, 5).map(({ seq }) => seq)
  await commitNext(vault, 'crm', () => ({ kind: 'hold', points: held, reason: 'tax' }), signal)
  await commitNext(
    vault,
    'crm',
    async ({ basis }) =>
      await vault.cosign('crm', { kind: 'release', points: held, basis }, signal),
    signal,
  )
}

/** Lets every other point go, and returns the ones that stay. */
async function expire(vault: Vault, points: readonly ExpectedPoint[]): Promise<ExpectedPoint[]> {
  const gone = points.filter((_, i) => i > 2 && i % 2 === 0 && i < points.length - 1)
  const seqs = gone.map(({ seq }) => seq)
  await commitNext(
    vault,
    'crm',
    async ({ basis }) => await vault.cosign('crm', { kind: 'expire', points: seqs, basis }, signal),
    signal,
  )
  return points.filter((point) => !gone.includes(point))
}

async function putRestore(vault: Vault, seq: number): Promise<void> {
  const counts = { inserted: 3, updated: 2, deleted: 0, verifiedRecords: 5, verifiedDifferent: 0 }
  const body = {
    kind: 'restore',
    restore: 'r1',
    plan: 'a'.repeat(64),
    point: `crm@${seq}`,
  } as const
  await vault.putRestore({ ...body, target: 'copy', ...counts }, signal)
}

/** Whole copies from a replica stand for an object and a keyring object that are cut short. */
async function damageAndHeal(vault: Vault, folder: string, scratch: string): Promise<void> {
  const replica = join(scratch, 'replica')
  await cp(folder, replica, { recursive: true })
  const { segments } = await vault.readTimeline('crm', signal)
  const [first] = [...segments.values()].flat()
  if (first === undefined) throw new Error('The source has no segment.')
  await truncate(join(folder, first.ref.keys.name), 20)
  await truncate(join(folder, 'keyring', first.ref.keyring), 20)
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  const { problems } = await checkVault(vault, options)
  const other = await openStores(replica)
  const elsewhere = vault.openElsewhere(other.store, other.keyring)
  const healing = { replica: elsewhere, problems, random: systemRandom, signal }
  const { healed, left } = await healVault(vault, healing)
  if (healed.length === 0 || left.length > 0) throw new Error('The vault was not healed.')
}
