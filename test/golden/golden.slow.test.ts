import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runCollect } from '#retention/run-collect'
import { runCompaction } from '#retention/run-compaction'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { checkVault } from '#vault/check-vault'
import { commitNext } from '#vault/commit-next'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'
import { runCommand } from '../journeys/testing/traveller.ts'
import { aShopAfter, followShop, SHOP } from './testing/follow-shop.ts'
import { CRM_DAYS, changeCrm, createCrm } from './testing/golden-crm.ts'
import { captureDatabase, clock, passphrase } from './testing/golden-life.ts'
import { MADE_DAYS } from './testing/golden-made.ts'
import { LAST_SHOP_DAY, NEXT_SHOP_DAY, SHOP_DAYS } from './testing/golden-shop.ts'
import {
  captureCut,
  type Expected,
  type ExpectedPoint,
  GOLDEN,
  openStores,
  PASSPHRASE,
  signal,
} from './testing/golden-vault.ts'
import { readExpected } from './testing/read-expected.ts'
import { toldCut } from './testing/told-source.ts'

const READER = new URL('./reader.mjs', import.meta.url).pathname
const NAMES = ['one-hand', 'three-hands'] as const
type Name = (typeof NAMES)[number]

/** A copy of a golden vault that a test may write to. */
async function aCopy(name: Name) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-golden-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await cp(join(GOLDEN, name), folder, { recursive: true })
  const at = (path: string) => join(folder, path)
  const stores = await openStores(at('vault'))
  const deps = { ...stores, clock, random: systemRandom, stateDir: undefined, signal }
  const openAs = async (role: string) =>
    await openVault({
      ...deps,
      keyFile: new Secret(await readFile(at(`keys/${role}.key`), 'utf8')),
    })
  const open = () => (name === 'one-hand' ? openVault({ ...deps, passphrase }) : openAs('restore'))
  const expected: Expected = JSON.parse(await readFile(at('expected.json'), 'utf8'))
  return { at, expected, open, openAs }
}

/** What the reader that shares nothing with Holdfast makes of a vault. */
async function readElsewhere(vault: string, ...options: string[]): Promise<Expected> {
  const argv = [READER, vault, ...options]
  const at = { folder: tmpdir(), environment: {} }
  const { exit, stderr, stdout } = await runCommand(process.execPath, argv, at)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  return JSON.parse(stdout)
}

async function expectWhole(vault: Vault): Promise<void> {
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  const { problems, verdict } = await checkVault(vault, options)
  expect({ verdict, problems }).toEqual({ verdict: 'whole', problems: [] })
}

test.each(NAMES)(
  'the vault of %s opens, is whole, and every point reads as before',
  async (name) => {
    const { expected, open } = await aCopy(name)
    const vault = await open()
    await expectWhole(vault)
    expect(await readExpected(vault)).toEqual(expected)
  },
)

test('a reader written from the format alone reads the same', async () => {
  const one = await aCopy('one-hand')
  expect(await readElsewhere(one.at('vault'), '--passphrase', PASSPHRASE)).toEqual(one.expected)
  const three = await aCopy('three-hands')
  const slot = ['--slot', three.at('keys/recovery.slot'), '--passphrase', PASSPHRASE]
  expect(await readElsewhere(three.at('vault'), ...slot)).toEqual(three.expected)
  for (const role of ['restore', 'keeper']) {
    const key = three.at(`keys/${role}.key`)
    expect(await readElsewhere(three.at('vault'), '--key', key)).toEqual(three.expected)
  }
})

test.each([
  /^vault\.json$/,
  /^timelines\/made\/0000000002\.entry$/,
  /^segments\/made\/.*\.keys$/,
  /^segments\/made\/.*\.rows$/,
  /\.blobs$/,
  /\.document$/,
  /\.transactions$/,
  /^keyring\/made\/.*\/0$/,
])('the reader refuses a vault whose objects %s are not what they were', async (pattern) => {
  const { at } = await aCopy('one-hand')
  const names = await readdir(at('vault'), { recursive: true })
  const found = names.filter((name) => pattern.test(name))
  expect(found).not.toEqual([])
  for (const name of found) {
    const bytes = await readFile(at(`vault/${name}`))
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] ?? 0) ^ 1
    await writeFile(at(`vault/${name}`), bytes)
  }
  const argv = [READER, at('vault'), '--passphrase', PASSPHRASE]
  const run = await runCommand(process.execPath, argv, { folder: tmpdir(), environment: {} })
  expect({ exit: run.exit, stdout: run.stdout }).toEqual({ exit: 1, stdout: '' })
})

test('what the vault holds is recognised, and a backup adds what is new', async () => {
  const { at, expected, open } = await aCopy('one-hand')
  const vault = await open()
  createCrm(at('crm.db'))
  for (const day of CRM_DAYS) changeCrm(at('crm.db'), day)
  // Another file with the same rows: every digest is what it was.
  const same = await captureDatabase(vault, at('crm.db'), true)
  expect(same.changes).toBe(0)
  changeCrm(at('crm.db'), 9)
  const next = await captureDatabase(vault, at('crm.db'))
  expect(next.changes).toBeGreaterThan(0)
  const [, first, last] = MADE_DAYS
  const time = '2030-01-01T00:00:00.000Z'
  const options = { source: 'made', connector: 'postgres' }
  const unchanged = await captureCut(vault, clock, toldCut(last ?? [], time), options)
  expect(unchanged.changes).toBe(0)
  // What a field was before comes back: of another layout, so every row of it is written again.
  const made = await captureCut(vault, clock, toldCut(first ?? [], time), options)
  expect(made.changes).toBeGreaterThan(0)
  const shop = await aShopAfter([...SHOP_DAYS, LAST_SHOP_DAY])
  const told = await followShop(vault, clock, shop, NEXT_SHOP_DAY)
  expect(told.flatMap(({ transactions }) => transactions)).toHaveLength(2)
  await expectWhole(vault)
  const { crm = [], made: before = [], [SHOP]: followed = [] } = expected.sources
  const wanted = {
    ...expected,
    sources: {
      crm: [...crm, same.point, next.point],
      made: [...before, unchanged.point, made.point],
      [SHOP]: [...followed, ...told],
    },
  }
  expect(await readExpected(vault)).toEqual(wanted)
  expect(await readElsewhere(at('vault'), '--passphrase', PASSPHRASE)).toEqual(wanted)
})

test('compaction drops what no kept point sees, and the rest reads as before', async () => {
  const { at, expected, open } = await aCopy('one-hand')
  const vault = await open()
  const { crm = [], [SHOP]: shop = [] } = expected.sources
  const isLabelled = ({ transactions }: ExpectedPoint) =>
    transactions.some(({ labels }) => labels.length > 0)
  const sources = {
    crm: crm.filter(({ held }, i) => held || i === crm.length - 1),
    [SHOP]: shop.filter((point, i) => isLabelled(point) || i === shop.length - 1),
  }
  const deps = { vault, clock, random: systemRandom, progress: () => {} }
  for (const [source, kept] of Object.entries(sources)) {
    const all = (expected.sources[source] ?? []).map(({ seq }) => seq)
    const points = all.filter((seq) => kept.every((point) => point.seq !== seq))
    await commitNext(
      vault,
      source,
      async ({ basis }) => await vault.cosign(source, { kind: 'expire', points, basis }, signal),
      signal,
    )
    const { droppedVersions, replaced } = await runCompaction(deps, source, signal)
    expect(replaced).toBeGreaterThan(0)
    expect(droppedVersions).toBeGreaterThan(0)
    await runCollect(deps, { source, graceMs: -1_000, isDryRun: false }, signal)
  }
  await expectWhole(vault)
  const wanted = { ...expected, sources: { ...expected.sources, ...sources } }
  expect(await readExpected(vault)).toEqual(wanted)
  expect(await readElsewhere(at('vault'), '--passphrase', PASSPHRASE)).toEqual(wanted)
})

test('every hand goes on with the credential file that it has', async () => {
  const { at, expected, openAs } = await aCopy('three-hands')
  createCrm(at('crm.db'))
  for (const day of ['first', 1, 2] as const) changeCrm(at('crm.db'), day)
  const capture = await openAs('capture-crm')
  const same = await captureDatabase(capture, at('crm.db'), true)
  expect(same.changes).toBe(0)
  changeCrm(at('crm.db'), 'shape')
  const next = await captureDatabase(capture, at('crm.db'))
  const keeper = await openAs('keeper')
  const deps = { vault: keeper, clock, random: systemRandom, progress: () => {} }
  await runCompaction(deps, 'crm', signal)
  const custodian = await openAs('custodian')
  const request = { source: 'crm', graceMs: -1_000, isDryRun: false }
  await runCollect({ vault: custodian, random: systemRandom }, request, signal)
  await expectWhole(keeper)
  const { crm = [] } = expected.sources
  const wanted = { ...expected, sources: { crm: [...crm, same.point, next.point] } }
  expect(await readExpected(await openAs('restore'))).toEqual(wanted)
  const key = at('keys/restore.key')
  expect(await readElsewhere(at('vault'), '--key', key)).toEqual(wanted)
})
