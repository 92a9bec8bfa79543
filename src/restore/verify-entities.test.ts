import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import type { SourceCut } from '#connector/connector'
import type { EntityAt } from '#history/entity-at'
import { describeSchema } from '#record/describe-schema'
import type { RowBatch } from '#record/row-batch'
import type { Catalogue, DescribedEntity } from '#record/schema'
import { atEntry } from '#record/stamp'
import {
  aRowBatch,
  aSchema,
  aVault,
  digestKey,
  scanText,
  writeBatches,
} from '#segment/testing/segment-fixture'
import { AppError } from '#stdx/app-error'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { joinVerdicts, verifyEntities } from './verify-entities.ts'

const schema = aSchema()
const described: DescribedEntity = { ...describeSchema(schema), scanOrder: 'key' }

/** The verdict on three customers at a point, against a system that describes and gives these. */
async function verify(entities: readonly DescribedEntity[], rows: () => AsyncIterable<RowBatch>) {
  const vault = aVault()
  const text = '1\ta\t\\N\n2\tb\t\\N\n3\tc\t\\N\n'
  const refs = await writeBatches(vault, schema, [scanText(schema, text)])
  const at: EntityAt = {
    facts: {
      entity: schema.entity,
      schema: 1,
      generation: 1,
      rows: 3,
      inserted: 3,
      updated: 0,
      deleted: 0,
      fingerprint: '',
    },
    schema,
    schemas: new Map([[1, schema]]),
    segments: refs.map((ref) => ({ seq: 1, ref })),
    asOf: atEntry(1),
  }
  const deps = {
    read: vault.readDeps,
    digestKey,
    random: systemRandom,
    tempDir: tmpdir(),
    progress: () => {},
  }
  const catalogue: Catalogue = { entities, definition: null, sequences: {}, notRestored: [] }
  const cut: SourceCut = {
    cut: { position: '', time: '', identity: { system: '', database: '' } },
    readCatalogue: async () => catalogue,
    scan: rows,
    async [Symbol.asyncDispose]() {},
  }
  const [verdict] = await collect(
    verifyEntities(deps, { catalogue, cut, entities: [at] }, vault.signal),
  )
  return verdict
}

async function* giving(text: string): AsyncGenerator<RowBatch> {
  if (text !== '') yield aRowBatch(text)
}

test.each([
  ['1\ta\t\\N\n2\tb\t\\N\n3\tc\t\\N\n', { verdict: 'same', missing: 0, extra: 0, different: 0 }],
  ['1\ta\t\n3\tc\t\\N\n4\td\t\\N\n', { verdict: 'differs', missing: 1, extra: 1, different: 1 }],
  ['', { verdict: 'differs', missing: 3, extra: 0, different: 0 }],
])('verifyEntities() of %j', async (text, expected) => {
  expect(await verify([described], () => giving(text))).toMatchObject({ rows: 3, ...expected })
})

test('verifyEntities() finds rows that come in no order', async () => {
  const unordered = { ...described, scanOrder: 'none' as const }
  const text = '3\tc\t\\N\n1\ta\t\\N\n2\tb\t\\N\n'
  expect(await verify([unordered], () => giving(text))).toMatchObject({ verdict: 'same' })
})

test('verifyEntities() proves nothing of a table that it may not read', async () => {
  const denied = { ...described, missingGrant: 'GRANT SELECT' }
  expect(await verify([denied], () => giving(''))).toMatchObject({
    verdict: 'unproven',
    missing: 0,
    reason: 'need GRANT SELECT',
  })
})

test('verifyEntities() takes a table that is not there, or lacks a field, for another one', async () => {
  expect(await verify([], () => giving(''))).toMatchObject({ verdict: 'differs', missing: 3 })
  const lacking = { ...described, fields: described.fields.slice(0, 2) }
  expect(await verify([lacking], () => giving(''))).toMatchObject({
    verdict: 'differs',
    different: 3,
    reason: expect.stringContaining('note'),
  })
})

test('verifyEntities() says nothing when reading fails on the way', async () => {
  const lost = new AppError('connector.scan-failed', 'Cannot read: the connection was lost')
  async function* failing(): AsyncGenerator<RowBatch> {
    yield aRowBatch('1\ta\t\\N\n')
    throw lost
  }
  await expect(verify([described], failing)).rejects.toBe(lost)
})

test('joinVerdicts() lets one difference or doubt decide', () => {
  expect(joinVerdicts([])).toBe('same')
  expect(joinVerdicts(['same', 'unproven'])).toBe('unproven')
  expect(joinVerdicts(['unproven', 'differs', 'same'])).toBe('differs')
})
