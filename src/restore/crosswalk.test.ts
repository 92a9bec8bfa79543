import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { collect } from '#stdx/streams'
import { Crosswalk, type CrosswalkLine, formatCrosswalk, readCrosswalkLines } from './crosswalk.ts'

const names = fc.string({ unit: 'grapheme' })
const entities = names.map((name) => name as EntityName)
const lines: fc.Arbitrary<CrosswalkLine> = fc.record({
  source: names,
  entity: entities,
  key: names,
  targetEntity: entities,
  targetKey: names,
})

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const bytesOf = async (given: readonly CrosswalkLine[]) =>
  Buffer.concat(await collect(formatCrosswalk(given)))

test('a crosswalk reads back as it was written, wherever it is cut', async () => {
  const sizes = fc.integer({ min: 1, max: 40 })
  await fc.assert(
    fc.asyncProperty(fc.array(lines), sizes, async (given, size) => {
      const read = await readCrosswalkLines(cut(await bytesOf(given), size))
      expect(read).toEqual(given)
    }),
  )
})

test('readCrosswalkLines() refuses what is cut off, too long or no crosswalk', async () => {
  const line = { source: 'crm', entity: 'main.a' as EntityName, key: '1' }
  const one = { ...line, targetEntity: line.entity, targetKey: '7' }
  const whole = await bytesOf([one, one])
  const refused = async (bytes: Uint8Array) =>
    await expect(readCrosswalkLines(cut(bytes, 99))).rejects.toMatchObject({
      code: 'restore.crosswalk-invalid',
    })
  for (let size = 0; size < whole.length; size++) await refused(whole.subarray(0, size))
  await refused(Buffer.concat([whole, Buffer.from('crm\tmain.a\t1\tmain.a\t7\n')]))
  await refused(Buffer.from(whole.toString().replace('\t1\t', '\t')))
  await refused(Buffer.from(whole.toString().replace('\t1\t', '\t\\N\t')))
  await refused(Buffer.from(whole.toString().replace('crosswalk 1', 'crosswalk 2')))
})

test('a record is found under what it became last, in each entity of the target', () => {
  const record = { source: 'crm', entity: 'main.a' as EntityName, key: '1' }
  const [party, role] = ['main.party', 'main.role'].map((name) => name as EntityName)
  if (party === undefined || role === undefined) throw new Error('There are two.')
  const crosswalk = new Crosswalk([
    { ...record, targetEntity: party, targetKey: '7' },
    { ...record, targetEntity: role, targetKey: '9' },
    { ...record, targetEntity: party, targetKey: '8' },
    { ...record, key: '2', targetEntity: party, targetKey: '10' },
  ])
  expect(crosswalk.find(record, party)?.targetKey).toBe('8')
  expect(
    crosswalk
      .findAll(record)
      .map(({ targetKey }) => targetKey)
      .sort(),
  ).toEqual(['8', '9'])
  expect(crosswalk.find({ ...record, source: 'erp' }, party)).toBeUndefined()
})
