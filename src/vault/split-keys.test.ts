import { expect, test } from 'vitest'
import { parseCredential } from '#seal/credential'
import { openKeyring } from '#seal/keyring'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { Secret } from '#stdx/secret'
import { faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { createMemoryStore } from '#store/testing/memory-store'
import { checkVault } from './check-vault.ts'
import { openVault } from './open-vault.ts'
import { addCredential, revokeCertificate } from './rotate-keys.ts'
import { RECOVERY_SLOT, splitKeys } from './split-keys.ts'
import { aRealCapture } from './testing/a-real-capture.ts'
import {
  aFilledVault,
  captureText,
  cost,
  DOCUMENT,
  type Files,
  folderIn,
  openDeps,
  openWith,
  split,
} from './testing/a-split-vault.ts'
import { passphrase, signal, type VaultInHand } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

/** Every row of every point, and every document. */
async function expectWhole(vault: Vault) {
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  expect(await checkVault(vault, options)).toMatchObject({ verdict: 'whole', problems: [] })
  expect(await vault.readDocument('config', signal)).toBe(DOCUMENT)
}

test('a split gives every role its file, and the passphrase opens the recovery slot alone', async () => {
  const hand = await aFilledVault()
  const rows = [...hand.store.objects].filter(([name]) => name.startsWith('segments/'))
  const files = await split(hand)
  expect([...files.keys()].sort()).toEqual([
    'auditor.key',
    'capture-crm.key',
    'capture-erp.key',
    'custodian.key',
    'keeper.key',
    'recovery.slot',
    'restore.key',
  ])
  const opening = openVault({ ...openDeps, ...hand, passphrase })
  await expect(opening).rejects.toMatchObject({ code: 'vault.keys-split' })
  expect([...hand.keyring.objects.keys()].filter((name) => name.startsWith('slots/'))).toEqual([])
  for (const [name, bytes] of rows) expect(hand.store.objects.get(name)).toEqual(bytes)
  for (const name of ['keeper.key', 'restore.key'])
    await expectWhole(await openWith(hand, files, name))
  const recovery = await openWith(hand, files, RECOVERY_SLOT)
  await expectWhole(recovery)
  await captureText(recovery, 'erp', '1\terp\ty\n')
})

test('after a split each file captures, and what it captures the others read', async () => {
  const hand = await aFilledVault()
  const files = await split(hand)
  const erp = await openWith(hand, files, 'capture-erp.key')
  await captureText(erp, 'erp', '1\terp\ty\n')
  await erp.putHeads(signal)
  await expectWhole(await openWith(hand, files, 'keeper.key'))
  await expectWhole(await openWith(hand, files, RECOVERY_SLOT))
  const state = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2])
})

test('what the passphrase opened before the split opens nothing of what comes after', async () => {
  const hand = await aFilledVault()
  const files = await split(hand)
  await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  // Whoever kept the old keys, all of them.
  const old = await hand.open()
  const { vaultId, openers, keyring } = await old.readDeps('erp', signal)
  const state = await old.readTimeline('erp', signal)
  for (const { ref } of [...state.segments.values()].flat()) {
    const bytes = await keyring.get(ref.keyring, { signal })
    const opened = await openKeyring({ vaultId, name: ref.keyring, bytes, openers })
    expect(opened).toEqual({ blobs: expect.anything() })
  }
  await expect(captureText(old, 'erp', '1\terp\tz\n')).rejects.toMatchObject({
    code: 'vault.certificate-revoked',
  })
})

test('a capture that began before the split and ends after it is refused, and nothing is lost', async () => {
  const hand = await aFilledVault()
  const late = await hand.open()
  const state = await late.readTimeline('erp', signal)
  const body = await aRealCapture(late, 'erp', { base: 1, text: '1\terp\ty\n' })
  const files = await split(hand)
  await expect(late.append(state, body, signal)).rejects.toMatchObject({
    code: 'vault.keys-changed',
  })
  await expectWhole(await openWith(hand, files, 'keeper.key'))
})

test('a split that dies at any write leaves everything open, and completes when it is run again', async () => {
  const template = await aFilledVault()
  const writes = await countWrites(template)
  expect(writes).toBeGreaterThan(15)
  // Every third write, done or not done by turns; the last ones each, where slots go.
  const chosen = Array.from({ length: writes }, (_, i) => i + 1).filter(
    (at) => at % 3 === 1 || at > writes - 4,
  )
  for (const at of chosen) {
    const hand = copyOf(template)
    const process = { writeCount: 0, isDead: false }
    const fault = { at, kind: 'dies', isApplied: at % 2 === 0 } as const
    const dying = {
      store: faultyStore(hand.store, fault, process),
      keyring: faultyStore(hand.keyring, fault, process),
    }
    const files: Files = new Map()
    await expect(split(dying, files)).rejects.toBeInstanceOf(ProcessDeath)
    if (![...hand.keyring.objects.keys()].some((name) => name.startsWith('slots/'))) {
      await expectWhole(await openWith(hand, files, 'restore.key'))
      continue
    }
    await expectWhole(await openVault({ ...openDeps, ...hand, passphrase }))
    const again = await split(hand)
    if (files.size > 0) expect(texts(again)).toEqual(texts(files))
    await expectWhole(await openWith(hand, again, 'restore.key'))
  }
}, 30_000)

test('the recovery slot splits nothing again', async () => {
  const hand = await aFilledVault()
  const files = await split(hand)
  const slot = { name: RECOVERY_SLOT, text: files.get(RECOVERY_SLOT) ?? new Secret('') }
  const request = {
    ...openDeps,
    ...hand,
    passphrase,
    slot,
    sources: [],
    save: async () => {},
    cost,
  }
  await expect(splitKeys(request)).rejects.toMatchObject({ code: 'vault.keys-split' })
})

test('a slot of before the split that was put back changes no key', async () => {
  const hand = await aFilledVault()
  const slots = [...hand.keyring.objects].filter(([name]) => name.startsWith('slots/'))
  const files = await split(hand)
  for (const [name, bytes] of slots) hand.keyring.objects.set(name, bytes)
  const before = [...hand.keyring.objects.keys(), ...hand.store.objects.keys()]
  const refused = { code: 'vault.keys-split' }
  await expect(split(hand)).rejects.toMatchObject(refused)
  const request = { ...openDeps, ...hand, passphrase }
  const holder = { role: 'restore', source: null } as const
  const folder = folderIn(new Map())
  const adding = addCredential({ ...request, holder, folder, isRotation: true })
  await expect(adding).rejects.toMatchObject(refused)
  const { signing } = parseCredential(files.get('restore.key')?.reveal() ?? '')
  const id = signingKeyId(signingPublicKeyOf(signing.restore ?? new Uint8Array()))
  await expect(revokeCertificate({ ...request, id })).rejects.toMatchObject(refused)
  expect([...hand.keyring.objects.keys(), ...hand.store.objects.keys()]).toEqual(before)
  const vault = await openWith(hand, files, 'restore.key')
  await expectWhole(vault)
  const { incidents } = await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
  const names = slots.map(([name]) => `keyring:${name}`).sort()
  expect(incidents.map(({ object }) => object).sort()).toEqual(names)
})

function texts(files: Files): Record<string, string> {
  return Object.fromEntries([...files].map(([name, text]) => [name, text.reveal()]))
}

function copyOf({ keyring, store }: VaultInHand) {
  const copy = { store: createMemoryStore('vault'), keyring: createMemoryStore('keyring') }
  for (const [name, bytes] of store.objects) copy.store.objects.set(name, bytes)
  for (const [name, bytes] of keyring.objects) copy.keyring.objects.set(name, bytes)
  return copy
}

async function countWrites(template: VaultInHand): Promise<number> {
  const hand = copyOf(template)
  const process = { writeCount: 0, isDead: false }
  const never = { at: 1_000_000, kind: 'dies', isApplied: false } as const
  await split({
    store: faultyStore(hand.store, never, process),
    keyring: faultyStore(hand.keyring, never, process),
  })
  return process.writeCount
}
