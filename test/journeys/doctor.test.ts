// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how holdfast.yaml names variables
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createExample } from './testing/example-database.ts'
import { aTraveller, HOLDFAST, runCommand } from './testing/traveller.ts'

type Finding = { check: string; verdict: 'good' | 'bad' | 'skipped'; found: string; fix: string }

function verdicts(stdout: string): Record<string, string> {
  const findings: Finding[] = JSON.parse(stdout)
  return Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]))
}

test('doctor finds nothing wrong where all is well', async () => {
  const { folder, holdfast } = await aTraveller()
  createExample(join(folder, 'erp.db'))
  const config = 'vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n'
  await writeFile(join(folder, 'holdfast.yaml'), config)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  const run = await holdfast('doctor', '--json')
  expect(run.exit, run.stdout).toBe(0)
  expect(verdicts(run.stdout)).toEqual({
    'Node.js': 'good',
    configuration: 'good',
    'state folder': 'good',
    'temporary folder': 'good',
    vault: 'good',
    'put-if-absent': 'good',
    'put-if-absent of the keyring': 'good',
    'free space': 'good',
    passphrase: 'good',
    'timeline erp': 'good',
    clock: 'good',
    'source erp': 'good',
  })
})

test('doctor says of everything that is wrong what would mend it, and goes on', async () => {
  const { folder, holdfast, holdfastWith } = await aTraveller()
  createExample(join(folder, 'erp.db'))
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await writeFile(
    join(folder, 'holdfast.yaml'),
    [
      'vault: ./vault',
      'sources:',
      '  erp: { connector: sqlite, file: ./erp.db, include: [public.*] }',
      '  crm: { connector: postgres, url: "${CRM_URL}" }',
      '  web: { connector: sqlite, file: ./gone.db }',
    ].join('\n'),
  )
  const wrong = { HOLDFAST_PASSPHRASE: 'not the passphrase' }
  const run = await holdfastWith(wrong, 'doctor', '--json')
  expect(run.exit).toBe(1)
  expect(verdicts(run.stdout)).toMatchObject({
    vault: 'good',
    passphrase: 'bad',
    'source erp': 'bad',
    'source crm': 'bad',
    'source web': 'bad',
  })
  const findings: Finding[] = JSON.parse(run.stdout)
  expect(findings.filter(({ fix, verdict }) => verdict === 'bad' && fix === '')).toEqual([])
})

test('doctor puts each problem of a configuration on a line of its own', async () => {
  const { folder, holdfast } = await aTraveller()
  await writeFile(join(folder, 'holdfast.yaml'), 'vault: ./vault\nsources: { a: {}, b: {} }\n')
  const { exit, stdout } = await holdfast('doctor')
  expect(exit).toBe(1)
  expect(stdout.split('\n').filter((line) => /^ +line 2: source [ab] /.test(line))).toHaveLength(2)
})

test('recover replaces a configuration only when its name is given', async () => {
  const { folder, holdfast } = await aTraveller()
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  const config = join(folder, 'holdfast.yaml')
  // What is there may be beyond reading: that is when it is recovered.
  await writeFile(config, 'valt: [')
  expect(await holdfast('recover', '--vault', 'vault')).toMatchObject({ exit: 2 })
  expect(await holdfast('recover', '--vault', 'vault', '--confirm', 'x')).toMatchObject({ exit: 2 })
  expect(await readFile(config, 'utf8')).toBe('valt: [')
  const argv = ['recover', '--vault', 'vault', '--confirm', 'holdfast.yaml']
  expect(await holdfast(...argv)).toMatchObject({ exit: 0 })
  expect(await holdfast('points')).toMatchObject({ exit: 0 })
})

test('a configuration with a password is recovered without it, naming what to set', async () => {
  const { answer, folder, holdfast } = await aTraveller()
  createExample(join(folder, 'erp.db'))
  await writeFile(
    join(folder, 'holdfast.yaml'),
    [
      'vault: ./vault',
      'sources:',
      '  erp: { connector: sqlite, file: ./erp.db }',
      '  crm: { connector: postgres, url: "postgres://ann:s3cret@127.0.0.1:1/crm" }',
    ].join('\n'),
  )
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('backup', 'erp')).toMatchObject({ exit: 0 })
  const argv = ['recover', '--vault', 'vault', '--config', 'recovered.yaml']
  expect(await answer(...argv)).toMatchObject({ sources: ['erp'], variables: ['CRM_URL'] })
  const text = await readFile(join(folder, 'recovered.yaml'), 'utf8')
  expect(text).toContain('url: "${CRM_URL}"')
  expect(text).not.toContain('s3cret')
})

test('doctor says what a credential file may do, and that others may not read it', async () => {
  const { at, environment, folder, holdfast } = await aTraveller()
  createExample(at('erp.db'))
  const config = 'vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./erp.db }\n'
  await writeFile(at('holdfast.yaml'), config)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('key', 'split', '--out', 'keys')).toMatchObject({ exit: 0 })
  const { HOLDFAST_PASSPHRASE: _, ...bare } = environment
  const doctor = (file: string) => {
    const own = { ...bare, HOLDFAST_KEY_FILE: at(`keys/${file}`) }
    return runCommand(HOLDFAST, ['doctor', '--json'], { folder, environment: own })
  }
  const good = await doctor('capture-erp.key')
  expect(verdicts(good.stdout)).toMatchObject({ 'credential file': 'good', credential: 'good' })
  expect(good.stdout).toContain('backs up erp; reads no row')
  await chmod(at('keys/restore.key'), 0o644)
  const open = await doctor('restore.key')
  expect(open.exit).toBe(1)
  expect(verdicts(open.stdout)).toMatchObject({ 'credential file': 'bad', credential: 'good' })
  expect(open.stdout).toContain(`chmod 600 ${at('keys/restore.key')}`)
})
