import { expect, test } from 'vitest'
import type { SourceCut } from '#connector/connector'
import { diffEntities } from '#history/diff-points'
import { AppError } from '#stdx/app-error'
import { aCapture } from '#vault/testing/a-capture'
import { signal } from '#vault/testing/a-vault'
import { aLife, type CaptureChange, type Life, SOURCE } from './testing/a-life.ts'

const CUSTOMERS = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
  INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bea'), (3, 'Cid');
  CREATE TABLE note (said TEXT); INSERT INTO note VALUES ('twice'), ('twice'), (NULL)`

const customer = 'main.customer'
const note = 'main.note'

async function entitiesOf(life: Life, change?: CaptureChange) {
  const { entities } = await life.capture(change)
  return Object.fromEntries(
    entities.map(({ deleted, entity, generation, inserted, rows, updated }) => [
      entity,
      { generation, rows, inserted, updated, deleted },
    ]),
  )
}

/** The cut as it is, with some of it different. */
function withCut(change: (cut: SourceCut) => Partial<SourceCut>): (cut: SourceCut) => SourceCut {
  return (cut) => ({
    cut: cut.cut,
    readCatalogue: (mayRead) => cut.readCatalogue(mayRead),
    scan: (entity, fields, until) => cut.scan(entity, fields, until),
    [Symbol.asyncDispose]: () => cut[Symbol.asyncDispose](),
    ...change(cut),
  })
}

test('runCapture() makes a point of an unchanged source and writes no segment', async () => {
  await using life = await aLife(CUSTOMERS)
  expect(await entitiesOf(life)).toEqual({
    [customer]: { generation: 1, rows: 3, inserted: 3, updated: 0, deleted: 0 },
    [note]: { generation: 1, rows: 3, inserted: 3, updated: 0, deleted: 0 },
  })
  const objects = life.inHand.store.objects.size
  const again = await life.capture()
  expect(again).toMatchObject({ seq: 2, bytesStored: 0 })
  expect(again.entities.every((one) => one.inserted + one.updated + one.deleted === 0)).toBe(true)
  const { points } = await life.state()
  expect(points.map(({ body }) => body.segments.length)).toEqual([2, 0])
  expect(points.at(1)?.body).toMatchObject({ base: 1, catalogue: null, schemas: [] })
  // The entry is all there is.
  expect(life.inHand.store.objects.size).toBe(objects + 1)
  const [first, second] = points.map(({ body }) => body.entities.map((one) => one.fingerprint))
  expect(second).toEqual(first)
})

test('runCapture() writes what changed, deletes included, and leaves the earlier point as it was', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec(`UPDATE customer SET name = 'Bo' WHERE id = 2; DELETE FROM customer WHERE id = 3;
    INSERT INTO customer VALUES (4, NULL); DELETE FROM note WHERE rowid = 1`)
  expect(await entitiesOf(life)).toEqual({
    [customer]: { generation: 1, rows: 3, inserted: 1, updated: 1, deleted: 1 },
    [note]: { generation: 1, rows: 2, inserted: 0, updated: 0, deleted: 1 },
  })
  expect(await life.rowsAt(1, customer)).toEqual([
    { id: '1', name: 'Ada' },
    { id: '2', name: 'Bea' },
    { id: '3', name: 'Cid' },
  ])
  expect(await life.rowsAt(2, customer)).toEqual([
    { id: '1', name: 'Ada' },
    { id: '2', name: 'Bo' },
    { id: '4', name: null },
  ])
  expect(await life.rowsAt(2, note)).toHaveLength(2)
})

test('runCapture() tells how many rows and bytes it read', async () => {
  await using life = await aLife(CUSTOMERS)
  const read = { rows: 0, bytes: 0 }
  await life.capture({
    progress: ({ bytes, rows }) => {
      read.rows += rows
      read.bytes += bytes
    },
  })
  expect(read).toEqual({ rows: 6, bytes: '1\tAda\n'.length * 3 + 'twice\n'.length * 2 + 3 })
})

test('runCapture() copies everything again when asked, under a new generation', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  expect((await entitiesOf(life, { request: { isFull: true } }))[customer]).toEqual({
    generation: 2,
    rows: 3,
    inserted: 3,
    updated: 0,
    deleted: 0,
  })
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, inserted: 0 })
  expect(await life.rowsAt(3, customer)).toEqual(await life.rowsAt(1, customer))
})

test('runCapture() knows records without key again in a new generation, fields of now included', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec(`ALTER TABLE note ADD COLUMN weight INTEGER DEFAULT 7; ALTER TABLE note ADD by TEXT;
    INSERT INTO note VALUES ('light', 1, NULL)`)
  await life.capture()
  const before = await life.rowsAt(2, note)
  expect((await entitiesOf(life, { request: { isFull: true } }))[note]).toMatchObject({
    generation: 2,
    inserted: 4,
  })
  expect(await life.rowsAt(3, note)).toEqual(before)
  expect((await entitiesOf(life))[note]).toMatchObject({ generation: 2, inserted: 0, deleted: 0 })
  const fingerprints = (await life.state()).points.map(
    ({ body }) => body.entities.find(({ entity }) => entity === note)?.fingerprint,
  )
  expect(fingerprints[2]).toBe(fingerprints[1])
  await life.exec(`DELETE FROM note WHERE rowid = 1; UPDATE note SET by = 'me' WHERE said IS NULL`)
  expect((await entitiesOf(life))[note]).toMatchObject({ generation: 2, inserted: 1, deleted: 2 })
  expect(await life.rowsAt(1, note)).toContainEqual({ said: null })

  const said = async (left: number, right: number) => {
    const changes = await life.changesBetween(left, right, note)
    return changes.map(({ after, before, op }) => [op, { ...(before ?? after) }])
  }
  const light = { said: 'light', weight: '1', by: null }
  expect(await said(1, 3)).toEqual([['insert', light]])
  expect(await said(2, 3)).toEqual([])
  expect(await said(3, 4)).toEqual([])
  const last = await said(1, 5)
  expect(last).toHaveLength(4)
  expect(last).toEqual(
    expect.arrayContaining([
      ['insert', light],
      ['insert', { said: null, weight: '7', by: 'me' }],
      ['delete', { said: null }],
      ['delete', { said: 'twice' }],
    ]),
  )
  const [gone] = (await life.changesBetween(1, 5, note)).filter(
    ({ before }) => before?.['said'] === 'twice',
  )
  const history = async (address: string) =>
    (await life.historyOf(note, address)).map(({ op, seq }) => [seq, op])
  expect(await history(gone?.key ?? '')).toEqual([
    [5, 'delete'],
    [1, 'insert'],
  ])
  expect(await history((gone?.key ?? '').replace('.1', '.0'))).toEqual([[1, 'insert']])
})

test('runCapture() starts an entity anew that was away, dropped or excluded', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const isIncluded = (entity: string) => entity !== note
  expect(Object.keys(await entitiesOf(life, { request: { isIncluded } }))).toEqual([customer])
  expect((await entitiesOf(life))[note]).toEqual({
    generation: 2,
    rows: 3,
    inserted: 3,
    updated: 0,
    deleted: 0,
  })
  await life.exec('DROP TABLE customer')
  expect(Object.keys(await entitiesOf(life))).toEqual([note])
  await life.exec(`CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO customer VALUES (2, 'Bea')`)
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, rows: 1, inserted: 1 })
  expect(await life.rowsAt(1, customer)).toHaveLength(3)
  expect(await life.rowsAt(1, note)).toHaveLength(3)
  expect(await life.rowsAt(5, customer)).toEqual([{ id: '2', name: 'Bea' }])
})

test('runCapture() follows a changed key and a changed type, and every point keeps its shape', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec(`DROP TABLE customer; CREATE TABLE customer (id INTEGER, name TEXT PRIMARY KEY);
    INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bea')`)
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, rows: 2, inserted: 2 })
  await life.exec(`DROP TABLE customer; CREATE TABLE customer (id REAL, name TEXT PRIMARY KEY);
    INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bea')`)
  // Another type is another text: the rows are written again, under the same key.
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, updated: 2 })
  await life.exec('ALTER TABLE customer ADD COLUMN extra TEXT')
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, updated: 0 })
  await life.exec('ALTER TABLE customer DROP COLUMN id')
  expect((await entitiesOf(life))[customer]).toMatchObject({ generation: 2, updated: 2 })
  expect(await life.rowsAt(1, customer)).toContainEqual({ id: '1', name: 'Ada' })
  expect(await life.rowsAt(2, customer)).toContainEqual({ id: '1', name: 'Ada' })
  expect(await life.rowsAt(3, customer)).toContainEqual({ id: '1.0', name: 'Ada' })
  expect(await life.rowsAt(4, customer)).toContainEqual({ id: '1.0', name: 'Ada', extra: null })
  expect(await life.rowsAt(5, customer)).toContainEqual({ name: 'Ada', extra: null })
})

test('runCapture() refuses another system under the same name unless that is wanted', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const other = withCut(({ cut }) => ({
    cut: { ...cut, identity: { ...cut.identity, system: 'another' } },
  }))
  await expect(life.capture({ cut: other })).rejects.toMatchObject({
    code: 'capture.other-system',
    details: { now: { system: 'another' } },
  })
  expect((await life.state()).points).toHaveLength(1)
  const allowed = { cut: other, request: { isNewIdentityAllowed: true } }
  expect(await life.capture(allowed)).toMatchObject({ seq: 2 })
  // From now on the other one is it.
  await expect(life.capture()).rejects.toMatchObject({ code: 'capture.other-system' })
})

test('runCapture() fails on a table it may not read, prints the way out, and takes it for no deletion', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const missingGrant = 'GRANT SELECT ON note TO me'
  const denied = withCut((cut) => ({
    async readCatalogue(mayRead) {
      const catalogue = await cut.readCatalogue(mayRead)
      const entities = catalogue.entities.map((one) =>
        one.entity === note ? { ...one, missingGrant } : one,
      )
      return { ...catalogue, entities }
    },
  }))
  const failure = await life.capture({ cut: denied }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'capture.unreadable', details: { entities: [note] } })
  expect(String(failure)).toContain(missingGrant)
  expect(String(failure)).toContain("exclude: ['main.note']")
  expect((await life.state()).points).toHaveLength(1)
  const isIncluded = (entity: string) => entity !== note
  expect(await life.capture({ cut: denied, request: { isIncluded } })).toMatchObject({ seq: 2 })
})

test('runCapture() prints one line that leaves out all it may not read, as YAML wants it', async () => {
  await using life = await aLife(`${CUSTOMERS}; CREATE TABLE "it's" (id INTEGER PRIMARY KEY)`)
  const denied = withCut((cut) => ({
    async readCatalogue(mayRead) {
      const { entities, ...catalogue } = await cut.readCatalogue(mayRead)
      return { ...catalogue, entities: entities.map((one) => ({ ...one, missingGrant: 'GRANT' })) }
    },
  }))
  const failure = await life.capture({ cut: denied }).catch((error: unknown) => error)
  const line = /^ {2}exclude: (.*)$/gm.exec(String(failure))
  expect(line?.[1]).toBe(`['main.customer', 'main."it''s"', 'main.note']`)
  expect(String(failure).match(/exclude:/g)).toHaveLength(1)
})

test('runCapture() makes no point of a source that has tables of which none is covered', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const request = { isIncluded: () => false }
  await expect(life.capture({ request })).rejects.toMatchObject({ code: 'capture.nothing-covered' })
  expect((await life.state()).points).toHaveLength(1)
  await life.exec('DROP TABLE customer; DROP TABLE note')
  expect(await life.capture({ request }), 'an empty source').toMatchObject({ entities: [] })
})

test('runCapture() says which tables are there and no longer covered', async () => {
  await using life = await aLife(CUSTOMERS)
  const isIncluded = (entity: string) => entity !== note
  expect(await life.capture({ request: { isIncluded } })).toMatchObject({ noLongerCovered: [] })
  expect(await life.capture()).toMatchObject({ noLongerCovered: [] })
  expect(await life.capture({ request: { isIncluded } })).toMatchObject({ noLongerCovered: [note] })
  expect(await life.capture({ request: { isIncluded } })).toMatchObject({ noLongerCovered: [] })
  await life.capture()
  await life.exec('DROP TABLE note')
  expect(await life.capture()).toMatchObject({ noLongerCovered: [] })
})

test('runCapture() records what it left out, which history and difference take for no deletion', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  const isIncluded = (entity: string) => entity !== customer
  await life.capture({ request: { isIncluded } })
  await life.capture()
  const tell = async () => (await life.historyOf(customer, '2')).map(({ op, seq }) => [seq, op])
  expect(await tell()).toEqual([[1, 'insert']])
  const state = await life.state()
  const [left, right] = state.points
  if (left === undefined || right === undefined) throw new Error('Two points were made')
  expect(diffEntities(state, { left, right })).toMatchObject([
    { entity: customer, isLeftOut: true, right: null },
    { entity: note, isLeftOut: false },
  ])
  await life.exec('DROP TABLE customer')
  await life.capture()
  expect(await tell(), 'dropped, not left out').toEqual([
    [4, 'delete'],
    [1, 'insert'],
  ])
})

test('runCapture() gives way to another capture that committed first', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec('DELETE FROM customer')
  const late = life.capture({
    captureEntity: (plain) => async (job, rows, watch) => {
      const result = await plain(job, rows, watch)
      if (job.schema.entity === customer) await life.capture()
      return result
    },
  })
  await expect(late).rejects.toMatchObject({ code: 'capture.conflict' })
  expect((await life.state()).points.map(({ seq }) => seq)).toEqual([1, 2])
  expect(await life.capture()).toMatchObject({ seq: 3, bytesStored: 0 })
})

test('runCapture() commits after an entry of another kind that came between', async () => {
  await using life = await aLife(CUSTOMERS)
  const { vault } = life.inHand
  const before = await life.state()
  // The timeline moves on, to everybody who looks, though no capture was added.
  const racing = life.capture({
    captureEntity: (plain) => async (job, rows, watch) => {
      const result = await plain(job, rows, watch)
      if (job.schema.entity === customer) {
        await life.inHand.store.put(
          `timelines/${SOURCE}/0000000001.entry` as never,
          new TextEncoder().encode('not an entry'),
          signal,
        )
      }
      return result
    },
  })
  expect(await racing).toMatchObject({ seq: 2 })
  const state = await life.state()
  expect(state.points.map(({ seq }) => seq)).toEqual([2])
  expect(state.headSeq).toBe(before.headSeq + 2)
  expect(await life.rowsAt(2, customer)).toHaveLength(3)
  // And an older base is no longer possible.
  const stale = await aCapture(vault, SOURCE, { base: 1 })
  await expect(vault.append(before, stale, signal)).rejects.toMatchObject({
    code: 'vault.entry-refused',
  })
})

test('runCapture() leaves nothing visible when reading fails on the way, and stops the other scans', async () => {
  await using life = await aLife(CUSTOMERS)
  await life.capture()
  await life.exec(`UPDATE customer SET name = 'x'; DELETE FROM note`)
  const lost = new AppError('connector.scan-failed', 'Cannot read: the connection was lost')
  let othersReason: unknown
  const waiting = Promise.withResolvers<void>()
  const failing = withCut((cut) => ({
    async *scan(entity, fields, until) {
      yield* cut.scan(entity, fields, until)
      if (entity.entity === note) {
        await waiting.promise
        throw lost
      }
      // An endless table: only being stopped ends it.
      const stopped = new Promise((resolve) => until.addEventListener('abort', resolve))
      waiting.resolve()
      await stopped
      othersReason = until.reason
      until.throwIfAborted()
    },
  }))
  await expect(life.capture({ cut: failing })).rejects.toBe(lost)
  expect(othersReason).toBe(lost)
  expect((await life.state()).points).toHaveLength(1)
  expect(await life.rowsAt(1, customer)).toContainEqual({ id: '1', name: 'Ada' })
  expect((await entitiesOf(life))[customer]).toMatchObject({ updated: 3 })
})

test('runCapture() stops when it is told to', async () => {
  await using life = await aLife(CUSTOMERS)
  const stopping = new AbortController()
  const reason = new Error('enough')
  const attempt = life.capture({ progress: () => stopping.abort(reason), signal: stopping.signal })
  await expect(attempt).rejects.toBe(reason)
  expect((await life.state()).points).toHaveLength(0)
})

test('runCapture() refuses a scan that is not in the order it promised', async () => {
  await using life = await aLife(CUSTOMERS)
  const shuffled = withCut((cut) => ({
    async *scan(entity, fields, until) {
      if (entity.entity !== customer) return yield* cut.scan(entity, fields, until)
      yield { kind: 'rows', bytes: new TextEncoder().encode('2\tBea\n1\tAda\n') }
    },
  }))
  await expect(life.capture({ cut: shuffled })).rejects.toMatchObject({
    code: 'segment.order-violated',
  })
  expect((await life.state()).points).toHaveLength(0)
})

test('runCapture() captures a source without tables', async () => {
  await using life = await aLife('SELECT 1')
  expect(await life.capture()).toMatchObject({ seq: 1, entities: [], bytesStored: 0 })
  expect(await life.capture()).toMatchObject({ seq: 2 })
})
