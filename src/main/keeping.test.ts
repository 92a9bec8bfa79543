import { expect, test } from 'vitest'
import { aLife, SOURCE } from '#capture/testing/a-life'
import { runCollect } from '#retention/run-collect'
import { runCompaction } from '#retention/run-compaction'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { signal, stillClock } from '#vault/testing/a-vault'
import { proveKeeping } from './testing/keeping.ts'

test('every kept point holds what it held, whatever was let go, merged and collected (I1, I2, I4)', async () => {
  await proveKeeping(3)
}, 60_000)

test('a large value that outlives its segment is kept, checked, and named when it is damaged', async () => {
  await using life = await aLife(
    `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, photo BLOB);
     INSERT INTO customer VALUES (1, 'Ada', randomblob(70000)), (2, 'Bea', NULL)`,
  )
  const { store, vault } = life.inHand
  const { seq: first } = await life.capture()
  await life.exec(`UPDATE customer SET name = name || '!'`)
  const { seq: second } = await life.capture()
  const before = await life.rowsAt(second, 'main.customer')
  const state = await life.state()
  const proposal = { kind: 'expire' as const, basis: null, points: [first] }
  await vault.append(state, await vault.cosign(SOURCE, proposal, signal), signal)
  const deps = { vault, clock: stillClock, random: systemRandom }
  await runCompaction({ ...deps, progress: () => {} }, SOURCE, signal)
  await runCollect(deps, { source: SOURCE, graceMs: 0, isDryRun: false }, signal)
  const replaced = [...(await life.state()).replaced]
  const lent = replaced.flatMap(({ ref }) => ref.blobs?.name ?? [])
  expect(lent).toHaveLength(1)
  expect(replaced.some(({ ref }) => store.objects.has(ref.keys.name))).toBe(false)
  expect(await life.rowsAt(second, 'main.customer')).toEqual(before)

  const options = { depth: 'hashes' as const, signal, onProgress: () => {} }
  expect(await checkVault(vault, options)).toMatchObject({ problems: [], replaced: { objects: 0 } })
  store.objects.get(lent[0] ?? '')?.fill(0, 100, 200)
  expect((await checkVault(vault, options)).problems).toMatchObject([{ object: lent[0] }])
})
