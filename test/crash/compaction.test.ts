import { expect, test } from 'vitest'
import { atEntry } from '#record/stamp'
import { runCompaction } from '#retention/run-compaction'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import { aSchema } from '#segment/testing/segment-fixture'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import { type Fault, faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from '#vault/check-vault'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { passphrase, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

const cost = { memoryKib: 64, passes: 1, lanes: 1 }
const base = { clock: stillClock, random: systemRandom, signal }
const DAYS = 9
type Stores = { readonly store: ObjectStore; readonly keyring: ObjectStore }
type MemoryStores = { readonly store: MemoryStore; readonly keyring: MemoryStore }

const open = (stores: Stores) => openVault({ ...base, ...stores, stateDir: undefined, passphrase })

/** Nine points of one table; each adds a record, those in the middle are let go. */
async function aVaultToCompact(): Promise<MemoryStores> {
  const stores = { store: createMemoryStore(), keyring: createMemoryStore('keyring') }
  await createVault({ ...base, ...stores, passphrase, cost })
  const vault = await open(stores)
  await vault.addSource('erp', signal)
  for (let day = 1; day <= DAYS; day++) {
    const state = await vault.readTimeline('erp', signal)
    const newest = state.points.at(-1)?.seq
    const text = `1\tAda\tday ${day}\n${day + 1}\tBob\t-\n`
    const from = newest === undefined ? { text } : { text, base: newest }
    await vault.append(state, await aRealCapture(vault, 'erp', from), signal)
  }
  const { basis } = await vault.readTimeline('erp', signal)
  const proposal = { kind: 'expire' as const, basis, points: [2, 3, 4, 6, 7] }
  const body = await vault.cosign('erp', proposal, signal)
  await vault.append(await vault.readTimeline('erp', signal), body, signal)
  return stores
}

function copyOf({ keyring, store }: MemoryStores): MemoryStores {
  const copy = (from: MemoryStore, label: string) => {
    const to = createMemoryStore(label)
    for (const [name, bytes] of from.objects) to.objects.set(name, bytes)
    return to
  }
  return { store: copy(store, 'memory'), keyring: copy(keyring, 'keyring') }
}

async function compact(stores: Stores) {
  const vault = await open(stores)
  return await runCompaction({ ...base, vault, progress: () => {} }, 'erp', signal)
}

async function compactWith(whole: MemoryStores, fault: Fault) {
  const stores = copyOf(whole)
  const process = { writeCount: 0, isDead: false }
  const faulty = {
    store: faultyStore(stores.store, fault, process),
    keyring: faultyStore(stores.keyring, fault, process),
  }
  const outcome = await compact(faulty).then(
    () => 'done',
    (error: unknown) => error,
  )
  return { stores, outcome, writes: process.writeCount }
}

async function rowsOfAll(vault: Vault): Promise<string[][]> {
  const { points, segments } = await vault.readTimeline('erp', signal)
  const deps = await vault.readDeps('erp', signal)
  const schema = aSchema()
  const all: string[][] = []
  for (const { seq } of points) {
    const options = { segments: segments.get(schema.entity) ?? [], schemas: new Map([[1, schema]]) }
    const asked = { ...options, schema, asOf: atEntry(seq), rows: true, signal }
    const batches = await collect(readState(deps, asked))
    all.push(
      batches.flatMap(({ count, rows }) =>
        Array.from({ length: count }, (_, i) =>
          rows ? Buffer.from(entryOf(rows, i)).toString() : '',
        ),
      ),
    )
  }
  return all
}

const whole = await aVaultToCompact()
const before = await rowsOfAll(await open(whole))
const never = { at: Number.POSITIVE_INFINITY, kind: 'dies', isApplied: false } as const
const { writes } = await compactWith(whole, never)

test('there are points to read and writes to die at', () => {
  expect(before).toHaveLength(4)
  expect(before.at(-1)).toContain(`1\tAda\tday ${DAYS}\n`)
  expect(writes).toBeGreaterThan(3)
})

test.each(
  (['dies', 'fails'] as const).flatMap((kind) =>
    [true, false].map((isApplied) => ({ kind, isApplied })),
  ),
)(
  'a compaction that $kind at any write (applied: $isApplied) changes no point, and the next one finishes',
  async (how) => {
    for (let at = 1; at <= writes; at++) {
      const { outcome, stores } = await compactWith(whole, { at, ...how })
      if (how.kind === 'dies' && outcome !== 'done') expect(outcome).toBeInstanceOf(ProcessDeath)
      await expectSame(stores, at)
      await compact(stores)
      await expectSame(stores, at)
      expect((await compact(stores)).replaced).toBe(0)
    }
  },
)

async function expectSame(stores: Stores, at: number): Promise<void> {
  const vault = await open(stores)
  expect({ at, rows: await rowsOfAll(vault) }).toEqual({ at, rows: before })
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  const report = await checkVault(vault, options)
  expect({ at, problems: report.problems }).toEqual({ at, problems: [] })
}
