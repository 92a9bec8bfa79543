import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { liveSegments } from '#timeline/timeline-state'
import { healVault } from './heal-vault.ts'
import { replicateVault } from './replicate-vault.ts'
import { aRealCapture } from './testing/a-real-capture.ts'
import {
  aReplicatedVault,
  check,
  flip,
  onProgress,
  replaceNewest,
} from './testing/a-replicated-vault.ts'
import { aVault, signal } from './testing/a-vault.ts'

test('a replica is a whole vault, and what is copied once is not copied again', async () => {
  const { capture, replica, replicate } = await aReplicatedVault()
  const first = await replicate()
  expect(await check(replica)).toMatchObject({ verdict: 'whole', garbage: { objects: 0 } })
  expect(first).toMatchObject({ entries: 4, surplusSlots: [] })
  expect(await replicate()).toMatchObject({ entries: 0, objects: 0, bytes: 0 })
  await capture(1)
  const third = await replicate()
  expect(third).toMatchObject({ entries: 1, objects: 3 })
  expect((await replica.readTimeline('erp', signal)).points.map(({ seq }) => seq)).toEqual([1, 2])
  expect(await check(replica)).toMatchObject({ verdict: 'whole' })
})

test('a replica that holds other entries, or newer ones, is left as it is', async () => {
  const { capture, replicate, store, there } = await aReplicatedVault()
  await replicate()
  await capture(1)
  const newest = 'timelines/erp/0000000002.entry'
  const bytes = store.objects.get(newest)
  there.store.objects.set(newest, new Uint8Array(100))
  await expect(replicate()).rejects.toMatchObject({ code: 'vault.replica-diverged' })
  expect(there.store.objects.get(newest)).toEqual(new Uint8Array(100))
  there.store.objects.set(newest, bytes ?? new Uint8Array())
  await replicate()
  store.objects.delete(newest)
  await expect(replicate()).rejects.toMatchObject({
    code: expect.stringMatching(/^(vault\.replica-diverged|timeline\.rolled-back)$/),
  })
})

test('interrupted at any write, a replica shows no point and no document that is not there', async () => {
  const replicated = await aReplicatedVault()
  const { inHand, replica, replicate, there, vault } = replicated
  await vault.putDocument('config', 'sources: {}', signal)
  await replicate()
  await replaceNewest(replicated)
  await vault.putDocument('config', 'sources: {a}', signal)
  await vault.putDocument('config', 'sources: {b}', signal)
  const custodian = await inHand.openAs('custodian')
  const from = { store: inHand.store, keyring: inHand.keyring }
  let at = 0
  for (let isDone = false; !isDone; ) {
    at += 1
    const process = { writeCount: 0, isDead: false }
    const fault = { at, kind: 'dies', isApplied: true } as const
    const to = {
      store: faultyStore(there.store, fault, process),
      keyring: faultyStore(there.keyring, fault, process),
    }
    const options = { from, to, onProgress, signal }
    isDone = await replicateVault(custodian, options).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof ProcessDeath)) throw error
        return false
      },
    )
    // Every run goes on where the one before it died, one write later.
    const state = await replica.readGoodPart('erp', signal)
    for (const { ref } of liveSegments(state)) {
      const names = [ref.keys, ref.rows].map((object) => object?.name ?? '')
      expect(
        names.every((name) => there.store.objects.has(name)),
        `write ${at}`,
      ).toBe(true)
      expect(there.keyring.objects.has(ref.keyring), `write ${at}`).toBe(true)
    }
    expect(await replica.readDocument('config', signal)).toMatch(/^sources: {[ab]?}$/)
  }
  expect(at).toBeGreaterThan(2)
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
})

test('a source that the replica does not have yet is left, and the others are healed', async () => {
  const { capture, replica, replicate, store, vault } = await aReplicatedVault()
  await replicate()
  await vault.addSource('crm', signal)
  const body = await aRealCapture(vault, 'crm', { text: '1\ta\t\\N\n' })
  await vault.append(await vault.readTimeline('crm', signal), body, signal)
  await capture(1)
  const rows = (source: string) =>
    [...store.objects.keys()].find((one) => one.startsWith(`segments/${source}/`)) ?? ''
  const [own, other] = [rows('crm'), rows('erp')]
  for (const name of [own, other]) flip(store.objects.get(name))
  const { problems } = await check(vault)
  const healing = await healVault(vault, { replica, random: systemRandom, problems, signal })
  expect(healing.healed).toEqual([other])
  expect(healing.left.map(({ object }) => object)).toEqual([own])
})

test('another vault is not written into', async () => {
  const { replicate, there } = await aReplicatedVault()
  const other = await aVault()
  const header = other.store.objects.get('vault.json')
  there.store.objects.set('vault.json', header ?? new Uint8Array())
  await expect(replicate()).rejects.toMatchObject({ code: 'vault.replica-diverged' })
  expect([...there.store.objects.keys()]).toEqual(['vault.json'])
})

test('what is damaged or missing is healed from the replica, and nothing is overwritten', async () => {
  const { keyring, replica, replicate, store, vault } = await aReplicatedVault()
  await replicate()
  const find = (pattern: RegExp) => [...store.objects.keys()].find((one) => pattern.test(one)) ?? ''
  const [rows, keys] = [find(/\.rows$/), find(/erp.*\.keys$/)]
  const keyringName = [...keyring.objects.keys()].find((one) => one.startsWith('erp/')) ?? ''
  flip(store.objects.get(rows))
  const damagedBytes = Uint8Array.from(store.objects.get(rows) ?? [])
  store.objects.delete(keys)
  flip(keyring.objects.get(keyringName))
  const entry = 'timelines/erp/0000000001.entry'
  store.objects.delete(entry)
  const before = await check(vault)
  expect(before.verdict).toBe('damaged')
  const options = { replica, random: systemRandom, signal }
  const entries = await healVault(vault, {
    ...options,
    problems: [{ object: entry, problem: 'It is missing' }],
  })
  expect(entries).toEqual({ healed: [entry], left: [] })
  const { problems } = await check(vault)
  const { healed, left } = await healVault(vault, { ...options, problems })
  expect(left).toEqual([])
  expect(healed).toEqual(expect.arrayContaining([rows, keys, `keyring:${keyringName}`]))
  expect(store.objects.get(rows)).toEqual(damagedBytes)
  expect(await check(vault)).toMatchObject({ verdict: 'whole', problems: [] })
  await replicate()
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
})

test('nothing that a replica made up is put back', async () => {
  const { keyring, replica, replicate, store, there, vault } = await aReplicatedVault()
  await vault.putDocument('config', 'sources: {}', signal)
  await replicate()
  const names = [
    'timelines/erp/0000000001.entry',
    'timelines/_vault/0000000001.entry',
    [...store.objects.keys()].find((one) => one.startsWith('roles/')) ?? '',
    [...store.objects.keys()].find((one) => one.endsWith('.document')) ?? '',
  ]
  const keys = [...keyring.objects.keys()].find((one) => one.startsWith('_vault/')) ?? ''
  const problems = [...names, `keyring:${keys}`].map((object) => ({
    object,
    problem: 'It is missing',
  }))
  const options = { replica, random: systemRandom, problems, signal }
  const kept = new Map(names.map((name) => [name, there.store.objects.get(name)]))
  for (const name of names) {
    // Authentic, and of another place.
    there.store.objects.set(
      name,
      there.store.objects.get('timelines/erp/0000000000.entry') ?? new Uint8Array(),
    )
    if (name.startsWith('timelines/')) continue
    store.objects.delete(name)
  }
  const keysThere = there.keyring.objects.get(keys)
  there.keyring.objects.set(keys, new Uint8Array(80))
  keyring.objects.delete(keys)
  const lost = store.objects.get(names[0] ?? '')
  store.objects.delete(names[0] ?? '')
  const first = await healVault(vault, options)
  expect(first.healed).toEqual([])
  expect(first.left).toHaveLength(problems.length)
  expect(store.objects.has(names[0] ?? '')).toBe(false)
  for (const [name, bytes] of kept) there.store.objects.set(name, bytes ?? new Uint8Array())
  there.keyring.objects.set(keys, keysThere ?? new Uint8Array())
  const second = await healVault(vault, options)
  expect(second.healed).toHaveLength(problems.length - 1)
  expect(store.objects.get(names[0] ?? '')).toEqual(lost)
})

test('a copy that is damaged as well heals nothing', async () => {
  const { replica, replicate, store, there, vault } = await aReplicatedVault()
  await replicate()
  const name = [...store.objects.keys()].find((one) => one.endsWith('.rows')) ?? ''
  flip(store.objects.get(name))
  flip(there.store.objects.get(name))
  const { problems } = await check(vault)
  const healing = await healVault(vault, { replica, random: systemRandom, problems, signal })
  expect(healing.healed).toEqual([])
  expect(healing.left.map(({ object }) => object)).toEqual([name])
})

test('a source that is added while a replica is made does no harm to it', async () => {
  const { inHand, replica, replicate, there, vault } = await aReplicatedVault()
  const custodian = await inHand.openAs('custodian')
  let isAdded = false
  const store = {
    ...inHand.store,
    async *list(prefix: string) {
      yield* inHand.store.list(prefix, signal)
      if (prefix !== 'roles/' || isAdded) return
      isAdded = true
      await vault.addSource('crm', signal)
    },
  }
  const from = { store, keyring: inHand.keyring }
  await replicateVault(custodian, { from, to: there, onProgress, signal })
  expect(isAdded).toBe(true)
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
  await replicate()
  expect(await replica.listSources(signal)).toEqual(['crm', 'erp'])
  expect(await check(replica)).toMatchObject({ verdict: 'whole', problems: [] })
})
