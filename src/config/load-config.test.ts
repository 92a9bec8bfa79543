import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { loadConfig } from './load-config.ts'
import { type Flags, readProcessSettings } from './read-process-settings.ts'
import { formatStartingConfig } from './starting-config.ts'
import { writeConfig } from './write-config.ts'

async function aFolder(files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

function load(folder: string, flags: Flags = {}, environment: Record<string, string> = {}) {
  const deps = { environment, currentFolder: folder, homeFolder: '/h/ann' }
  return loadConfig(deps, readProcessSettings(environment, flags))
}

test('loadConfig() prefers flag to environment to file to default', async () => {
  const folder = await aFolder({ 'holdfast.yaml': 'vault: ./from-file' })
  const environment = { HOLDFAST_VAULT: 'from-environment' }
  expect((await load(folder)).readVault()).toBe(join(folder, 'from-file'))
  expect((await load(folder, {}, environment)).readVault()).toBe(join(folder, 'from-environment'))
  const config = await load(folder, { vault: '/from-flag' }, environment)
  expect(config.readVault()).toBe('/from-flag')
  expect(config.readKeyring()).toBe('/from-flag/keyring')
  expect(config.stateDir).toBe('/h/ann/.local/state/holdfast')
})

test('loadConfig() needs no file when a flag says where the vault is', async () => {
  const config = await load(await aFolder(), { vault: 'v' })
  expect(config.file).toBeUndefined()
  expect(config.sources).toEqual({})
})

test('loadConfig() says so when there is no file and none is needed until the vault is', async () => {
  const config = await load(await aFolder())
  expect(() => config.readVault()).toThrow('there is no such file')
})

test('loadConfig() finds the file by flag and by environment, and only there', async () => {
  const folder = await aFolder({ 'other.yaml': 'vault: ./o', 'holdfast.yaml': 'vault: ./v' })
  expect((await load(folder, { config: 'other.yaml' })).readVault()).toBe(join(folder, 'o'))
  const byName = await load(folder, {}, { HOLDFAST_CONFIG: join(folder, 'other.yaml') })
  expect(byName.readVault()).toBe(join(folder, 'o'))
  await expect(load(folder, { config: 'missing.yaml' })).rejects.toMatchObject({
    code: 'config.not-found',
  })
  await expect(load(folder, { config: '.' })).rejects.toMatchObject({ code: 'config.unreadable' })
})

test('loadConfig() puts state under XDG_STATE_HOME', async () => {
  const config = await load(await aFolder(), { vault: 'v' }, { XDG_STATE_HOME: '/state' })
  expect(config.stateDir).toBe('/state/holdfast')
})

test('readProcessSettings() names a misspelt variable and lets strangers be', () => {
  expect(() => readProcessSettings({ HOLDFAST_PASPHRASE: 'x' })).toThrow(
    'HOLDFAST_PASPHRASE is no setting; did you mean HOLDFAST_PASSPHRASE?',
  )
  expect(() => readProcessSettings({ HOLDFAST_QUIET: 'perhaps' })).toThrow('wanted 1 or 0')
  expect(readProcessSettings({ HOLDFAST_SERVICE_HOST: '10.0.0.1', NO_COLOR: 'x' }).noColor).toBe(
    true,
  )
})

test('formatStartingConfig() writes a file that is read back', async () => {
  const folder = await aFolder()
  const options = { random: systemRandom, mayReplace: false }
  const path = join(folder, 'holdfast.yaml')
  await writeConfig(path, formatStartingConfig({ vault: './$my: vault' }), options)
  expect((await load(folder)).readVault()).toBe(join(folder, '$my: vault'))
  await expect(writeConfig(path, '', options)).rejects.toMatchObject({
    code: 'config.exists',
  })
})

test('loadConfig() fills a bucket in from flags, environment and file, the keyring without a lock', async () => {
  const text = `
vault: s3://bucket/vault?region=said-by-url
s3Endpoint: \${S3}
s3PathStyle: false
s3ObjectLock: governance:30d
`
  const folder = await aFolder({ 'holdfast.yaml': text })
  const config = await load(folder, {}, { S3: 'http://127.0.0.1:7480', AWS_REGION: 'eu-west-1' })
  const rest = 'endpoint=http://127.0.0.1:7480&region=said-by-url&pathStyle=no'
  expect(config.readVault()).toBe(`s3://bucket/vault?${rest}&objectLock=governance:30d`)
  expect(config.readKeyring()).toBe(`s3://bucket/vault/keyring?${rest}`)
  expect(config.resolvePlace('s3://other')).toContain('region=eu-west-1&pathStyle=no&objectLock=')
  expect(config.resolvePlace('./x')).toBe(join(folder, 'x'))
  const environment = { HOLDFAST_S3_ENDPOINT: 'http://elsewhere', HOLDFAST_S3_PATH_STYLE: 'yes' }
  const other = await load(folder, { keyring: 's3://keys' }, environment)
  expect(other.readKeyring()).toBe(
    's3://keys?endpoint=http://elsewhere&region=us-east-1&pathStyle=yes',
  )
  expect(() => load(folder, {}, { HOLDFAST_S3_OBJECT_LOCK: '30d' })).toThrow(
    'HOLDFAST_S3_OBJECT_LOCK: found "30d", wanted governance:DAYSd or compliance:DAYSd',
  )
})

test('loadConfig() says what is wrong with settings of S3 in the file', async () => {
  const folder = await aFolder({
    'holdfast.yaml': 'vault: v\ns3Endpoint: minio\ns3PathStyle: perhaps\n',
  })
  const attempt = load(folder)
  await expect(attempt).rejects.toThrow(
    'line 2: "s3Endpoint" of the file is not valid: wanted a URL like https://s3.example.com',
  )
  await expect(attempt).rejects.toThrow(
    'line 3: "s3PathStyle" of the file is not valid: wanted yes or no',
  )
})
