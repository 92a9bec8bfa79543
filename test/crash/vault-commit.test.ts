import { expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import { type Fault, faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { createMemoryStore } from '#store/testing/memory-store'
import { checkVault } from '#vault/check-vault'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { passphrase, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

const cost = { memoryKib: 64, passes: 1, lanes: 1 }
const base = { clock: stillClock, random: systemRandom, signal }
type Stores = { readonly store: ObjectStore; readonly keyring: ObjectStore }

const open = (stores: Stores) =>
  openVault({
    ...base,
    ...stores,
    stateDir: undefined,
    passphrase: new Secret(passphrase.reveal()),
  })

/** One life: from nothing to a vault with two points, a document and heads. */
async function live(stores: Stores): Promise<void> {
  const isThere = await stores.store.stat('vault.json' as never, signal)
  if (isThere === undefined) await createVault({ ...base, ...stores, passphrase, cost })
  const vault = await open(stores)
  await vault.addSource('erp', signal)
  await capture(vault)
  await capture(vault)
  await vault.putDocument('config', 'sources: {}', signal)
  await vault.putHeads(signal)
}

async function capture(vault: Vault): Promise<void> {
  const state = await vault.readTimeline('erp', signal)
  const newest = state.points.at(-1)?.seq
  const text = `1\tAda\t${state.headSeq}\n`
  const from = newest === undefined ? { text } : { text, base: newest }
  await vault.append(state, await aRealCapture(vault, 'erp', from), signal)
}

async function countWrites(): Promise<number> {
  const process = { writeCount: 0, isDead: false }
  const never = { at: Number.POSITIVE_INFINITY, kind: 'dies', isApplied: false } as const
  const store = faultyStore(createMemoryStore(), never, process)
  const keyring = faultyStore(createMemoryStore('keyring'), never, process)
  await live({ store, keyring })
  return process.writeCount
}

async function lifeWith(fault: Fault) {
  const stores = { store: createMemoryStore(), keyring: createMemoryStore('keyring') }
  const process = { writeCount: 0, isDead: false }
  const faulty = {
    store: faultyStore(stores.store, fault, process),
    keyring: faultyStore(stores.keyring, fault, process),
  }
  const outcome = await live(faulty).then(
    () => 'lived',
    (error: unknown) => error,
  )
  return { stores, outcome }
}

const writes = await countWrites()

test('there are writes to die at', () => expect(writes).toBeGreaterThan(20))

test.each(
  (['dies', 'fails'] as const).flatMap((kind) =>
    [true, false].map((isApplied) => ({ kind, isApplied })),
  ),
)(
  'whoever $kind at any write (applied: $isApplied) leaves a whole vault, and a rerun finishes',
  async (how) => {
    for (let at = 1; at <= writes; at++) {
      const { outcome, stores } = await lifeWith({ at, ...how })
      if (how.kind === 'dies' && outcome !== 'lived') expect(outcome).toBeInstanceOf(ProcessDeath)
      const isThere = stores.store.objects.has('vault.json')
      if (isThere) await expectWhole(stores, at)
      await live(stores)
      await expectWhole(stores, at)
      const state = await (await open(stores)).readTimeline('erp', signal)
      expect(state.points.length).toBeGreaterThanOrEqual(2)
      expect(state).toMatchObject({ incidents: [], damagedFrom: null })
    }
  },
)

async function expectWhole(stores: Stores, at: number): Promise<void> {
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  const report = await checkVault(await open(stores), options)
  expect({ at, problems: report.problems }).toEqual({ at, problems: [] })
}
