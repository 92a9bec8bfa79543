import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry } from '#record/stamp'
import { isAppError } from '#stdx/app-error'
import { collect } from '#stdx/streams'
import { checkSegment } from './check-segment.ts'
import { findVersions } from './find-versions.ts'
import { toRowBatches } from './large-values.ts'
import { readState } from './read-state.ts'
import {
  aBatch,
  aSchema,
  aVault,
  digestKey,
  listVersions,
  scanText,
  type Vault,
  writeBatches,
} from './testing/segment-fixture.ts'

const schema = aSchema()
const schemas = new Map([[1, schema]])
const large = 'large value '.repeat(6_000)

async function aSegment() {
  const vault = aVault()
  const [ref] = await writeBatches(vault, schema, [
    scanText(schema, `1\tAda\tfirst\n2\tBob\t${large}\n`),
    aBatch([{ key: encodeKey(['3'], ['integer']), row: null }]),
  ])
  if (ref === undefined) throw new Error('need a segment')
  return { vault, placed: { seq: 1, ref } }
}

type Segment = Awaited<ReturnType<typeof aSegment>>

const check = ({ vault, placed }: Segment, depth: 'hashes' | 'authenticated' | 'decoded') =>
  checkSegment(vault.readDeps, placed, { schemas, depth, digestKey, signal: vault.signal })

/** Everything a reader can ask for, as text. */
async function readEverything({ vault, placed }: Segment): Promise<string> {
  const { readDeps, signal } = vault
  const segments = [placed]
  const options = { segments, schemas, schema, asOf: atEntry(1), rows: true, signal }
  const texts: string[] = []
  for await (const batch of readState(readDeps, options)) {
    texts.push(...listVersions(batch).map(({ key, digest }) => `${key} ${digest}`))
    for (const rows of await collect(toRowBatches(readDeps, batch, signal))) {
      texts.push(Buffer.concat(rows.kind === 'rows' ? [rows.bytes] : rows.parts).toString())
    }
  }
  const key = encodeKey(['1'], ['integer'])
  const found = await findVersions(readDeps, { segments, schemas, key, signal })
  return [...texts, ...found.map(({ row }) => Buffer.from(row).toString())].join('\n')
}

test.each(['hashes', 'authenticated', 'decoded'] as const)(
  'checkSegment() to depth %s finds nothing wrong with what was written',
  async (depth) => {
    expect(await check(await aSegment(), depth)).toEqual([])
  },
)

/** The stores' objects: what may be damaged. */
function listObjects({ store, keyring }: Vault) {
  return [store, keyring].flatMap(({ objects }) =>
    [...objects].map(([name, bytes]) => ({ objects, name, bytes })),
  )
}

test('no flipped byte goes unnoticed, and whoever notices names the object', async () => {
  const segment = await aSegment()
  const whole = await readEverything(segment)
  for (const { objects, name, bytes } of listObjects(segment.vault)) {
    const ending = name.split('.')[1] ?? 'keyring'
    // Every byte of small objects, some of the others.
    const stride = Math.ceil(bytes.length / 25)
    for (let at = 0; at < bytes.length; at += stride) {
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      objects.set(name, flipped)
      const outcome = await readEverything(segment).catch((error: unknown) => error)
      if (outcome !== whole) {
        expect([ending, at, isAppError(outcome), String(outcome)]).toEqual([
          ending,
          at,
          true,
          expect.stringContaining(name),
        ])
      }
      if (ending !== 'keyring') {
        expect(outcome).not.toBe(whole)
        expect(await check(segment, 'hashes')).toEqual([
          { object: name, problem: expect.stringContaining(name) },
        ])
        expect((await check(segment, 'decoded')).map(({ object }) => object)).toContain(name)
      }
    }
    objects.set(name, bytes)
  }
  expect(await readEverything(segment)).toBe(whole)
})

test.each(['cut short', 'emptied', 'made longer', 'removed'])(
  'checkSegment() names an object that was %s',
  async (how) => {
    const segment = await aSegment()
    for (const { objects, name, bytes } of listObjects(segment.vault)) {
      if (how === 'removed') objects.delete(name)
      if (how === 'cut short') objects.set(name, bytes.slice(0, -1))
      if (how === 'emptied') objects.set(name, new Uint8Array(0))
      if (how === 'made longer') objects.set(name, new Uint8Array([...bytes, 0]))
      const isKeyring = !name.startsWith('segments/')
      const problems = await check(segment, isKeyring ? 'authenticated' : 'hashes')
      expect(problems.map(({ object }) => object)).toEqual([name])
      objects.set(name, bytes)
    }
  },
)

test('objects of another segment in the place of its own are noticed', async () => {
  const vault = aVault()
  const rows = ['1\tAda\tx\n', '1\tBob\ty\n']
  const refs = await Promise.all(
    rows.map((row) => writeBatches(vault, schema, [scanText(schema, row)])),
  )
  const [[first] = [], [second] = []] = refs
  if (first?.rows == null || second?.rows == null) throw new Error('need two segments')
  const swap = (store: Vault['store'], a: string, b: string) => {
    const [left, right] = [store.objects.get(a), store.objects.get(b)]
    if (left === undefined || right === undefined) throw new Error('need two objects')
    store.objects.set(a, right)
    store.objects.set(b, left)
  }
  const segment = { vault, placed: { seq: 1, ref: first } }
  const expectDamage = async () => {
    await expect(readEverything(segment)).rejects.toMatchObject({ code: 'segment.damaged' })
    expect(await check(segment, 'authenticated')).not.toEqual([])
  }
  swap(vault.store, first.rows.name, second.rows.name)
  await expectDamage()
  swap(vault.store, first.keys.name, second.keys.name)
  await expectDamage()
  swap(vault.keyring, first.keyring, second.keyring)
  await expectDamage()
})
