import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { createExample } from './testing/example-database.ts'
import { aTraveller, expectFailure, type Traveller } from './testing/traveller.ts'

let traveller: Traveller

beforeEach(async () => {
  traveller = await aTraveller()
})

async function writeConfig(text: string): Promise<void> {
  await writeFile(join(traveller.folder, 'holdfast.yaml'), text)
}

test('a vault or configuration that is not there', async () => {
  expectFailure(await traveller.holdfast('points'), 2, 'config.not-found')
  await writeConfig('vault: ./nowhere')
  expectFailure(await traveller.holdfast('points'), 10, 'vault.not-found')
  expectFailure(await traveller.holdfast('points', '--config', 'other.yaml'), 2, 'config.not-found')
})

test('a configuration with unknown names and missing variables', async () => {
  await writeConfig('valt: ./v\nsources:\n  erp: { connector: sqlite, fil: ./x.db }\n')
  const run = await traveller.holdfast('source', 'list')
  expectFailure(run, 2, 'config.invalid')
  expect(run.stderr).toContain('line 1: "valt" is no setting of the file; did you mean "vault"?')
  expect(run.stderr).toContain('line 3: source erp needs "file"')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
  await writeConfig('sources:\n  erp: { connector: postgres, url: ${ERP_URL} }\n')
  expectFailure(await traveller.holdfast('source', 'check', 'erp'), 2, 'config.variable-missing')
  expect(await traveller.holdfast('source', 'list')).toMatchObject({ exit: 0 })
})

test('a wrong passphrase, and none', async () => {
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  const wrong = { HOLDFAST_PASSPHRASE: 'not the passphrase' }
  expectFailure(await traveller.holdfastWith(wrong, 'points'), 12, 'seal.passphrase-wrong')
  const none = { HOLDFAST_PASSPHRASE: '' }
  expectFailure(await traveller.holdfastWith(none, 'points'), 12, 'config.passphrase-missing')
})

test('a second init, and a recover over a configuration', async () => {
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  expectFailure(await traveller.holdfast('init'), 2, 'vault.exists')
  expectFailure(await traveller.holdfast('recover', '--vault', './vault'), 2, 'config.exists')
})

test('a server that cannot be reached', async () => {
  await writeConfig(
    'vault: ./vault\nsources:\n  erp: { connector: postgres, url: "postgres://a:s3cret@127.0.0.1:1/x" }\n',
  )
  const run = await traveller.holdfast('source', 'check', 'erp')
  expectFailure(run, 20, 'connector.unreachable')
  expect(run.stderr).not.toContain('s3cret')
})

test('points, entities and keys that do not exist', async () => {
  createExample(join(traveller.folder, 'erp.db'))
  await writeConfig('vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n')
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  expect(await traveller.holdfast('backup')).toMatchObject({ exit: 0 })
  const { holdfast } = traveller
  for (const [argv, code] of [
    [['points', 'crm'], 'vault.source-unknown'],
    [['entities', 'erp'], 'timeline.address-invalid'],
    [['entities', 'erp@99'], 'timeline.point-unknown'],
    [['show', 'erp@latest', 'main.nobody', '1'], 'history.entity-unknown'],
    [['show', 'erp@latest', 'main.customer', '99999'], 'history.record-unknown'],
    [['show', 'erp@latest', 'main.customer', 'x'], 'record.key-invalid'],
    [['backup', 'crm'], 'config.name-unknown'],
    [['restore', 'erp@latest', '--to', 'erp', '--yes'], 'config.name-unknown'],
    [['restore', 'erp@latest'], 'cli.usage'],
    [['bakcup'], 'cli.usage'],
  ] as const) {
    expectFailure(await holdfast(...argv), 2, code)
  }
})

test('a place where no folder can be made', async (context) => {
  // Not even the superuser may make one there.
  if (process.platform !== 'linux') context.skip('/sys is of Linux')
  expectFailure(await traveller.holdfast('init', '--vault', '/sys/holdfast'), 1, 'store.denied')
  expect(await readdir(traveller.folder)).not.toContain('holdfast.yaml')
})

test('a reader that closes the output early', async () => {
  const { HOLDFAST, runCommand } = await import('./testing/traveller.ts')
  const { environment, folder } = traveller
  const argv = ['-c', `set -o pipefail; "${HOLDFAST}" explain | head -1`]
  const run = await runCommand('bash', argv, { folder, environment: { ...environment } })
  expect(run).toMatchObject({ exit: 0, stderr: '' })
})
