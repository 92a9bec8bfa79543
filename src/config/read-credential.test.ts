import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readCredential, readNewPassphrase } from './read-credential.ts'
import { readProcessSettings } from './read-process-settings.ts'

const { signal } = new AbortController()

function deps(...answers: string[]) {
  return { environment: { PATH: '/usr/bin:/bin' }, ask: async () => answers.shift() ?? '' }
}

async function passphraseBy(environment: Record<string, string>): Promise<string> {
  const nobody = { environment: { PATH: '/usr/bin:/bin' }, ask: undefined }
  const credential = await readCredential(nobody, readProcessSettings(environment), signal)
  return credential.kind === 'passphrase' ? credential.passphrase.reveal() : 'a key file'
}

test('readCredential() takes the passphrase from the environment, a file or a command', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'pass')
  await writeFile(file, ' open sesame \nsecond line\n')
  expect(await passphraseBy({ HOLDFAST_PASSPHRASE: 'open sesame' })).toBe('open sesame')
  expect(await passphraseBy({ HOLDFAST_PASSPHRASE_FILE: file })).toBe(' open sesame ')
  expect(await passphraseBy({ HOLDFAST_PASSPHRASE_COMMAND: `head -1 '${file}'` })).toBe(
    ' open sesame ',
  )
  expect(await passphraseBy({ HOLDFAST_KEY_FILE: file })).toBe('a key file')
})

test('readCredential() asks when nothing is set, and says so when nobody can be asked', async () => {
  const settings = readProcessSettings({})
  const credential = await readCredential(deps('typed'), settings, signal)
  expect(credential.kind === 'passphrase' && credential.passphrase.reveal()).toBe('typed')
  await expect(passphraseBy({})).rejects.toThrow('none is set and nobody can be asked')
})

test.each([
  [{ HOLDFAST_PASSPHRASE_FILE: '/nowhere/at/all' }, 'config.passphrase-unreadable'],
  [{ HOLDFAST_PASSPHRASE_COMMAND: 'echo s3cret; exit 3' }, 'config.passphrase-unreadable'],
  [{ HOLDFAST_PASSPHRASE_COMMAND: 'true' }, 'config.passphrase-unreadable'],
  [{ HOLDFAST_PASSPHRASE: 'a', HOLDFAST_PASSPHRASE_FILE: 'b' }, 'config.invalid'],
])('readCredential() by %j fails with %s', async (environment, code) => {
  const failure = await passphraseBy(environment).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code })
  expect(String(failure)).not.toContain('s3cret')
})

test('readNewPassphrase() wants the same twice, and not too short', async () => {
  const settings = readProcessSettings({})
  const read = (...answers: string[]) => readNewPassphrase(deps(...answers), settings, signal)
  expect((await read('open sesame', 'open sesame')).reveal()).toBe('open sesame')
  await expect(read('open sesame', 'open sesam')).rejects.toThrow('two different ones')
  await expect(read('short', 'short')).rejects.toThrow('found 5 characters')
})
