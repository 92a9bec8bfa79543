import { expect, test } from 'vitest'
import { runCollect } from '#retention/run-collect'
import { formatCredential } from '#seal/credential'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import type { ObjectStore } from '#store/object-store'
import { type Fault, faultyStore, ProcessDeath } from '#store/testing/faulty-store'
import { createMemoryStore, type MemoryStore } from '#store/testing/memory-store'
import { checkVault } from '#vault/check-vault'
import { commitNext } from '#vault/commit-next'
import { openVault } from '#vault/open-vault'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

type Stores = { readonly store: ObjectStore; readonly keyring: ObjectStore }

/** Three points; the segment of the second was replaced; a writer left its objects and never committed. */
async function aPast() {
  const { credential, keyring, store, vault } = await aVault()
  await vault.addSource('erp', signal)
  const sessions: string[] = []
  for (const text of ['1\ta\t1\n', '1\ta\t2\n', '1\ta\t3\n']) {
    const state = await vault.readTimeline('erp', signal)
    const newest = state.points.at(-1)?.seq
    const from = newest === undefined ? { text } : { text, base: newest }
    const body = await aRealCapture(vault, 'erp', from)
    await vault.append(state, body, signal)
    sessions.push(body.session)
  }
  const { segments, session } = await aRealCapture(vault, 'erp', { text: '1\ta\t2\n' })
  const removes = [`erp/${sessions[1]}/1`]
  const sizes = { bytesStored: 0, durationMs: 0 }
  const state = await vault.readTimeline('erp', signal)
  await vault.append(state, { kind: 'compact', session, removes, segments, ...sizes }, signal)
  await aRealCapture(vault, 'erp', { text: '9\tleft\t9\n' })
  const open = (stores: Stores) => {
    const keyFile = new Secret(formatCredential(credential))
    return openVault({
      ...stores,
      keyFile,
      stateDir: undefined,
      clock: stillClock,
      random: systemRandom,
      signal,
    })
  }
  return { store, keyring, open }
}

/** Lets the first point go, and deletes what nothing needs. */
async function keep(vault: Vault): Promise<void> {
  await commitNext(
    vault,
    'erp',
    async ({ basis, points }) => {
      if (points.at(0)?.seq !== 1) return undefined
      return await vault.cosign('erp', { kind: 'expire', basis, points: [1] }, signal)
    },
    signal,
  )
  const request = { source: 'erp', graceMs: 0, isDryRun: false }
  await runCollect({ vault, random: systemRandom }, request, signal)
}

function copyOf(store: MemoryStore): MemoryStore {
  const copy = createMemoryStore(store.label)
  for (const [name, bytes] of store.objects) copy.objects.set(name, Uint8Array.from(bytes))
  return copy
}

const past = await aPast()

async function keepWith(fault: Fault) {
  const stores = { store: copyOf(past.store), keyring: copyOf(past.keyring) }
  const process = { writeCount: 0, isDead: false }
  const vault = await past.open({
    store: faultyStore(stores.store, fault, process),
    keyring: faultyStore(stores.keyring, fault, process),
  })
  const outcome = await keep(vault).then(
    () => 'lived',
    (error: unknown) => error,
  )
  return { stores, outcome, writes: process.writeCount }
}

const { writes } = await keepWith({ at: Number.POSITIVE_INFINITY, kind: 'dies', isApplied: false })

test('there are writes to die at', () => expect(writes).toBeGreaterThan(10))

test.each(
  (['dies', 'fails'] as const).flatMap((kind) =>
    [true, false].map((isApplied) => ({ kind, isApplied })),
  ),
)(
  'whoever $kind at any write of expiry and collection (applied: $isApplied) loses nothing that is kept, and a rerun finishes',
  async (how) => {
    for (let at = 1; at <= writes; at++) {
      const { outcome, stores } = await keepWith({ ...how, at })
      if (how.kind === 'dies') expect(outcome, `write ${at}`).toBeInstanceOf(ProcessDeath)
      expectKeysFor(stores, `write ${at}`)
      const vault = await past.open(stores)
      const options = { depth: 'decoded' as const, signal, onProgress: () => {} }
      expect(await checkVault(vault, options), `write ${at}`).toMatchObject({ problems: [] })
      const { points } = await vault.readTimeline('erp', signal)
      expect([
        [1, 2, 3],
        [2, 3],
      ]).toContainEqual(points.map(({ seq }) => seq))

      await keep(vault)
      expect(await checkVault(vault, options), `write ${at}`).toMatchObject({
        problems: [],
        replaced: { objects: 0 },
      })
      expect((await vault.readTimeline('erp', signal)).points.map(({ seq }) => seq)).toEqual([2, 3])
      expect(stores.store.objects.size, `write ${at}`).toBe(CLEAN)
    }
  },
)

/** Objects of the vault once everything that is to go is gone. */
const CLEAN = await countClean()

async function countClean(): Promise<number> {
  const stores = { store: copyOf(past.store), keyring: copyOf(past.keyring) }
  await keep(await past.open(stores))
  return stores.store.objects.size
}

/** Data goes before the keys that open it: whatever is left can be opened still. */
function expectKeysFor(
  { keyring, store }: { store: MemoryStore; keyring: MemoryStore },
  at: string,
) {
  for (const name of store.objects.keys()) {
    const [, segment] = /^segments\/(erp\/[^/]+\/[0-9]+)\./.exec(name) ?? []
    if (segment !== undefined) expect(keyring.objects.has(segment), `${at}: ${name}`).toBe(true)
  }
}
