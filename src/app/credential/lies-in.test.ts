import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findAround } from './lies-in.ts'

let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-places-'))
  await mkdir(join(home, 'vault'))
  await symlink(join(home, 'vault'), join(home, 'link'))
})
afterEach(() => rm(home, { recursive: true }))

test.each(['vault', 'vault/', 'vault/a/b', 'link', 'link/new', 'other/../vault/x'])(
  '%s lies in the vault, whether it is there yet or not',
  async (place) => {
    const vault = join(home, 'vault')
    expect(await findAround(`${home}/${place}`, ['/nowhere', vault])).toBe(vault)
  },
)

test('what only begins alike, or is around it, does not lie in it', async () => {
  for (const place of ['vault2', 'second', '']) {
    expect(await findAround(join(home, place), [join(home, 'vault')])).toBeUndefined()
  }
  expect(await findAround(join(home, 'vault'), ['s3://bucket/vault'])).toBeUndefined()
})

test('below a file nothing lies, and it is no error to ask', async () => {
  await writeFile(join(home, 'file'), '')
  expect(await findAround(join(home, 'file/keyring'), [join(home, 'vault')])).toBeUndefined()
})

test('a prefix lies in its bucket, and in no other of the same name elsewhere', async () => {
  const outer = 's3://bucket/vault?region=eu-1'
  expect(await findAround('s3://bucket/vault/keyring', [outer])).toBe(outer)
  expect(await findAround('s3://bucket/vault', ['s3://bucket'])).toBe('s3://bucket')
  expect(await findAround('s3://bucket/vault2', [outer])).toBeUndefined()
  const elsewhere = 's3://bucket/vault?endpoint=https://elsewhere.example'
  expect(await findAround(elsewhere, [outer])).toBeUndefined()
})
