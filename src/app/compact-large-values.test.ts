import { expect, test } from 'vitest'
import { aLife, type Life, SOURCE } from '#capture/testing/a-life'
import { runCollect } from '#retention/run-collect'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { signal, stillClock } from '#vault/testing/a-vault'
import { compactSource } from './compact-source.ts'
import { silentProgress } from './progress.ts'

const deps = { clock: stillClock, random: systemRandom, progress: silentProgress }
/** Each other digits, 200 000 of them: they shrink to a half. */
const DOCUMENT = 'hex(randomblob(100000))'

async function letGo({ inHand: { vault }, state }: Life, points: readonly number[]): Promise<void> {
  const { basis } = await state()
  const proposal = { kind: 'expire' as const, basis, points: [...points] }
  await vault.append(await state(), await vault.cosign(SOURCE, proposal, signal), signal)
}

/** Compacts and collects, and gives the bytes of large values that are left. */
async function tidy({ inHand: { store, vault } }: Life): Promise<number> {
  await compactSource(deps, vault, SOURCE, signal)
  const request = { source: SOURCE, graceMs: 0, isDryRun: false }
  await runCollect({ vault, random: systemRandom }, request, signal)
  const report = await checkVault(vault, { depth: 'decoded', signal, onProgress: () => {} })
  expect(report).toMatchObject({ verdict: 'whole', garbage: { objects: 0 } })
  const blobs = [...store.objects].filter(([name]) => name.endsWith('.blobs'))
  return blobs.reduce((sum, [, bytes]) => sum + bytes.byteLength, 0)
}

test('large values go when no kept point sees them, and the others stay as they were', async () => {
  await using life = await aLife(`
    create table document (id integer primary key, body text);
    create table copy (id integer primary key, body text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 12)
      insert into document select i, ${DOCUMENT} from n;
  `)
  await life.capture()
  await life.exec('insert into copy select 1, body from document where id = 7')
  await life.exec('delete from document where id <> 3')
  await life.capture()
  const all = await tidy(life)
  const [document] = await life.rowsAt(2, 'main.document')
  const [copy] = await life.rowsAt(2, 'main.copy')
  expect(await life.rowsAt(1, 'main.document')).toHaveLength(12)

  await letGo(life, [1])
  const left = await tidy(life)
  expect(left).toBeLessThan((all * 2.5) / 12)
  expect(await life.rowsAt(2, 'main.document')).toEqual([document])
  expect(await life.rowsAt(2, 'main.copy')).toEqual([copy])

  await life.exec('update copy set id = 2')
  await life.exec('delete from document')
  const { seq } = await life.capture()
  expect(await tidy(life)).toBe(left)
  expect(await life.rowsAt(seq, 'main.copy')).toEqual([{ ...copy, id: '2' }])

  await letGo(life, [2])
  expect(await tidy(life)).toBeLessThan(left * 0.6)
  expect(await life.rowsAt(seq, 'main.copy')).toEqual([{ ...copy, id: '2' }])
})
