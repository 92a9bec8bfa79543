import { expect, test } from 'vitest'
import { isAppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { type Fault, faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from '#vault/check-vault'
import { createVault } from '#vault/create-vault'
import { listKeys } from '#vault/list-keys'
import { openVault, openWithCredential } from '#vault/open-vault'
import { addPassphrase, removeSlot } from '#vault/passphrase-slots'
import { addCredential, revokeCertificate } from '#vault/rotate-keys'
import { fileNameOf, RECOVERY_SLOT } from '#vault/split-keys'
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
} from '#vault/testing/a-split-vault'
import { passphrase, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

type MemoryStores = { readonly store: MemoryStore; readonly keyring: MemoryStore }
/** What is done, and what has to be so at any moment; `isDone` once it has ended. */
type Change = {
  readonly name: string
  readonly run: (stores: Stores, files: Files) => Promise<unknown>
  readonly expectWhole: (stores: Stores, files: Files, isDone: boolean) => Promise<void>
}

const RESTORE = { role: 'restore', source: null } as const
const added = new Secret('a second passphrase')
const split0 = await aFilledVault()
const splitFiles = await split(split0)
const whole = await aFilledVault()
const withSecond = await aFilledVault()
const { slot: secondSlot } = await addPassphrase({
  ...openDeps,
  ...storesOf(withSecond),
  passphrase,
  added,
  cost,
})

const byPassphrase = (stores: Stores, text = passphrase) => ({
  ...openDeps,
  ...storesOf(stores),
  passphrase: text,
})
const byRecovery = (stores: Stores) => requestWith(storesOf(stores), splitFiles, RECOVERY_SLOT)

const INIT: Change = {
  name: 'init',
  run: async (stores) => {
    const { keyring, store } = stores
    await createVault({
      store,
      keyring,
      random: systemRandom,
      clock: stillClock,
      passphrase,
      cost,
      signal,
    })
  },
  expectWhole: async (stores, _, isDone) => {
    const isThere = (await stores.store.stat('vault.json' as never, signal)) !== undefined
    expect(isThere || !isDone).toBe(true)
    if (isThere) await expectSound(await openVault(byPassphrase(stores)))
  },
}

const ROTATE: Change = {
  name: 'key rotate',
  run: async (stores, files) =>
    addCredential({
      ...byRecovery(stores),
      holder: RESTORE,
      folder: folderIn(files),
      isRotation: true,
    }),
  expectWhole: async (stores, files, isDone) => {
    await expectSound(await openVault(byRecovery(stores)))
    await expectSound(await openWith(storesOf(stores), splitFiles, 'keeper.key'))
    const name = fileNameOf(RESTORE)
    expect(files.has(name)).toBe(isDone)
    if (isDone) await expectSound(await openWith(storesOf(stores), files, name))
    if (!isDone) return
    const { vault } = await openWithCredential(byRecovery(stores))
    const { keys } = await listKeys(vault, signal)
    const inUse = keys.filter(({ isRevoked, role }) => role === 'restore' && !isRevoked)
    // The root's own stand-in has none any more since the split.
    expect(inUse).toHaveLength(1)
  },
}

const CHANGES: readonly [Change, MemoryStores | undefined][] = [
  [INIT, undefined],
  [
    {
      name: 'key split',
      run: (stores, files) => split(stores, files),
      expectWhole: async (stores, files, isDone) => {
        const isLeft = await openVault(byPassphrase(stores)).catch(allowCode('vault.keys-split'))
        expect(isLeft !== undefined && isDone, 'the passphrase opens nothing any more').toBe(false)
        // As long as the passphrase opens anything it opens everything; then the files do.
        if (isLeft !== undefined) await expectSound(isLeft)
        else {
          const request = requestWith(storesOf(stores), files, RECOVERY_SLOT)
          await expectSound(await openVault(request))
          await expectSound(await openWith(storesOf(stores), files, 'restore.key'))
        }
      },
    },
    whole,
  ],
  [ROTATE, split0],
  [
    {
      ...ROTATE,
      name: 'key add',
      run: async (stores, files) =>
        addCredential({
          ...byRecovery(stores),
          holder: RESTORE,
          folder: folderIn(files),
          isRotation: false,
        }),
      expectWhole: async (stores, files, isDone) => {
        await expectSound(await openVault(byRecovery(stores)))
        await expectSound(await openWith(storesOf(stores), splitFiles, 'restore.key'))
        if (isDone) await expectSound(await openWith(storesOf(stores), files, 'restore.key'))
      },
    },
    split0,
  ],
  [
    {
      name: 'key revoke of a certificate',
      run: async (stores) => {
        const { vault } = await openWithCredential(byRecovery(stores))
        const { keys } = await listKeys(vault, signal)
        const { id = '' } = keys.find(({ epoch, role }) => role === 'restore' && epoch > 1) ?? {}
        await revokeCertificate({ ...byRecovery(stores), id })
      },
      expectWhole: async (stores, _, isDone) => {
        await expectSound(await openVault(byRecovery(stores)))
        await expectSound(await openWith(storesOf(stores), splitFiles, 'keeper.key'))
        const { vault } = await openWithCredential(byRecovery(stores))
        const { keys } = await listKeys(vault, signal)
        const inUse = keys.filter(({ isRevoked, role }) => role === 'restore' && !isRevoked)
        if (isDone) expect(inUse).toEqual([])
      },
    },
    split0,
  ],
  [
    {
      name: 'key add passphrase',
      run: async (stores) => addPassphrase({ ...byPassphrase(stores), added, cost }),
      expectWhole: async (stores, _, isDone) => {
        await expectSound(await openVault(byPassphrase(stores)))
        if (isDone) await expectSound(await openVault(byPassphrase(stores, added)))
      },
    },
    whole,
  ],
  [
    {
      name: 'key revoke of a slot',
      run: async (stores) => removeSlot({ ...byPassphrase(stores), id: secondSlot }),
      expectWhole: async (stores, _, isDone) => {
        await expectSound(await openVault(byPassphrase(stores)))
        const opening = openVault(byPassphrase(stores, added))
        const left = await opening.catch(allowCode('seal.passphrase-wrong'))
        expect(left !== undefined && isDone, 'it opens nothing any more').toBe(false)
      },
    },
    withSecond,
  ],
]
const FAULTS = [
  { kind: 'dies', isApplied: true },
  { kind: 'dies', isApplied: false },
  { kind: 'fails', isApplied: true },
] as const

test.each(
  CHANGES.flatMap(([change, from]) =>
    FAULTS.map((fault) => ({ ...fault, name: change.name, change, from })),
  ),
)(
  '$name that $kind at any write (applied: $isApplied) loses no key, and a rerun finishes',
  async ({ change, from, isApplied, kind }) => {
    const writes = await countWrites(change, from)
    expect(writes, 'there is something to hit').toBeGreaterThan(1)
    for (let at = 1; at <= writes; at++) {
      const stores = copyOf(from)
      const files: Files = new Map()
      const ended = await runWith({ at, kind, isApplied }, { change, stores, files })
      if (kind === 'dies') expect(ended).not.toBe('failed')
      await change.expectWhole(stores, files, ended === 'done')
      // What is complete may say so instead of being done once more.
      if (ended !== 'done') await change.run(stores, files).catch(allowCode(...COMPLETE))
      await change.expectWhole(stores, files, true)
    }
  },
)

/** How a command says that what it was to do is done. */
const COMPLETE = ['vault.exists', 'vault.keys-split', 'vault.key-unknown', 'vault.key-in-use']

type Scene = { readonly change: Change; readonly stores: MemoryStores; readonly files: Files }

async function runWith(fault: Fault, { change, files, stores }: Scene) {
  const process = { writeCount: 0, isDead: false }
  const faulty = {
    store: faultyStore(stores.store, fault, process),
    keyring: faultyStore(stores.keyring, fault, process),
  }
  try {
    await change.run(faulty, files)
    return 'done'
  } catch (error) {
    if (error instanceof ProcessDeath) return 'died'
    expect(error).toMatchObject({ code: 'store.unavailable' })
    return 'failed'
  }
}

async function countWrites(change: Change, from: MemoryStores | undefined): Promise<number> {
  const stores = copyOf(from)
  const process = { writeCount: 0, isDead: false }
  const never = { at: Number.POSITIVE_INFINITY, kind: 'dies', isApplied: false } as const
  const store = faultyStore(stores.store, never, process)
  await change.run({ store, keyring: faultyStore(stores.keyring, never, process) }, new Map())
  return process.writeCount
}

test('a slot of a vault that never came to be is no slot of this one', async () => {
  const stores = copyOf(undefined)
  const isSlot = (name: string) => /^slots\/[0-9a-f]{16}\.json$/.test(name)
  for (let at = 1; ![...stores.keyring.objects.keys()].some(isSlot); at++) {
    const fault = { at, kind: 'dies', isApplied: true } as const
    await runWith(fault, { change: INIT, stores, files: new Map() })
  }
  expect(stores.store.objects.has('vault.json')).toBe(false)
  const left = [...stores.keyring.objects.keys()].filter(isSlot)
  await INIT.run(stores, new Map())
  const { vault } = await openWithCredential(byPassphrase(stores))
  const { slots } = await listKeys(vault, signal)
  expect(slots).toHaveLength(1)
  const last = removeSlot({ ...byPassphrase(stores), id: slots[0]?.id ?? '' })
  await expect(last).rejects.toMatchObject({ code: 'vault.key-unknown' })
  // It may go, by its name.
  const [foreign = ''] = left
  const id = foreign.slice('slots/'.length, -'.json'.length)
  await removeSlot({ ...byPassphrase(stores), id })
  expect(stores.keyring.objects.has(foreign)).toBe(false)
  await expectSound(await openVault(byPassphrase(stores)))
})

test('while a split is unfinished no slot is removed: one has the only copy of the new keys', async () => {
  const stores = copyOf(whole)
  const writes = await countWrites({ ...INIT, run: (some) => split(some) }, whole)
  const change = { ...INIT, run: (some: Stores) => split(some) }
  // Everything is sealed anew; the files, kept nowhere, and the slots are left to do.
  const fault = { at: writes - 3, kind: 'dies', isApplied: false } as const
  expect(await runWith(fault, { change, stores, files: new Map() })).toBe('died')
  const { vault } = await openWithCredential(byPassphrase(stores))
  const { slots } = await listKeys(vault, signal)
  expect(slots).toHaveLength(2)
  for (const { id } of slots) {
    const removing = removeSlot({ ...byPassphrase(stores), id })
    await expect(removing).rejects.toMatchObject({ code: 'vault.split-unfinished' })
  }
})

test('what is begun of a credential that was taken out of use is not gone on with', async () => {
  const stores = copyOf(split0)
  const files: Files = new Map()
  const writes = await countWrites(ROTATE, split0)
  await runWith({ at: writes, kind: 'dies', isApplied: false }, { change: ROTATE, stores, files })
  const begun = files.get('restore.key.begun')?.reveal()
  await ROTATE.run(stores, new Map())
  await ROTATE.run(stores, files)
  expect(files.get('restore.key')?.reveal()).not.toBe(begun)
  await captureText(await openWith(stores, splitFiles, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  await expectSound(await openWith(stores, files, 'restore.key'))
})

/** Every row of every point, with what this credential opens. */
async function expectSound(vault: Vault): Promise<void> {
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  expect(await checkVault(vault, options)).toMatchObject({ verdict: 'whole', problems: [] })
}

function allowCode(...codes: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (isAppError(error) && codes.includes(error.code)) return undefined
    throw error
  }
}

function storesOf<S extends Stores>({ keyring, store }: S): Pick<S, 'store' | 'keyring'> {
  return { store, keyring }
}

function copyOf(from: MemoryStores | undefined): MemoryStores {
  const copy = { store: createMemoryStore('vault'), keyring: createMemoryStore('keyring') }
  for (const [name, bytes] of from?.store.objects ?? []) copy.store.objects.set(name, bytes)
  for (const [name, bytes] of from?.keyring.objects ?? []) copy.keyring.objects.set(name, bytes)
  return copy
}
