import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure, HOLDFAST, type Run, runCommand } from './testing/traveller.ts'

const CONFIG = `
sources:
  crm: { connector: sqlite, file: ./crm.db }
  erp:
    connector: sqlite
    file: ./erp.db
    retention: { keepAll: 0h, daily: 1, weekly: 0, monthly: 0, yearly: 0, keepMin: 1 }
targets:
  new-erp: { connector: sqlite, file: ./new-erp.db }
`

/** A vault with two sources and a point each, whose keys were split, and who holds what. */
async function aSplitVault() {
  const traveller = await aTraveller()
  const { at, environment, folder } = traveller
  await traveller.configure(CONFIG)
  for (const name of ['crm.db', 'erp.db']) createExample(at(name))
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  expect(await traveller.holdfast('backup')).toMatchObject({ exit: 0 })
  const split = await traveller.holdfast('key', 'split', '--out', 'keys')
  expect(split, split.stderr).toMatchObject({ exit: 0 })
  const { HOLDFAST_PASSPHRASE: _, ...bare } = environment
  /** Runs with this one file and nothing else. */
  const as = (file: string, ...argv: string[]): Promise<Run> => {
    const own = { ...bare, HOLDFAST_KEY_FILE: at(`keys/${file}.key`) }
    return runCommand(HOLDFAST, argv, { folder, environment: own })
  }
  const done = async (file: string, ...argv: string[]): Promise<Run> => {
    const run = await as(file, ...argv)
    expect({ argv, exit: run.exit, stderr: run.stderr }).toMatchObject({ exit: 0 })
    return run
  }
  const refused = async (file: string, ...argv: string[]) => {
    expectFailure(await as(file, ...argv), 12, 'vault.role-missing')
  }
  return { ...traveller, split, as, done, refused }
}

function change(path: string): void {
  using database = new DatabaseSync(path)
  database.exec(`UPDATE customer SET iban = 'DE00' || id WHERE id <= 20`)
  // Too large to lie between others, and the same in every version.
  database.exec(`UPDATE customer SET photo = zeroblob(200000), terms = terms || '!' WHERE id = 3`)
}

/** Commands that show what a row holds. */
const READING = [
  ['show', 'erp@latest', 'main.customer', '7'],
  ['history', 'erp', 'main.customer', '7'],
  ['diff', 'erp@1', 'erp@latest'],
  ['export', 'erp@latest', 'main.customer', '--format', 'csv'],
  ['restore', 'erp@latest', '--to', 'new-erp', '--yes'],
  ['verify', 'erp@latest', '--against', 'erp'],
  ['check', '--read-data'],
]

test('key split writes one file a role, for its owner alone, and says loudly what it did', async () => {
  const { at, holdfast, split } = await aSplitVault()
  const files = (await readdir(at('keys'))).sort()
  expect(files).toEqual([
    'auditor.key',
    'capture-crm.key',
    'capture-erp.key',
    'custodian.key',
    'keeper.key',
    'recovery-kit.html',
    'recovery.slot',
    'restore.key',
  ])
  expect((await lstat(at('keys'))).mode & 0o777).toBe(0o700)
  for (const file of files) expect((await lstat(at(`keys/${file}`))).mode & 0o777).toBe(0o600)
  expect(split.stdout).toContain('The passphrase does not open the vault any more.')
  // The folder goes with the last slot in it.
  expect(await readdir(at('vault/keyring'))).not.toContain('slots')
  const kit = await readFile(at('keys/recovery-kit.html'), 'utf8')
  const slot = await readFile(at('keys/recovery.slot'), 'utf8')
  expect(kit.replaceAll('&quot;', '"')).toContain(slot)
  const shut = await holdfast('points')
  expectFailure(shut, 12, 'vault.keys-split')
  expect(shut.stderr).toMatch(/HOLDFAST_KEY_FILE.*recovery slot/)
  expectFailure(await holdfast('key', 'split', '--out', 'more'), 12, 'vault.keys-split')
})

test('the capture file backs up its source, and opens no row of it, earlier or own', async () => {
  const { at, done, refused } = await aSplitVault()
  change(at('erp.db'))
  await done('capture-erp', 'backup', 'erp')
  await done('capture-erp', 'backup', 'erp', '--full')
  await done('capture-erp', 'points')
  for (const argv of READING) await refused('capture-erp', ...argv)
  await refused('capture-erp', 'backup', 'crm')
  await refused('capture-erp', 'hold', 'erp@1', '--reason', 'mine')
  // What it wrote, those read who may.
  const shown = await done('restore', 'show', 'erp@latest', 'main.customer', '7')
  expect(shown.stdout).toContain('DE007')
  await done('restore', 'verify', 'erp@latest', '--against', 'erp')
})

test('the custodian lists, checks and holds, and reads and forges nothing', async () => {
  const { done, refused } = await aSplitVault()
  await done('custodian', 'points')
  await done('custodian', 'entities', 'erp@latest')
  expect((await done('custodian', 'check')).stdout).toContain('whole')
  await done('custodian', 'hold', 'erp@1', '--reason', 'audit')
  await done('custodian', 'label', 'erp@1', 'year-end')
  await done('custodian', 'collect', '--dry-run')
  for (const argv of READING) await refused('custodian', ...argv)
  await refused('custodian', 'backup', 'erp')
  await refused('custodian', 'release', 'erp@1')
})

test('the keeper verifies every row, and neither holds nor captures', async () => {
  const { done, refused } = await aSplitVault()
  expect((await done('keeper', 'check', '--read-data')).stdout).toContain('whole')
  await refused('keeper', 'backup', 'erp')
  await refused('keeper', 'hold', 'erp@1', '--reason', 'mine')
})

test('the restore file reads, restores and verifies, and neither captures nor holds', async () => {
  const { at, done, refused } = await aSplitVault()
  for (const argv of READING) await done('restore', ...argv)
  expect(readAll(at('new-erp.db'))).toEqual(readAll(at('erp.db')))
  await refused('restore', 'backup', 'erp')
  await refused('restore', 'hold', 'erp@1', '--reason', 'mine')
})

test('the auditor lists and checks hashes, and states nothing', async () => {
  const { done, refused } = await aSplitVault()
  await done('auditor', 'points')
  await done('auditor', 'key', 'list')
  expect((await done('auditor', 'check')).stdout).toContain('whole')
  for (const argv of READING) await refused('auditor', ...argv)
  await refused('auditor', 'label', 'erp@1', 'mine')
  await refused('auditor', 'hold', 'erp@1', '--reason', 'mine')
})

test('the recovery slot and its passphrase bring everything back on an empty machine', async () => {
  const { at, folder, holdfast, holdfastWith } = await aSplitVault()
  await rm(at('holdfast.yaml'))
  await rm(at('state'), { recursive: true })
  const recovered = await holdfast('recover', '--vault', 'vault', '--slot', 'keys/recovery.slot')
  expect(recovered, recovered.stderr).toMatchObject({ exit: 0 })
  expect(await readFile(at('holdfast.yaml'), 'utf8')).toContain(`${folder}/vault`)
  const slot = { HOLDFAST_SLOT: at('keys/recovery.slot') }
  for (const argv of [
    ['check', '--read-data'],
    ['restore', 'erp@latest', '--to', 'new-erp', '--yes'],
  ]) {
    expect(await holdfastWith(slot, ...argv), argv.join(' ')).toMatchObject({ exit: 0 })
  }
  expect(readAll(at('new-erp.db'))).toEqual(readAll(at('erp.db')))
  const wrong = { ...slot, HOLDFAST_PASSPHRASE: 'another passphrase' }
  expectFailure(await holdfastWith(wrong, 'points'), 12, 'seal.passphrase-wrong')
})

test('key rotate, revoke and add change who may do what, with the recovery slot', async () => {
  const { as, at, done, holdfastWith } = await aSplitVault()
  const slot = { HOLDFAST_SLOT: at('keys/recovery.slot') }
  const root = async (...argv: string[]) => {
    const run = await holdfastWith(slot, 'key', ...argv)
    expect({ argv, exit: run.exit, stderr: run.stderr }).toMatchObject({ exit: 0 })
    return run
  }
  await root('rotate', 'capture:erp', '--out', 'new')
  expectFailure(await as('capture-erp', 'backup', 'erp'), 12, 'vault.certificate-revoked')
  await done('../new/capture-erp', 'backup', 'erp')
  const slotless = await holdfastWith({ HOLDFAST_SLOT: at('keys/custodian.key') }, 'points')
  expectFailure(slotless, 12, 'seal.credential-invalid')
  expect(slotless.stderr).toContain('HOLDFAST_KEY_FILE')
  const asFile = { HOLDFAST_KEY_FILE: at('keys/recovery.slot'), HOLDFAST_PASSPHRASE: '' }
  const swapped = await holdfastWith(asFile, 'points')
  expectFailure(swapped, 12, 'seal.credential-invalid')
  await root('add', 'restore', '--out', 'second')
  for (const file of ['restore', '../second/restore']) {
    await done(file, 'show', 'erp@latest', 'main.customer', '7')
  }
  const { stdout } = await done('auditor', 'key', 'list', '--json')
  const { keys } = JSON.parse(stdout)
  const custodian = keys.find(
    (one: { role: string; isRevoked: boolean }) => one.role === 'custodian' && !one.isRevoked,
  )
  await root('rotate', 'restore', '--out', 'third')
  await done('../third/restore', 'show', 'erp@latest', 'main.customer', '7')
  for (const argv of [
    ['show', 'erp@latest', 'main.customer', '7'],
    ['check', '--read-data'],
  ]) {
    expectFailure(await as('restore', ...argv), 12, 'vault.certificate-revoked')
  }
  expect((await done('restore', 'check')).stdout).toContain('whole')
  await root('revoke', custodian.id)
  const held = await as('custodian', 'hold', 'erp@1', '--reason', 'audit')
  expectFailure(held, 12, 'vault.certificate-revoked')
  await root('kit', '--out', 'kit.html')
  expect((await lstat(at('kit.html'))).mode & 0o777).toBe(0o600)
  expectFailure(
    await as('keeper', 'key', 'rotate', 'restore', '--out', 'x'),
    12,
    'vault.role-missing',
  )
  expectFailure(await holdfastWith(slot, 'key', 'add', 'boss', '--out', 'y'), 2, 'app.role-unknown')
  expect((await done('keeper', 'check', '--read-data')).stdout).toContain('whole')
})

test('a further passphrase needs no split, and opens what the first one opens', async () => {
  const { at, configure, holdfast, holdfastWith } = await aTraveller()
  await configure(CONFIG)
  createExample(at('erp.db'))
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await writeFile(at('second'), 'another passphrase\n', { mode: 0o600 })
  const argv = ['key', 'add', 'passphrase', '--new-passphrase-file', 'second']
  expect(await holdfast(...argv)).toMatchObject({ exit: 0 })
  const second = { HOLDFAST_PASSPHRASE: 'another passphrase' }
  expect(await holdfastWith(second, 'backup', 'erp')).toMatchObject({ exit: 0 })
  const early = await holdfast('key', 'rotate', 'keeper', '--out', 'keys')
  expectFailure(early, 2, 'vault.keys-whole')
  await expect(lstat(at('keys'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('points go when custodian and keeper agree, and neither alone; the custodian replicates', async () => {
  const { as, at, done, refused } = await aSplitVault()
  await done('custodian', 'replicate', 'second')
  for (let i = 0; i < 3; i++) {
    change(at('erp.db'))
    await done('capture-erp', 'backup', 'erp', '--full')
  }
  for (const file of ['custodian', 'keeper', 'restore', 'capture-erp']) {
    await refused(file, 'expire', 'erp', '--confirm', 'erp')
  }
  await refused('keeper', 'expire', 'erp', '--propose', 'mine.json')
  await done('custodian', 'expire', 'erp', '--propose', 'expire.json')
  await refused('custodian', 'expire', '--cosign', 'expire.json', '--confirm', 'erp')
  const countPoints = async () =>
    (JSON.parse((await done('auditor', 'points', 'erp', '--json')).stdout) as unknown[]).length
  const trial = ['expire', '--cosign', 'expire.json', '--confirm', 'erp', '--dry-run']
  const tried = await done('keeper', ...trial, '--json')
  expect(JSON.parse(tried.stdout)).toMatchObject({ source: 'erp', entry: null })
  expect(await countPoints()).toBe(4)
  expectFailure(await as('keeper', ...trial, 'crm'), 2, 'cli.usage')
  await done('keeper', 'expire', '--cosign', 'expire.json', '--confirm', 'erp')
  expect(await countPoints()).toBe(1)
  for (const file of ['custodian', 'restore', 'capture-erp']) await refused(file, 'compact', 'erp')
  await done('keeper', 'compact')
  await refused('keeper', 'collect', '--grace', '0s')
  await done('custodian', 'collect', '--grace', '0s')
  await done('custodian', 'replicate', 'second')
  for (const place of ['vault', 'second']) {
    await done('restore', 'check', '--read-data', '--vault', place)
  }
  expect(await as('restore', 'verify', 'erp@latest', '--against', 'erp')).toMatchObject({ exit: 0 })
})
