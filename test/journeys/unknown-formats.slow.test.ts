import { createHash } from 'node:crypto'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Credential, parseCredential } from '#seal/credential'
import { signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { openSlot } from '#seal/slot'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import type { EntryBody } from '#timeline/entry'
import { formatEntryName } from '#timeline/entry-name'
import { formatEntry, hashEntry } from '#timeline/envelope'
import { createCrm } from '../golden/testing/golden-crm.ts'
import { GOLDEN, PASSPHRASE } from '../golden/testing/golden-vault.ts'
import { aTraveller, expectFailure, type Traveller } from './testing/traveller.ts'

const CONFIG = 'sources:\n  crm: { connector: sqlite, file: ./crm.db }\n'
const EXPORT = ['export', 'crm@latest', 'main.customer', '--format', 'jsonl']
const BACKUP = ['backup', 'crm', '--new-identity']
const LABEL = ['label', 'crm@1', 'mine']

type Copy = Traveller & {
  /** Writes an object anew. */
  change(name: string, to: (bytes: Buffer) => Uint8Array | string): Promise<void>
  /** Fails with this code, exit 10, and leaves every byte of the vault as it is. */
  refuses(code: string, ...commands: string[][]): Promise<void>
}

/** A person with a copy of a golden vault and what opens it. */
async function aCopy(name: 'one-hand' | 'three-hands'): Promise<Copy> {
  const traveller = await aTraveller({ HOLDFAST_PASSPHRASE: PASSPHRASE })
  const { at } = traveller
  await cp(join(GOLDEN, name), traveller.folder, { recursive: true })
  await traveller.configure(CONFIG)
  createCrm(at('crm.db'))
  return {
    ...traveller,
    async change(object, to) {
      const path = at(`vault/${object}`)
      await writeFile(path, to(await readFile(path)))
    },
    async refuses(code, ...commands) {
      const before = await digestOf(at('vault'))
      for (const argv of commands) {
        const run =
          name === 'one-hand'
            ? await traveller.holdfast(...argv)
            : await traveller.holdfastWith(asRole(at, argv), ...argv)
        expectFailure(run, 10, code)
      }
      expect(await digestOf(at('vault'))).toEqual(before)
    },
  }
}

function asRole(at: (name: string) => string, [command]: readonly string[]) {
  const role = command === 'backup' ? 'capture-crm' : 'restore'
  return { HOLDFAST_PASSPHRASE: '', HOLDFAST_KEY_FILE: at(`keys/${role}.key`) }
}

/** Every object of a vault by its name. */
async function digestOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const digests: Record<string, string> = {}
  for (const path of paths.sort()) {
    digests[path] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return digests
}

async function list({ at }: Traveller, folder: string, ending: string): Promise<string[]> {
  const names = await readdir(at(`vault/${folder}`), { recursive: true })
  const found = names.filter((name) => name.endsWith(ending)).map((name) => `${folder}/${name}`)
  expect(found).not.toEqual([])
  return found.sort()
}

/** The same JSON with something changed, formatted as it was. */
function changed(bytes: Buffer, change: (value: Record<string, object>) => object): string {
  return formatCanonicalJson(change(JSON.parse(bytes.toString('utf8'))))
}

test.each([
  ['format', { format: 'holdfast vault 2' }],
  ['flag', { flags: ['swords'] }],
])('a vault of another %s is not opened', async (_, later) => {
  const copy = await aCopy('one-hand')
  await copy.change('vault.json', (bytes) =>
    changed(bytes, ({ signature, vault }) => ({
      signature,
      vault: { ...vault, ...later },
    })),
  )
  await copy.refuses('vault.format-unsupported', EXPORT, BACKUP)
})

test('a slot of another format is not opened', async () => {
  const copy = await aCopy('one-hand')
  for (const name of await list(copy, 'keyring/slots', '.json')) {
    await copy.change(name, (bytes) =>
      changed(bytes, ({ check: _, ...rest }) => {
        const slot = { ...rest, format: 'holdfast slot 2', kdf: { name: 'other' } }
        const check = createHash('sha256').update(formatCanonicalJson(slot)).digest('hex')
        return { ...slot, check }
      }),
    )
  }
  await copy.refuses('seal.format-unsupported', BACKUP)
})

test('a credential of another format is not used', async () => {
  const copy = await aCopy('three-hands')
  for (const role of ['restore', 'capture-crm']) {
    const path = copy.at(`keys/${role}.key`)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('holdfast credential 1', 'holdfast credential 2'))
  }
  await copy.refuses('seal.format-unsupported', BACKUP)
})

test('a certificate of another format says nothing: what the root said of its holder counts', async () => {
  const copy = await aCopy('three-hands')
  const read = () => copy.holdfastWith(asRole(copy.at, EXPORT), ...EXPORT)
  const before = await read()
  const names = await list(copy, 'roles', '.json')
  for (const name of names) {
    await copy.change(name, (bytes) =>
      bytes.toString('utf8').replace('holdfast certificate 1', 'holdfast certificate 2'),
    )
  }
  expect(await read()).toEqual(before)
  const check = await copy.holdfastWith(asRole(copy.at, EXPORT), 'check')
  expect(check.exit).toBe(13)
  for (const name of names) expect(check.stdout).toContain(name)
})

test.each([
  ['version', 4, 2],
  ['flags', 5, 1],
  ['parts', 6, 4],
])('keyring objects of other %s are not opened', async (_, at, to) => {
  const copy = await aCopy('one-hand')
  for (const name of await list(copy, 'keyring/crm', '')) {
    if (/\/[0-9]+$/.test(name)) await copy.change(name, (bytes) => bytes.fill(to, at, at + 1))
  }
  await copy.refuses('seal.format-unsupported', EXPORT, BACKUP)
})

test('segments of another version are not read', async () => {
  const copy = await aCopy('one-hand')
  for (const name of await list(copy, 'segments/crm', '.keys')) {
    await copy.change(name, (bytes) => bytes.fill(2, bytes.length - 9, bytes.length - 8))
  }
  await copy.refuses('segment.format-unsupported', EXPORT, BACKUP)
})

test.each([
  ['version', 4, 2],
  ['flags', 5, 1],
])('an entry of other %s ends what can be said, and points before it read', async (_, at, to) => {
  const copy = await aCopy('one-hand')
  const bytes = await anEntry(copy, { kind: 'label', label: 'later', point: 1 })
  bytes[at] = to
  await putNext(copy, bytes)
  await copy.refuses('timeline.format-unsupported', EXPORT, BACKUP, ['compact', 'crm'])
  await expectReadable(copy)
})

test('an entry with a member that is not known ends what can be said', async () => {
  const copy = await aCopy('one-hand')
  const body = { kind: 'label', label: 'later', point: 1, colour: 'blue' } as const
  await putNext(copy, await anEntry(copy, body))
  await copy.refuses('timeline.format-unsupported', EXPORT, LABEL)
  await expectReadable(copy)
})

test('an entry of a kind that is not known is read past, and nothing is written after it', async () => {
  const copy = await aCopy('one-hand')
  const body = { kind: 'rainbow', colours: 7 } as unknown as EntryBody
  await putNext(copy, await anEntry(copy, body))
  expect(await copy.holdfast(...EXPORT)).toMatchObject({ exit: 0 })
  await copy.refuses('timeline.format-unsupported', BACKUP, LABEL, ['compact', 'crm'])
  await expectReadable(copy)
})

async function expectReadable({ holdfast }: Copy): Promise<void> {
  const run = await holdfast('export', 'crm@1', 'main.customer', '--format', 'jsonl')
  expect(run.exit, run.stderr).toBe(0)
  expect(run.stdout.split('\n')).toHaveLength(25)
}

/** What the keeper would write next into the timeline of the source. */
async function anEntry(copy: Copy, body: EntryBody): Promise<Uint8Array<ArrayBuffer>> {
  const { logKey, signing, vaultId } = await openWhole(copy)
  const seed = signing.keeper ?? new Uint8Array(32)
  const { name, seq } = await findHead(copy)
  const previous = hashEntry(await readFile(copy.at(`vault/${name}`)))
  const entry = { source: 'crm', seq: seq + 1, previous, voids: [], time: '2030-01-01T00:00:00Z' }
  const author = { certificateId: signingKeyId(signingPublicKeyOf(seed)), seed }
  return formatEntry({ vaultId, logKey, random: systemRandom }, { ...entry, body }, author)
}

async function putNext(copy: Copy, bytes: Uint8Array): Promise<void> {
  const { seq } = await findHead(copy)
  await writeFile(copy.at(`vault/${formatEntryName('crm', seq + 1)}`), bytes)
}

async function findHead(copy: Copy): Promise<{ readonly name: string; readonly seq: number }> {
  const name = (await list(copy, 'timelines/crm', '.entry')).at(-1) ?? ''
  return { name, seq: Number(name.slice(-16, -6)) }
}

async function openWhole(copy: Copy): Promise<Credential> {
  const [name = ''] = await list(copy, 'keyring/slots', '.json')
  const { vault } = JSON.parse(await readFile(copy.at('vault/vault.json'), 'utf8'))
  const text = await readFile(copy.at(`vault/${name}`), 'utf8')
  const passphrase = new Secret(PASSPHRASE)
  return parseCredential(await openSlot({ vaultId: vault.vaultId, name, text, passphrase }))
}
