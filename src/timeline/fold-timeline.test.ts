import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import type { SegmentRef } from '#segment/segment'
import { parseObjectName } from '#store/object-name'
import { aCaptureBody, aTimelines } from './testing/a-timeline.ts'

const entity = 'main.customer' as EntityName

function aRef(folder: string): SegmentRef {
  const object = (part: string) => ({
    name: parseObjectName(`segments/${folder}/1.${part}`),
    sizeBytes: 1,
    sha256: '0'.repeat(64),
    commitment: '0'.repeat(64),
  })
  return {
    entity,
    generation: 1,
    schema: 1,
    stamps: 'ordinal',
    versionCount: 1,
    rowCount: 1,
    keyring: parseObjectName(`${folder}/1`),
    keyringObject: { sizeBytes: 1, sha256: '0'.repeat(64) },
    keys: object('keys'),
    rows: object('rows'),
    blobs: null,
    borrowed: [],
  }
}

test('a capture that was compared with another point than the newest does not count', async () => {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 2)
  await append('erp', aCaptureBody(1), author)
  await append('erp', aCaptureBody(null), author)
  const state = await read('erp')
  expect(state.points.map(({ seq }) => seq)).toEqual([1, 2])
  expect(state.incidents.map(({ seq }) => seq)).toEqual([3, 4])
  await append('erp', aCaptureBody(2), author)
  expect((await read('erp')).points.map(({ seq }) => seq)).toEqual([1, 2, 5])
})

test('a session counts once', async () => {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 0)
  await append('erp', aCaptureBody(null, { session: 's1' }), author)
  await append('erp', aCaptureBody(1, { session: 's1' }), author)
  const state = await read('erp')
  expect(state.points).toHaveLength(1)
  expect(state.incidents[0]?.problem).toMatch(/its session was committed before/)
})

test.each(['crm/s1', 'erp/s2'])('a capture may not name objects of %s', async (folder) => {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 0)
  await append('erp', aCaptureBody(null, { session: 's1', segments: [aRef(folder)] }), author)
  const state = await read('erp')
  expect(state.points).toHaveLength(0)
  expect(state.segments.size).toBe(0)
})

test('segments and schemas gather in the order of their entries, the catalogue is inherited', async () => {
  const { append, begin, read } = aTimelines()
  const author = await begin('erp', 0)
  const catalogue = { definition: 'one', notRestored: [] }
  const first = { session: 's1', segments: [aRef('erp/s1')], catalogue }
  await append('erp', aCaptureBody(null, first), author)
  const second = { session: 's2', segments: [aRef('erp/s2')], catalogue: null }
  await append('erp', aCaptureBody(1, second), author)
  const state = await read('erp')
  expect(state.segments.get(entity)?.map(({ seq }) => seq)).toEqual([1, 2])
  expect(state.points.map((point) => point.catalogue)).toEqual([catalogue, catalogue])
})
