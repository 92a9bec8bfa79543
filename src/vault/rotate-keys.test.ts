import { expect, test } from 'vitest'
import { openKeyring } from '#seal/keyring'
import { AppError } from '#stdx/app-error'
import { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import { faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import type { EntryBody } from '#timeline/entry'
import { checkVault } from './check-vault.ts'
import { listKeys } from './list-keys.ts'
import { openVault, openWithCredential } from './open-vault.ts'
import { addPassphrase, removeSlot } from './passphrase-slots.ts'
import { addCredential, type HolderName, revokeCertificate } from './rotate-keys.ts'
import { fileNameOf, RECOVERY_SLOT } from './split-keys.ts'
import {
  aFilledVault,
  captureText,
  cost,
  type Files,
  folderIn,
  openDeps,
  openWith,
  requestWith,
  type Stores,
  split,
} from './testing/a-split-vault.ts'
import { passphrase, signal } from './testing/a-vault.ts'

const RESTORE = { role: 'restore', source: null } as const
const CAPTURE = { role: 'capture', source: 'erp' } as const

/** A credential made with the recovery slot, in files of its own. */
async function make(stores: Stores, files: Files, holder: HolderName, isRotation: boolean) {
  const made: Files = new Map()
  const folder = folderIn(made)
  const request = { ...requestWith(stores, files, RECOVERY_SLOT), holder, folder, isRotation }
  return { made, report: await addCredential(request), again: () => addCredential(request) }
}

async function aSplitVault() {
  const hand = await aFilledVault()
  return { hand, files: await split(hand) }
}

async function keysOf(stores: Stores, files: Files) {
  const { vault } = await openWithCredential(requestWith(stores, files, 'auditor.key'))
  return (await listKeys(vault, signal)).keys.filter(({ isRevoked }) => !isRevoked)
}

async function expectWhole(stores: Stores, files: Files, name: string) {
  const vault = await openWith(stores, files, name)
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  expect(await checkVault(vault, options)).toMatchObject({ verdict: 'whole', problems: [] })
}

test('a further credential of a role reads like the first, which goes on', async () => {
  const { files, hand } = await aSplitVault()
  const { made } = await make(hand, files, RESTORE, false)
  await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  await expectWhole(hand, made, 'restore.key')
  await expectWhole(hand, files, 'restore.key')
})

test('after a rotation the new file reads and the old one opens nothing, earlier or later', async () => {
  const { files, hand } = await aSplitVault()
  const { made, report } = await make(hand, files, RESTORE, true)
  expect(report).toMatchObject({ epoch: 3, problems: [] })
  await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  for (const name of ['keeper.key', RECOVERY_SLOT]) await expectWhole(hand, files, name)
  await expectWhole(hand, made, 'restore.key')
  const old = await openWith(hand, files, 'restore.key')
  const { keyring, openers, vaultId } = await old.readDeps('erp', signal)
  const state = await old.readTimeline('erp', signal)
  for (const { ref } of [...state.segments.values()].flat()) {
    const bytes = await keyring.get(ref.keyring, { signal })
    const opened = await openKeyring({ vaultId, name: ref.keyring, bytes, openers })
    expect(opened).toEqual({ blobs: expect.anything() })
  }
})

test('a rotation passes over an epoch of which a name was declared dead', async () => {
  const { files, hand } = await aSplitVault()
  const [object = ''] = [...hand.keyring.objects.keys()].filter((name) => name.startsWith('erp/'))
  const dead = `${object.replace(/\.2$/, '')}.3`
  const custodian = await openWith(hand, files, 'custodian.key')
  const fence = { kind: 'fence' as const, sessions: [], keyrings: [dead] }
  await custodian.declareDead(async () => fence, signal)
  const { made, report } = await make(hand, files, RESTORE, true)
  expect(report).toMatchObject({ epoch: 4, problems: [] })
  await expectWhole(hand, made, 'restore.key')
})

test('after a rotation of capture the new file backs up and the old one cannot', async () => {
  const { files, hand } = await aSplitVault()
  await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  const { made } = await make(hand, files, CAPTURE, true)
  const old = await openWith(hand, files, 'capture-erp.key')
  const revoked = { code: 'vault.certificate-revoked' }
  await expect(captureText(old, 'erp', '1\terp\tz\n')).rejects.toMatchObject(revoked)
  await captureText(await openWith(hand, made, 'capture-erp.key'), 'erp', '1\terp\tz\n')
  const state = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  // What it stated before it was revoked stays.
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2, 3])
  expect(state.incidents).toEqual([])
  await expectWhole(hand, files, 'keeper.key')
})

test('amid a rotation of capture the old file backs up for good or not at all', async () => {
  const outcomes: string[] = []
  for (let at = 1; at <= 5; at++) {
    const { files, hand } = await aSplitVault()
    const process = { writeCount: 0, isDead: false }
    const fault = { at, kind: 'dies', isApplied: true } as const
    const stores = {
      store: faultyStore(hand.store, fault, process),
      keyring: faultyStore(hand.keyring, fault, process),
    }
    await expect(make(stores, files, CAPTURE, true)).rejects.toThrow(ProcessDeath)
    const epoch = await (await openWith(hand, files, 'auditor.key')).keyEpoch(signal)
    const old = await openWith(hand, files, 'capture-erp.key')
    const told = await captureText(old, 'erp', '1\terp\ty\n').catch(() => undefined)
    // From the moment that others are sealed to: a revocation may be on its way.
    expect(told === undefined, `write ${at}`).toBe(epoch > 2)
    await make(hand, files, CAPTURE, true)
    const state = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
    expect(state.points.map(({ seq }) => seq)).toEqual(told === undefined ? [1] : [1, told.seq])
    outcomes.push(told === undefined ? 'refused' : 'backed up')
  }
  expect(outcomes).toEqual(expect.arrayContaining(['backed up', 'refused']))
}, 60_000)

test('after a rotation of capture the recovery slot backs up still', async () => {
  const { files, hand } = await aSplitVault()
  await captureText(await openWith(hand, files, RECOVERY_SLOT), 'erp', '1\terp\ty\n')
  await make(hand, files, CAPTURE, true)
  await captureText(await openWith(hand, files, RECOVERY_SLOT), 'erp', '1\terp\tz\n')
  await expectWhole(hand, files, 'restore.key')
})

test('a source that is new after the split gets its credential, and backs up with it', async () => {
  const { files, hand } = await aSplitVault()
  const { made } = await make(hand, files, { role: 'capture', source: 'billing' }, false)
  const capture = await openWith(hand, made, 'capture-billing.key')
  await capture.addSource('billing', signal)
  await captureText(capture, 'billing', '1\tbilling\tx\n')
  await expectWhole(hand, files, 'restore.key')
})

test('revoking ends one credential and no other', async () => {
  const { files, hand } = await aSplitVault()
  const custodian = (await keysOf(hand, files)).find(({ role }) => role === 'custodian')
  const request = requestWith(hand, files, RECOVERY_SLOT)
  const id = custodian?.id.slice(0, 8) ?? ''
  await revokeCertificate({ ...request, id })
  const vault = await openWith(hand, files, 'custodian.key')
  const state = await vault.readTimeline('erp', signal)
  const hold: EntryBody = { kind: 'hold', points: [1], reason: 'audit' }
  await expect(vault.append(state, hold, signal)).rejects.toMatchObject({
    code: 'vault.certificate-revoked',
  })
  expect((await keysOf(hand, files)).map(({ role }) => role)).not.toContain('custodian')
  await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  await expectWhole(hand, files, 'keeper.key')
})

test('keys are changed by the root alone, and only once they are split', async () => {
  const { files, hand } = await aSplitVault()
  const request = { ...requestWith(hand, files, 'keeper.key'), id: 'abcd' }
  await expect(revokeCertificate(request)).rejects.toMatchObject({ code: 'vault.role-missing' })
  const recovery = requestWith(hand, files, RECOVERY_SLOT)
  for (const id of ['abcdef', '']) {
    const unknown = revokeCertificate({ ...recovery, id })
    await expect(unknown).rejects.toMatchObject({ code: 'vault.key-unknown' })
  }
  const whole = await aFilledVault()
  const early = revokeCertificate({ ...openDeps, ...whole, passphrase, id: 'abcd' })
  await expect(early).rejects.toMatchObject({ code: 'vault.keys-whole' })
})

test('a credential that is in use is never made again in its place', async () => {
  const { files, hand } = await aSplitVault()
  const { again, made } = await make(hand, files, RESTORE, true)
  const before = made.get(fileNameOf(RESTORE))?.reveal()
  await expect(again()).rejects.toMatchObject({ code: 'vault.key-in-use' })
  expect(made.get(fileNameOf(RESTORE))?.reveal()).toBe(before)
})

test('a further passphrase opens the same, and nothing once its slot is removed', async () => {
  const hand = await aFilledVault()
  const added = new Secret('another passphrase')
  const request = { ...openDeps, store: hand.store, keyring: hand.keyring }
  const { slot } = await addPassphrase({ ...request, passphrase, added, cost })
  const opened = await openVault({ ...request, passphrase: added })
  expect(opened.holder).toMatchObject({ reads: true, captures: 'all' })
  await removeSlot({ ...request, passphrase, id: slot })
  const shut = openVault({ ...request, passphrase: added })
  await expect(shut).rejects.toMatchObject({ code: 'seal.passphrase-wrong' })
  const { slots } = await listKeys(
    (await openWithCredential({ ...request, passphrase })).vault,
    signal,
  )
  const last = removeSlot({ ...request, passphrase, id: slots[0]?.id ?? '' })
  await expect(last).rejects.toMatchObject({ code: 'vault.key-unknown' })
})

test('after a split a passphrase may open a role, and never the recovery slot', async () => {
  const { files, hand } = await aSplitVault()
  const added = new Secret('another passphrase')
  await addPassphrase({ ...requestWith(hand, files, 'restore.key'), added, cost })
  const request = { ...openDeps, store: hand.store, keyring: hand.keyring }
  const opened = await openVault({ ...request, passphrase: added })
  expect(opened.holder).toMatchObject({ roles: ['restore'], reads: true, captures: [] })
  const kept = addPassphrase({ ...requestWith(hand, files, RECOVERY_SLOT), added, cost })
  await expect(kept).rejects.toMatchObject({ code: 'vault.keys-split' })
})

test('a disk that is full while the keyring is sealed anew fails the rotation, which then goes on', async () => {
  const { files, hand } = await aSplitVault()
  let isFull = true
  const keyring: ObjectStore = {
    ...hand.keyring,
    put: async (name, bytes, signal) => {
      if (isFull && /^erp\//.test(name))
        throw new AppError('store.full', 'Cannot write: it is full')
      return await hand.keyring.put(name, bytes, signal)
    },
  }
  const made: Files = new Map()
  const stores = { store: hand.store, keyring }
  const request = { ...requestWith(stores, files, RECOVERY_SLOT), folder: folderIn(made) }
  const rotate = () => addCredential({ ...request, holder: RESTORE, isRotation: true })
  await expect(rotate()).rejects.toMatchObject({ code: 'store.full' })
  expect(made.has('restore.key')).toBe(false)
  isFull = false
  expect(await rotate()).toMatchObject({ problems: [] })
  await expectWhole(hand, made, 'restore.key')
})
