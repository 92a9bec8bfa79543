import { spawn } from 'node:child_process'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { change, createExample } from './testing/example-database.ts'
import {
  aTraveller,
  expectFailure,
  HOLDFAST,
  type Run,
  runCommand,
  type Traveller,
} from './testing/traveller.ts'

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
  await writeConfig(`valt: ./v
vault: 7
sources:
  erp: { connector: sqlite, fil: ./x.db }
  CRM: { connector: sqlite, file: ./x.db }
  old: { connector: oracle, file: ./x.db }
  web: { connector: postgres, url: 'mysql://x', connectionsMax: many }
targets:
  erp: { connector: sqlite, file: ./x.db }
`)
  const run = await traveller.holdfast('source', 'list')
  expectFailure(run, 2, 'config.invalid')
  for (const problem of [
    'line 1: "valt" is no setting of the file; did you mean "vault"?',
    'line 4: source erp needs "file"',
    'line 4: "fil"',
    'line 5: ',
    'line 6: ',
    'line 7: ',
    'line 9: ',
  ]) {
    expect(run.stderr).toContain(problem)
  }
  await writeConfig('sources: [\n  erp: {')
  const broken = await traveller.holdfast('points')
  expectFailure(broken, 2, 'config.invalid')
  expect(broken.stderr).toContain('line ')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
  await writeConfig('sources:\n  erp: { connector: postgres, url: ${ERP_URL} }\n')
  const missing = await traveller.holdfast('source', 'check', 'erp')
  expectFailure(missing, 2, 'config.variable-missing')
  expect(missing.stderr).toContain('ERP_URL')
  expect(await traveller.holdfast('source', 'list')).toMatchObject({ exit: 0 })
})

test('a wrong passphrase, and none', async () => {
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  const wrong = { HOLDFAST_PASSPHRASE: 'not the passphrase' }
  expectFailure(await traveller.holdfastWith(wrong, 'points'), 12, 'seal.passphrase-wrong')
  const none = { HOLDFAST_PASSPHRASE: '' }
  expectFailure(await traveller.holdfastWith(none, 'points'), 12, 'config.passphrase-missing')
})

test('a keyring that is not there', async () => {
  const { folder, holdfast } = traveller
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await rename(join(folder, 'vault/keyring'), join(folder, 'elsewhere'))
  const run = await holdfast('points')
  expectFailure(run, 12, 'vault.slot-missing')
  expect(run.stderr).toContain('keyring:')
  expect(await holdfast('points', '--keyring', './elsewhere')).toMatchObject({ exit: 0 })
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
  const nobody = await holdfast('verify', 'erp@latest', '--against', 'nosuch')
  expectFailure(nobody, 2, 'config.name-unknown')
  expect(nobody.stderr).toContain('has the source erp and no targets')
})

test('a folder for heads that cannot be written', async () => {
  createExample(join(traveller.folder, 'erp.db'))
  await writeConfig('vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n')
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  const blocked = { HOLDFAST_STATE_DIR: join(traveller.folder, 'erp.db') }
  const run = await traveller.holdfastWith(blocked, 'backup')
  expect(run).toMatchObject({ exit: 0 })
  expect(run.stderr.match(/vault\.heads-forgotten/g)).toHaveLength(1)
  expect(run.stderr).toContain('HOLDFAST_STATE_DIR')
  expect((await traveller.holdfast('points')).stderr).toBe('')
})

test('a place where no folder can be made', async (context) => {
  // Not even the superuser may make one there.
  if (process.platform !== 'linux') context.skip('/sys is of Linux')
  expectFailure(await traveller.holdfast('init', '--vault', '/sys/holdfast'), 1, 'store.denied')
  expect(await readdir(traveller.folder)).not.toContain('holdfast.yaml')
})

test('a reader that closes the output early', async () => {
  createExample(join(traveller.folder, 'erp.db'))
  await writeConfig('vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n')
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  for (const line of [
    'explain',
    // What nobody reads is still done.
    'backup --quiet',
    'export erp@1 main.customer --format csv',
    'diff erp@1 erp@live --json',
  ]) {
    const run = await inShell(`set -o pipefail; "${HOLDFAST}" ${line} | head -c 1 > /dev/null`)
    expect(run, line).toMatchObject({ exit: 0, stderr: '' })
  }
  expect(await traveller.answer('points')).toHaveLength(1)
})

test('an output that is lost is no success', async (context) => {
  if (process.platform !== 'linux') context.skip('/dev/full is of Linux')
  expectFailure(await inShell(`"${HOLDFAST}" explain > /dev/full`), 1, 'cli.output-failed')
})

test('somebody at a terminal types the name of the target', async (context) => {
  const there = await inShell('script --version')
  if (there.exit !== 0) context.skip('needs the program "script" of util-linux')
  createExample(join(traveller.folder, 'erp.db'))
  createExample(join(traveller.folder, 'copy.db'))
  await traveller.configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`)
  expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
  expect(await traveller.holdfast('backup')).toMatchObject({ exit: 0 })
  change(join(traveller.folder, 'copy.db'), `UPDATE customer SET terms = 'x' WHERE id < 9`)
  const other = await typing(traveller, 'erp')
  expect(other.stdout).toContain('Type copy to go on')
  expect(other.stdout).toContain('(cli.confirmation-wrong)')
  expect(other.exit).toBe(2)
  const right = await typing(traveller, 'copy')
  expect(right.stdout).toContain('8 updated')
  expect(right.exit).toBe(0)
})

function inShell(line: string): Promise<Run> {
  const { environment, folder } = traveller
  return runCommand('bash', ['-c', line], { folder, environment: { ...environment } })
}

/** Runs the restore in a terminal and types once it asks. */
function typing({ environment, folder }: Traveller, text: string): Promise<Run> {
  const argv = ['-qec', `'${HOLDFAST}' restore erp@1 --to copy`, '/dev/null']
  return new Promise((resolve, reject) => {
    const child = spawn('script', argv, { cwd: folder, env: environment })
    let stdout = ''
    let isTyped = false
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      stdout += piece
      if (!isTyped && stdout.includes('to go on: ')) {
        isTyped = true
        child.stdin.write(`${text}\n`)
      }
    })
    child.on('error', reject)
    child.on('close', (exit, signal) => resolve({ exit: exit ?? -1, signal, stdout, stderr: '' }))
  })
}
