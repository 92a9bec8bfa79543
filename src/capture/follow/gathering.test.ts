import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { type FeedChanges, INSERT } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { evolveSchema } from '#record/evolve-schema'
import { openBlobIndex } from '#segment/blob-index'
import { systemRandom } from '#stdx/random'
import { aVault, signal } from '#vault/testing/a-vault'
import { Gathering } from './gathering.ts'

const entity = 'public.document' as EntityName
const TIME = '2026-06-30T12:00:00Z'

/** An entry behind a scan that saw five rows of one entity. */
async function aGathering() {
  const { vault } = await aVault()
  await vault.addSource('erp', signal)
  const id = { name: 'id', type: 'int4', isNullable: false, sourceId: '1', missing: null }
  const { schema } = evolveSchema(undefined, {
    entity,
    sourceId: '16384',
    fields: [id],
    key: { fields: ['id'], encodings: ['integer'] },
    foreignKeys: [],
    definition: {},
    scanOrder: 'key',
    missingGrant: null,
  })
  const deps = {
    write: await vault.writeDeps('erp', signal),
    digestKey: await vault.digestKey('erp', signal),
    blobs: openBlobIndex(await vault.readDeps('erp', signal), []),
    random: systemRandom,
    tempDir: tmpdir(),
  }
  const known = { schema, rows: 5, fingerprint: '00', isTold: false }
  const options = { source: 'erp', session: 'a'.repeat(32), memoryBytesMax: 1_048_576, signal }
  return { gathering: new Gathering(deps, new Map([[entity, known]]), options), known }
}

function inserted(row: string): FeedChanges {
  const bytes = new Uint8Array(Buffer.from(row))
  return {
    kind: 'changes',
    entity,
    fields: ['id'],
    key: ['id'],
    ops: Uint8Array.of(INSERT),
    rows: { kind: 'rows', bytes, ends: Uint32Array.of(bytes.length) },
    unchanged: new Map(),
  }
}

test('what a transaction emptied and then could not tell is in the entry as it was', async () => {
  const { gathering, known } = await aGathering()
  gathering.begin({ kind: 'begin', transaction: '7', time: TIME })
  await gathering.truncate(entity)
  await gathering.add(inserted('7\n'))
  await gathering.forget(entity)
  gathering.commit({ kind: 'commit', transaction: '7', time: TIME, position: 'p7' })
  const { entities, followed, schemas, segments, transactions } = await gathering.finish()
  expect({ entities, schemas, segments }).toEqual({ entities: [], schemas: [], segments: [] })
  expect(followed.get(entity)).toEqual(known)
  expect(transactions).toMatchObject([{ transaction: '7', changes: [] }])
})
