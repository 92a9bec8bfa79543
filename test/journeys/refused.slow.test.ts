import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createExample } from './testing/example-database.ts'
import { aTraveller, expectFailure, HOLDFAST, runCommand } from './testing/traveller.ts'

const CONFIG = `
sources:
  erp: { connector: sqlite, file: ./erp.db, retention: { keepAll: 0h, daily: 0, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 } }
`
/** Every command that writes into a vault, or into its replica. */
const WRITING = [
  ['backup'],
  ['backup', '--full'],
  ['label', 'erp@1', 'first'],
  ['hold', 'erp@1', '--reason', 'audit'],
  ['release', 'erp@1'],
  ['expire', 'erp', '--confirm', 'erp'],
  ['compact'],
  ['collect', '--grace', '0s'],
  ['replicate', './second'],
  ['key', 'split', '--out', 'more'],
  ['key', 'rotate', 'restore', '--out', 'more'],
]
/** What whoever reads the log may do: it writes elsewhere. */
const COPIES = ['replicate']
/** For these there is nothing to do in this vault. */
const IDLE = ['compact', 'expire', 'release']

async function aVault() {
  const traveller = await aTraveller()
  const { at, configure, environment, folder, holdfast } = traveller
  createExample(at('erp.db'))
  await configure(CONFIG)
  for (const argv of [['init'], ['backup'], ['backup', '--full']]) {
    expect(await holdfast(...argv)).toMatchObject({ exit: 0 })
  }
  const { HOLDFAST_PASSPHRASE: _, ...bare } = environment
  const as = (more: Record<string, string>, argv: readonly string[]) =>
    runCommand(HOLDFAST, argv, { folder, environment: { ...bare, ...more } })
  return { ...traveller, as }
}

/** Every file of a vault with a digest of it. */
async function read(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const lines = files.map(async ({ name, parentPath }) => {
    const path = join(parentPath, name)
    return `${path} ${createHash('sha256')
      .update(await readFile(path))
      .digest('hex')}`
  })
  return (await Promise.all(lines)).sort()
}

test('whoever has the wrong passphrase writes nothing', async () => {
  const { as, at } = await aVault()
  const before = await read(at('vault'))
  for (const argv of WRITING) {
    const run = await as({ HOLDFAST_PASSPHRASE: 'another one than it is' }, argv)
    expectFailure(run, 12, 'seal.passphrase-wrong')
    expect(await read(at('vault')), argv.join(' ')).toEqual(before)
  }
})

test('whoever lacks the role, or was taken out of use, writes nothing', async () => {
  const { as, at, holdfast, holdfastWith } = await aVault()
  expect(await holdfast('key', 'split', '--out', 'keys')).toMatchObject({ exit: 0 })
  const slot = { HOLDFAST_SLOT: at('keys/recovery.slot') }
  const rotated = await holdfastWith(slot, 'key', 'rotate', 'capture:erp', '--out', 'new')
  expect(rotated, rotated.stderr).toMatchObject({ exit: 0 })
  const before = await read(at('vault'))
  const auditor = { HOLDFAST_KEY_FILE: at('keys/auditor.key') }
  for (const argv of WRITING.filter(([name = '']) => !COPIES.includes(name))) {
    const run = await as(auditor, argv)
    // Nobody is asked for a key to do nothing.
    if (!IDLE.includes(argv[0] ?? '')) expectFailure(run, 12, 'vault.role-missing')
    expect(await read(at('vault')), argv.join(' ')).toEqual(before)
  }
  const revoked = await as({ HOLDFAST_KEY_FILE: at('keys/capture-erp.key') }, ['backup'])
  expectFailure(revoked, 12, 'vault.certificate-revoked')
  expect(await read(at('vault'))).toEqual(before)
})

test('a vault of a format that is not known is not written to', async () => {
  const { at, holdfast } = await aVault()
  const header = await readFile(at('vault/vault.json'), 'utf8')
  await writeFile(at('vault/vault.json'), header.replace('holdfast vault 1', 'holdfast vault 2'))
  const before = await read(at('vault'))
  for (const argv of WRITING) {
    expectFailure(await holdfast(...argv), 10, 'vault.format-unsupported')
    expect(await read(at('vault')), argv.join(' ')).toEqual(before)
  }
})
