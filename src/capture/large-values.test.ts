import { expect, test } from 'vitest'
import { liveSegments } from '#timeline/timeline-state'
import { aLife } from './testing/a-life.ts'
import { objectsOf } from './testing/stored-objects.ts'

/** 200 000 digits that do not shrink to nothing, as a person's document. */
const DOCUMENT = `hex(randomblob(100000))`

async function aLifeWithDocuments() {
  const life = await aLife(`
    create table document (id integer primary key, body text);
    create table copy (id integer primary key, body text);
    insert into document values (1, ${DOCUMENT}), (2, ${DOCUMENT});
    insert into copy select id + 10, body from document where id = 1;
  `)
  await life.capture()
  return life
}

test('a large value is stored once, whatever records and entities hold it', async () => {
  await using life = await aLifeWithDocuments()
  const state = await life.state()
  expect(objectsOf(state, 'blobs').reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBeLessThan(
    2 * 200_000,
  )
  expect(await life.rowsAt(state.headSeq, 'main.copy')).toEqual([
    { id: '11', body: (await life.rowsAt(state.headSeq, 'main.document'))[0]?.['body'] },
  ])
})

test('later versions of any record share a value that some version had before', async () => {
  await using life = await aLifeWithDocuments()
  const first = await life.state()
  const before = objectsOf(first, 'blobs').length
  const texts = await life.rowsAt(first.headSeq, 'main.document')
  await life.exec(`
    insert into document select 3, body from document where id = 2;
    update document set body = 'small' where id = 1;
  `)
  await life.capture()
  await life.exec(`update document set body = (select body from copy where id = 11) where id = 1`)
  await life.exec(`delete from copy`)
  await life.capture()
  await life.exec(`insert into copy select 12, body from document where id = 2`)
  await life.capture()
  const state = await life.state()
  expect(objectsOf(state, 'blobs')).toHaveLength(before)
  const borrowing = liveSegments(state).filter(({ ref }) => ref.borrowed.length > 0)
  expect(borrowing.length).toBeGreaterThanOrEqual(3)
  expect(await life.rowsAt(state.headSeq, 'main.copy')).toEqual([
    { id: '12', body: texts[1]?.['body'] },
  ])
  expect(await life.rowsAt(state.headSeq, 'main.document')).toEqual([
    ...texts,
    { id: '3', body: texts[1]?.['body'] },
  ])
})
