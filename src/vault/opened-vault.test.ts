import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openKeyring } from '#seal/keyring'
import { AppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore } from '#store/testing/memory-store'
import type { CaptureBody } from '#timeline/entry'
import { createVault } from './create-vault.ts'
import { openVault } from './open-vault.ts'
import { aCapture } from './testing/a-capture.ts'
import { aVault, passphrase, signal, stillClock, type VaultInHand } from './testing/a-vault.ts'
import { toThreadKeys } from './thread-keys.ts'
import type { Vault } from './vault.ts'

async function capture(vault: Vault, source = 'erp', change: Partial<CaptureBody> = {}) {
  const state = await vault.readTimeline(source, signal)
  const base = state.points.at(-1)?.seq
  const body = await aCapture(vault, source, base === undefined ? change : { base, ...change })
  return await vault.append(state, body, signal)
}

async function aVaultWithPoints(count: number): Promise<VaultInHand> {
  const hand = await aVault()
  await hand.vault.addSource('erp', signal)
  for (let i = 0; i < count; i++) await capture(hand.vault)
  return hand
}

const entryName = (seq: number, source = 'erp') =>
  `timelines/${source}/${String(seq).padStart(10, '0')}.entry`

test('a vault opens with its passphrase and shows what was committed', async () => {
  const { store, keyring, vault } = await aVaultWithPoints(2)
  const deps = { store, keyring, clock: stillClock, random: systemRandom, signal }
  const opened = await openVault({ ...deps, stateDir: undefined, passphrase })
  expect(opened.id).toBe(vault.id)
  expect(await opened.listSources(signal)).toEqual(['erp'])
  const state = await opened.readTimeline('erp', signal)
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2])
  expect(state).toMatchObject({ headSeq: 2, incidents: [], damagedFrom: null, unknownKinds: [] })
  expect([...state.segments.values()].flat().map(({ seq }) => seq)).toEqual([1, 2])
})

test('openVault() tells a wrong passphrase, no vault and no slot apart', async () => {
  const { store, keyring } = await aVault()
  const deps = {
    store,
    keyring,
    clock: stillClock,
    random: systemRandom,
    stateDir: undefined,
    signal,
  }
  const wrong = openVault({ ...deps, passphrase: new Secret('wrong') })
  await expect(wrong).rejects.toMatchObject({ code: 'seal.passphrase-wrong' })
  const nowhere = openVault({ ...deps, store: createMemoryStore(), passphrase })
  await expect(nowhere).rejects.toMatchObject({ code: 'vault.not-found' })
  const unmounted = {
    ...createMemoryStore(),
    async get() {
      const details = { errno: 'ENOENT' }
      throw new AppError('store.unavailable', 'Cannot use the folder: it does not exist', details)
    },
  }
  const noFolder = openVault({ ...deps, store: unmounted, passphrase })
  await expect(noFolder).rejects.toMatchObject({ code: 'vault.not-found' })
  const noSlot = openVault({ ...deps, keyring: createMemoryStore(), passphrase })
  await expect(noSlot).rejects.toMatchObject({ code: 'vault.slot-missing' })
})

test('openVault() refuses the file of another vault, and formats and flags it does not know', async () => {
  const { store, open } = await aVault()
  const other = await aVault()
  const own = store.objects.get('vault.json') ?? new Uint8Array()
  const replace = (bytes: Uint8Array) => store.objects.set('vault.json', Uint8Array.from(bytes))
  replace(other.store.objects.get('vault.json') ?? own)
  await expect(open()).rejects.toMatchObject({ code: 'vault.not-authentic' })
  const text = Buffer.from(own).toString()
  for (const [from, to] of [
    ['holdfast vault 1', 'holdfast vault 2'],
    ['"flags":[]', '"flags":["sharded"]'],
  ] as const) {
    replace(Buffer.from(text.replace(from, to)))
    await expect(open()).rejects.toMatchObject({ code: 'vault.format-unsupported' })
  }
  const otherDigit = (first: string) => (first === '0' ? '1' : '0')
  const changed = text.replace(/(?<="readPublicKey":")./, otherDigit)
  replace(Buffer.from(changed))
  await expect(open()).rejects.toMatchObject({ code: 'vault.not-authentic' })
})

test('one slot that is damaged does not shut the vault', async () => {
  const { store, keyring } = await aVault()
  const deps = {
    store,
    keyring,
    clock: stillClock,
    random: systemRandom,
    stateDir: undefined,
    signal,
  }
  const slots = [...keyring.objects.values()]
  expect(slots).toHaveLength(2)
  for (const slot of slots) {
    const [byte = 0] = slot.subarray(300)
    slot[300] = byte ^ 1
    await openVault({ ...deps, passphrase })
    slot[300] = byte
  }
  for (const slot of slots) slot[300] = 0
  const opening = openVault({ ...deps, passphrase })
  await expect(opening).rejects.toMatchObject({ code: 'seal.not-authentic' })
})

test('a certificate that is lost or damaged can be done without by who holds the root key', async () => {
  const { store, open, openAs } = await aVaultWithPoints(2)
  for (const [name, bytes] of [...store.objects]) {
    if (!name.startsWith('roles/')) continue
    store.objects.delete(name)
    expect((await (await open()).readTimeline('erp', signal)).points).toHaveLength(2)
    store.objects.set(
      name,
      Uint8Array.from(bytes, (byte, i) => (i === 30 ? byte ^ 1 : byte)),
    )
    expect((await (await open()).readTimeline('erp', signal)).points).toHaveLength(2)
  }
  const custodian = await openAs('custodian')
  const reading = custodian.readTimeline('erp', signal)
  await expect(reading).rejects.toMatchObject({ code: 'seal.certificate-invalid' })
})

test('createVault() refuses to write over a vault, or over what is left of one', async () => {
  const { store, keyring } = await aVault()
  const deps = { store, keyring, clock: stillClock, random: systemRandom, signal }
  await expect(createVault({ ...deps, passphrase })).rejects.toMatchObject({ code: 'vault.exists' })
  store.objects.delete('vault.json')
  await expect(createVault({ ...deps, passphrase })).rejects.toMatchObject({ code: 'vault.exists' })
})

test('createVault() refuses an empty passphrase before it writes', async () => {
  const store = createMemoryStore()
  const deps = { store, keyring: store, clock: stillClock, random: systemRandom, signal }
  const creating = createVault({ ...deps, passphrase: new Secret('') })
  await expect(creating).rejects.toMatchObject({ code: 'vault.passphrase-empty' })
  expect(store.objects.size).toBe(0)
})

test('nothing is visible before its entry, and everything after it (I3)', async () => {
  const { vault } = await aVaultWithPoints(1)
  const state = await vault.readTimeline('erp', signal)
  const body = await aCapture(vault, 'erp', { base: 1 })
  expect((await vault.readTimeline('erp', signal)).points).toHaveLength(1)
  await vault.append(state, body, signal)
  expect((await vault.readTimeline('erp', signal)).points).toHaveLength(2)
})

test('append() refuses a capture whose objects are missing or cut short', async () => {
  const { vault, store, keyring } = await aVaultWithPoints(0)
  const state = await vault.readTimeline('erp', signal)
  const body = await aCapture(vault, 'erp')
  const [segment] = body.segments
  const name = segment?.rows?.name ?? ''
  const bytes = store.objects.get(name) ?? new Uint8Array()
  store.objects.set(name, bytes.slice(1))
  const missing = { code: 'vault.object-missing', details: { object: name } }
  await expect(vault.append(state, body, signal)).rejects.toMatchObject(missing)
  store.objects.set(name, bytes)
  keyring.objects.delete(segment?.keyring ?? '')
  await expect(vault.append(state, body, signal)).rejects.toMatchObject({
    code: 'vault.object-missing',
  })
  expect((await vault.readTimeline('erp', signal)).headSeq).toBe(0)
})

test('of two captures at the same moment one wins and the other has lost the race (I2)', async () => {
  const { vault } = await aVaultWithPoints(1)
  const state = await vault.readTimeline('erp', signal)
  const bodies = await Promise.all([
    aCapture(vault, 'erp', { base: 1 }),
    aCapture(vault, 'erp', { base: 1 }),
  ])
  const results = await Promise.allSettled(bodies.map((body) => vault.append(state, body, signal)))
  const lost = results.filter(({ status }) => status === 'rejected')
  expect(lost).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ code: 'timeline.lost-race' }) },
  ])
  const after = await vault.readTimeline('erp', signal)
  expect(after.points.map(({ seq }) => seq)).toEqual([1, 2])
})

test('two sources added twice at once are there once', async () => {
  const { vault } = await aVault()
  await Promise.all(['a', 'b', 'a', 'b'].map((name) => vault.addSource(name, signal)))
  expect(await vault.listSources(signal)).toEqual(['a', 'b'])
  expect((await vault.readTimeline('a', signal)).headSeq).toBe(0)
})

test('readTimeline() says that a source is not there, and refuses names that cannot be', async () => {
  const { vault } = await aVault()
  const reading = vault.readTimeline('crm', signal)
  await expect(reading).rejects.toMatchObject({ code: 'vault.source-unknown' })
  const odd = vault.readTimeline('../roles', signal)
  await expect(odd).rejects.toMatchObject({ code: 'timeline.address-invalid' })
})

test('documents are read back, kept once, and newest counts', async () => {
  const { vault, store } = await aVault()
  expect(await vault.readDocument('config', signal)).toBeUndefined()
  await vault.putDocument('config', 'vault: ./vault', signal)
  const size = store.objects.size
  await vault.putDocument('config', 'vault: ./vault', signal)
  expect(store.objects.size).toBe(size)
  await vault.putDocument('config', 'vault: ./other', signal)
  expect(await vault.readDocument('config', signal)).toBe('vault: ./other')
  const all = Buffer.concat([...store.objects.values()]).toString('latin1')
  expect(all).not.toContain('./other')
})

test('a document that was altered is refused by its name', async () => {
  const { vault, store } = await aVault()
  await vault.putDocument('config', 'vault: ./vault', signal)
  const [name = ''] = [...store.objects.keys()].filter((one) => one.endsWith('.document'))
  const bytes = store.objects.get(name) ?? new Uint8Array()
  bytes[0] = (bytes[0] ?? 0) ^ 1
  const damaged = { code: 'vault.document-damaged', details: { object: name } }
  await expect(vault.readDocument('config', signal)).rejects.toMatchObject(damaged)
})

test('restores are recorded by those who may restore', async () => {
  const { openAs } = await aVault()
  const body = {
    kind: 'restore',
    restore: 'r1',
    plan: 'p1',
    point: 'erp@1',
    target: 'staging',
    inserted: 1,
    updated: 0,
    deleted: 0,
    verifiedRecords: 1,
    verifiedDifferent: 0,
  } as const
  const restore = await openAs('restore')
  await restore.putRestore(body, signal)
  expect((await restore.readRestores(signal)).restores.map((fact) => fact.body)).toEqual([body])
  const custodian = await openAs('custodian')
  const forging = custodian.putRestore(body, signal)
  await expect(forging).rejects.toMatchObject({ code: 'vault.role-missing' })
})

test('putHeads() says every head once, and again when one moved', async () => {
  const { vault, store } = await aVaultWithPoints(1)
  const count = () =>
    [...store.objects.keys()].filter((n) => n.startsWith('timelines/_vault/')).length
  const before = count()
  await vault.putHeads(signal)
  await vault.putHeads(signal)
  expect(count()).toBe(before + 1)
  await capture(vault)
  await vault.putHeads(signal)
  expect(count()).toBe(before + 2)
})

test('a timeline that was shortened is noticed by the heads in the vault itself (I5)', async () => {
  const { vault, store, open } = await aVaultWithPoints(3)
  await vault.putHeads(signal)
  store.objects.delete(entryName(3))
  const forgetful = await open()
  const reading = forgetful.readTimeline('erp', signal)
  await expect(reading).rejects.toMatchObject({ code: 'timeline.rolled-back' })
  // What is left can still be restored by its number.
  const left = await forgetful.readGoodPart('erp', signal)
  expect(left).toMatchObject({ damagedFrom: 3, incidents: [{ seq: 3 }] })
  expect(left.points.map(({ seq }) => seq)).toEqual([1, 2])
  // Nor does saying the heads again make the shorter one right.
  await forgetful.putHeads(signal)
  const again = (await open()).readTimeline('erp', signal)
  await expect(again).rejects.toMatchObject({ code: 'timeline.rolled-back' })
})

test('a timeline that was shortened is noticed by whoever saw it longer (I5)', async () => {
  const { store, open } = await aVaultWithPoints(3)
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-state-'))
  try {
    await (await open({ stateDir })).readTimeline('erp', signal)
    const taken = store.objects.get(entryName(3)) ?? new Uint8Array()
    store.objects.delete(entryName(3))
    const reading = (await open({ stateDir })).readTimeline('erp', signal)
    await expect(reading).rejects.toMatchObject({ code: 'timeline.rolled-back' })
    // The honest limit: without memory or heads nobody can tell.
    expect((await (await open()).readTimeline('erp', signal)).headSeq).toBe(2)
    store.objects.set(entryName(3), taken)
    expect((await (await open({ stateDir })).readTimeline('erp', signal)).headSeq).toBe(3)
  } finally {
    await rm(stateDir, { recursive: true })
  }
})

test('an old copy of the vault, gone on with by somebody, is refused (I5)', async () => {
  const { store, open } = await aVaultWithPoints(2)
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-state-'))
  try {
    await (await open({ stateDir })).readTimeline('erp', signal)
    store.objects.delete(entryName(2))
    await capture(await open())
    await capture(await open())
    const reading = (await open({ stateDir })).readTimeline('erp', signal)
    await expect(reading).rejects.toMatchObject({ code: 'timeline.rolled-back' })
  } finally {
    await rm(stateDir, { recursive: true })
  }
})

test('with capture credentials backups work and no row opens, earlier or own (I11)', async () => {
  const { openAs, vault } = await aVaultWithPoints(1)
  await vault.addSource('crm', signal)
  const mine = await openAs('capture', 'erp')
  await capture(mine)
  const state = await mine.readTimeline('erp', signal)
  const { openers, keyring, vaultId } = await mine.readDeps('erp', signal)
  const segments = [...state.segments.values()].flat()
  expect(segments).toHaveLength(2)
  for (const { ref } of segments) {
    const bytes = await keyring.get(ref.keyring, { signal })
    const opened = await openKeyring({ vaultId, name: ref.keyring, bytes, openers })
    expect(opened.keys).toHaveLength(1)
    expect(opened.rows).toBeUndefined()
  }
  await mine.putDocument('config', 'sources: {}', signal)
  await mine.putHeads(signal)
  const roleMissing = { code: 'vault.role-missing' }
  await expect(mine.readDocument('config', signal)).rejects.toMatchObject(roleMissing)
  await expect(mine.writeDeps('crm', signal)).rejects.toMatchObject(roleMissing)
  await expect(mine.readDeps('crm', signal)).rejects.toMatchObject(roleMissing)
  await expect(mine.digestKey('crm', signal)).rejects.toMatchObject(roleMissing)
  await expect(mine.addSource('new', signal)).rejects.toMatchObject(roleMissing)
})

test.each(['custodian', 'auditor'] as const)(
  'a %s reads the log, and neither rows nor record keys (I11)',
  async (role) => {
    const { openAs } = await aVaultWithPoints(1)
    const vault = await openAs(role)
    expect((await vault.readTimeline('erp', signal)).points).toHaveLength(1)
    const roleMissing = { code: 'vault.role-missing' }
    await expect(vault.readDeps('erp', signal)).rejects.toMatchObject(roleMissing)
    await expect(vault.digestKey('erp', signal)).rejects.toMatchObject(roleMissing)
    await expect(vault.writeDeps('erp', signal)).rejects.toMatchObject(roleMissing)
  },
)

test('restore opens rows and keys, and cannot capture', async () => {
  const { openAs } = await aVaultWithPoints(1)
  const vault = await openAs('restore')
  const state = await vault.readTimeline('erp', signal)
  const { openers, keyring, vaultId } = await vault.readDeps('erp', signal)
  const [placed] = [...state.segments.values()].flat()
  const name = placed?.ref.keyring
  if (name === undefined) throw new Error('A point has a segment.')
  const bytes = await keyring.get(name, { signal })
  const opened = await openKeyring({ vaultId, name, bytes, openers })
  expect(opened).toMatchObject({ keys: [expect.anything()], rows: [expect.anything()] })
  const roleMissing = { code: 'vault.role-missing' }
  await expect(vault.writeDeps('erp', signal)).rejects.toMatchObject(roleMissing)
})

test('toThreadKeys() gives plain data that a thread can be given', async () => {
  const { vault } = await aVaultWithPoints(0)
  const keys = await toThreadKeys(vault, 'erp', signal)
  expect(structuredClone(keys)).toEqual(keys)
  expect(keys).toMatchObject({ vaultId: vault.id, digestKey: await vault.digestKey('erp', signal) })
})
