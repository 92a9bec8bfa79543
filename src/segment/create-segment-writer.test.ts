import { expect, test } from 'vitest'
import { encodeKey } from '#record/key'
import { atEntry } from '#record/stamp'
import { AssertionError } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { checkSegment } from './check-segment.ts'
import { createSegmentWriter } from './create-segment-writer.ts'
import { findVersions } from './find-versions.ts'
import { readTouched } from './read-changes.ts'
import { readState } from './read-state.ts'
import type { PlacedSegment } from './segment.ts'
import {
  type AVersion,
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
const keyOf = (id: number) => encodeKey([String(id)], ['integer'])
/** Some 600 bytes that hardly repeat. */
const noteOf = (id: number, day: number) =>
  Array.from({ length: 60 }, (_, i) => ((id + 7) * (i + 3) * 7_919 + day).toString(36)).join(' ')
const rowOf = (id: number, day: number) => `${id}\tname ${id % 9}\t${noteOf(id, day)}\n`

function optionsOf(vault: Vault, session: string) {
  let number = 0
  const allocateNumber = () => ++number
  return { source: 'erp', session, schema, digestKey, allocateNumber, signal: vault.signal }
}

async function readRows(vault: Vault, segments: readonly PlacedSegment[], seq: number) {
  const options = {
    segments,
    schemas,
    schema,
    asOf: atEntry(seq),
    rows: true,
    signal: vault.signal,
  }
  const batches = await collect(readState(vault.readDeps, options))
  return batches.flatMap(listVersions).map(({ row }) => row)
}

test('segments of several blocks merge to the state at every point, wherever blocks are cut', async () => {
  const vault = aVault()
  const states: ReadonlyMap<number, string>[] = [new Map()]
  const segments: PlacedSegment[] = []
  for (const [day, share] of [1, 2, 50, 700].entries()) {
    const state = new Map(states[day])
    const versions: AVersion[] = []
    for (let id = 0; id < 5_000; id++) {
      if ((id * 31 + day) % share !== 0) continue
      const row = day > 0 && id % 3 === 0 ? null : rowOf(id, day)
      versions.push({ key: keyOf(id), row, digest: BigInt(10 * id + day) })
      if (row === null) state.delete(id)
      else state.set(id, row)
    }
    const batches = [aBatch(versions.slice(0, 700)), aBatch(versions.slice(700))]
    const refs = await writeBatches(vault, schema, batches)
    segments.push(...refs.map((ref) => ({ seq: day + 1, ref })))
    states.push(state)
  }
  const ids = Array.from({ length: 5_000 }, (_, id) => id)
  for (const [seq, state] of states.entries()) {
    const expected = ids.flatMap((id) => state.get(id) ?? [])
    expect((await readRows(vault, segments, seq)).join('') === expected.join('')).toBe(true)
  }
  const sides = { from: atEntry(2), to: atEntry(4), fromSchema: schema, toSchema: schema }
  const options = { segments, schemas, ...sides, rows: true, signal: vault.signal }
  const touched = await collect(readTouched(vault.readDeps, options))
  const changed = ids.filter((id) => states[2]?.get(id) !== states[4]?.get(id))
  for (const [side, seq] of [
    ['before', 2],
    ['after', 4],
  ] as const) {
    const rows = touched.flatMap((batch) => listVersions(batch[side])).map(({ row }) => row)
    expect(rows.join('|') === changed.map((id) => states[seq]?.get(id) ?? '').join('|')).toBe(true)
  }
})

test('a writer closes a segment when it is full and goes on with the next number', async () => {
  const vault = aVault()
  const options = { ...optionsOf(vault, 'rolling'), objectBytes: 1 }
  await using writer = createSegmentWriter(vault.writeDeps, options)
  const rows = Array.from({ length: 6_000 }, (_, id) => rowOf(id, 1))
  for (let at = 0; at < rows.length; at += 500) {
    await writer.append(scanText(schema, rows.slice(at, at + 500).join('')))
  }
  const refs = await writer.finish()
  expect(refs.length).toBeGreaterThan(2)
  expect(refs.map(({ keyring }) => keyring)).toEqual(refs.map((_, i) => `erp/rolling/${i + 1}`))
  expect(refs.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(rows.length)
  const segments = refs.map((ref) => ({ seq: 1, ref }))
  expect(await readRows(vault, segments, 1)).toEqual(rows)
  for (const placed of segments) {
    const check = { schemas, depth: 'decoded', digestKey, signal: vault.signal } as const
    expect(await checkSegment(vault.readDeps, placed, check)).toEqual([])
  }
})

test('versions of one record may fill blocks of their own', async () => {
  const vault = aVault()
  const versions: AVersion[] = Array.from({ length: 4_000 }, (_, i) => ({
    key: keyOf(7),
    row: rowOf(7, i),
    ordinal: 4_000 - i,
  }))
  const others = [keyOf(6), keyOf(8)].map((key) => aBatch([{ key, row: rowOf(1, 1) }]))
  const [first, last] = others
  if (first === undefined || last === undefined) throw new Error('need two batches')
  const refs = await writeBatches(vault, schema, [first, aBatch(versions), last])
  const segments = refs.map((ref) => ({ seq: 3, ref }))
  expect(await readRows(vault, segments, 3)).toEqual([rowOf(1, 1), rowOf(7, 0), rowOf(1, 1)])
  const options = { segments, schemas, key: keyOf(7), signal: vault.signal }
  const found = await findVersions(vault.readDeps, options)
  expect(found.map(({ ordinal }) => ordinal)).toEqual(versions.map(({ ordinal }) => ordinal))
})

test('a writer without versions writes nothing', async () => {
  const vault = aVault()
  expect(await writeBatches(vault, schema, [])).toEqual([])
  expect([...vault.store.objects.keys(), ...vault.keyring.objects.keys()]).toEqual([])
})

test('a segment of deletes has no rows', async () => {
  const vault = aVault()
  const [ref] = await writeBatches(vault, schema, [aBatch([{ key: keyOf(1), row: null }])])
  expect(ref).toMatchObject({ rows: null, blobs: null, versionCount: 1, rowCount: 0 })
  expect(await readRows(vault, ref === undefined ? [] : [{ seq: 1, ref }], 1)).toEqual([])
})

test('names that are taken are refused, and what is there stays', async () => {
  const vault = aVault()
  const write = async () => {
    const options = optionsOf(vault, 'twice')
    await using writer = createSegmentWriter(vault.writeDeps, options)
    await writer.append(scanText(schema, '1\ta\tb\n'))
    return await writer.finish()
  }
  const refs = await write()
  await expect(write()).rejects.toMatchObject({ code: 'segment.name-taken' })
  expect(
    await readRows(
      vault,
      refs.map((ref) => ({ seq: 1, ref })),
      1,
    ),
  ).toEqual(['1\ta\tb\n'])
})

test.each([
  ['keys out of order', [{ id: 2 }, { id: 1 }]],
  ['one version twice', [{ id: 1 }, { id: 1 }]],
  [
    'an older version first',
    [
      { id: 1, ordinal: 1 },
      { id: 1, ordinal: 2 },
    ],
  ],
])('append() fails for %s, within a batch and between two', async (_, list) => {
  const versions = list.map(({ id, ...rest }) => ({ key: keyOf(id), row: rowOf(id, 1), ...rest }))
  const vault = aVault()
  await expect(writeBatches(vault, schema, [aBatch(versions)])).rejects.toThrow(AssertionError)
  const batches = versions.map((version) => aBatch([version]))
  await expect(writeBatches(vault, schema, batches)).rejects.toThrow(AssertionError)
})

test('no two blocks share a data key, and none is in the objects', async () => {
  const vault = aVault()
  const keys: string[] = []
  const random = {
    bytes: (n: number) => {
      const bytes = systemRandom.bytes(n)
      keys.push(Buffer.from(bytes).toString('latin1'))
      return bytes
    },
  }
  await using writer = createSegmentWriter({ ...vault.writeDeps, random }, optionsOf(vault, 'keys'))
  await writer.append(scanText(schema, `1\ta\t${'large '.repeat(20_000)}\n2\ta\tb\n`))
  await writer.finish()
  expect(keys.length).toBe(4)
  expect(new Set(keys).size).toBe(keys.length)
  const stored = [...vault.store.objects.values(), ...vault.keyring.objects.values()]
  for (const bytes of stored) {
    const text = Buffer.from(bytes).toString('latin1')
    expect(keys.filter((key) => text.includes(key))).toEqual([])
    expect(text).not.toContain('large ')
  }
})
