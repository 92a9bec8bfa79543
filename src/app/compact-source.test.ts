import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aLife, type Life, nameOf, SOURCE } from '#capture/testing/a-life'
import { keptOf, listGenerations } from '#retention/plan-compaction'
import { countDroppable } from '#segment/count-droppable'
import { systemRandom } from '#stdx/random'
import { checkVault } from '#vault/check-vault'
import { signal, stillClock } from '#vault/testing/a-vault'
import { compactSource, planSource } from './compact-source.ts'
import { listHistory } from './list-history.ts'
import { silentProgress } from './progress.ts'

const deps = { clock: stillClock, random: systemRandom, progress: silentProgress }
const ENTITY = 'main.customer'
// A machine that is busy with other tests takes several times as long.
const timeout = 60_000

/** Lets points go by both hands, as `expire` does. */
async function expire({ inHand: { vault }, state }: Life, points: number[]) {
  const { basis } = await state()
  const proposal = { kind: 'expire' as const, basis, points }
  const body = await vault.cosign(SOURCE, proposal, signal)
  await vault.append(await state(), body, signal)
}

/** What every kept point holds, what neighbours differ in, and what is told of each record. */
async function lookAll(life: Life, ids: readonly number[]) {
  const points = [...(await life.state()).points]
  const rows = []
  const changes = []
  for (const [i, { body, seq }] of points.entries()) {
    const isThere = body.entities.some(({ entity }) => entity === nameOf(ENTITY))
    rows.push(isThere ? await life.rowsAt(seq, ENTITY) : null)
    const before = points[i - 1]
    if (before !== undefined) changes.push(await life.changesBetween(before.seq, seq, ENTITY))
  }
  const histories = []
  for (const id of ids) {
    histories.push(await life.historyOf(ENTITY, String(id)).catch((error) => String(error.code)))
  }
  return { rows, changes, histories }
}

/** The greatest share of a generation that merging all of it would drop. */
async function droppableShare({ inHand: { vault }, state }: Life): Promise<number> {
  const shares = [0]
  const timeline = await state()
  const read = await vault.readDeps(SOURCE, signal)
  for (const one of listGenerations(timeline)) {
    const schemas = new Map((timeline.schemas.get(one.entity) ?? []).map((s) => [s.version, s]))
    const runs = one.runs.map(({ segments }) => segments)
    const kept = keptOf(one, one.runs)
    const dropped = await countDroppable(read, { kept, runs, schemas, signal })
    const total = one.runs.reduce((sum, { versionCount }) => sum + versionCount, 0)
    shares.push(dropped.reduce((sum, count) => sum + count, 0) / total)
  }
  return Math.max(...shares)
}

async function segmentCount({ state }: Life): Promise<number> {
  return [...(await state()).segments.values()].flat().length
}

async function aYear(life: Life, days: number): Promise<void> {
  for (let day = 1; day <= days; day++) {
    await life.exec(
      `UPDATE customer SET name = 'day ${day}' WHERE id % ${days} = ${day % days};
       INSERT INTO customer VALUES (${1000 + day}, 'new', NULL);
       DELETE FROM customer WHERE id = ${1000 + day - 2}`,
    )
    await life.capture()
  }
}

const FIRST = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, note TEXT);
  INSERT INTO customer WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    SELECT i, 'first', NULL FROM n;
  CREATE TABLE quiet (id INTEGER PRIMARY KEY); INSERT INTO quiet VALUES (1)`

test('compactSource() makes many segments few, and everything reads as before', {
  timeout,
}, async () => {
  await using life = await aLife(FIRST)
  await life.capture()
  await aYear(life, 10)
  const ids = [1, 7, 1001, 1009]
  const before = await lookAll(life, ids)
  expect(await segmentCount(life)).toBe(12)
  const plan = await planSource(life.inHand.vault, SOURCE, signal)
  expect(plan.merges).toMatchObject([{ entity: ENTITY, reason: 'similar', versions: 138 }])
  expect(plan.merges[0]?.segments).toHaveLength(11)
  const done = await compactSource(deps, life.inHand.vault, SOURCE, signal)
  expect(done).toMatchObject({ replaced: 11, written: 1, droppedVersions: 0 })
  expect(await segmentCount(life)).toBe(2)
  expect(await lookAll(life, ids)).toEqual(before)
  expect((await planSource(life.inHand.vault, SOURCE, signal)).merges).toEqual([])
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  expect(await checkVault(life.inHand.vault, options)).toMatchObject({ verdict: 'whole' })
  // And the next capture compares with what was merged.
  await life.exec(`UPDATE customer SET name = 'later' WHERE id = 1`)
  expect(await life.capture()).toMatchObject({
    entities: [{ inserted: 0, updated: 1, deleted: 0 }, { updated: 0 }],
  })
})

test('what only expired points saw is dropped, and kept points read as before', {
  timeout,
}, async () => {
  await using life = await aLife(FIRST)
  await life.capture()
  await aYear(life, 6)
  await expire(life, [1, 2, 3, 5, 6])
  const ids = [1, 2, 3, 1001, 1003, 1006]
  const before = await lookAll(life, ids)
  const done = await compactSource(deps, life.inHand.vault, SOURCE, signal)
  expect(done.droppedVersions).toBe(32)
  expect(await lookAll(life, ids)).toEqual(before)
  const { segments } = await life.state()
  const versions = (segments.get(nameOf(ENTITY)) ?? []).map(({ ref }) => ref.versionCount)
  // 62 records at the first kept point, and what has changed since.
  expect(versions.reduce((sum, count) => sum + count, 0)).toBe(98)
})

test('whoever reads while what is read is replaced and collected reads on', {
  timeout,
}, async () => {
  await using life = await aLife(FIRST)
  await life.capture()
  await aYear(life, 9)
  const { vault } = life.inHand
  let reads = 0
  const readTimeline = async () => {
    const state = await life.state()
    reads += 1
    if (reads > 1) return state
    await compactSource(deps, vault, SOURCE, signal)
    const { replaced } = await life.state()
    for (const { ref } of replaced) await vault.store.delete(ref.keys.name, signal)
    return state
  }
  const late = new Proxy(vault, {
    get(target, name) {
      const value: unknown = name === 'readTimeline' ? readTimeline : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const address = { source: SOURCE, entity: ENTITY, key: '1' }
  const { versions } = await listHistory(late, address, signal)
  expect(versions.map(({ point }) => point)).toEqual(['erp@2', 'erp@1'])
  expect(reads).toBe(2)
})

test('a table that no kept point holds goes without being read', { timeout }, async () => {
  await using life = await aLife(FIRST)
  await life.capture()
  await life.exec('DROP TABLE quiet')
  await life.capture()
  await expire(life, [1])
  const done = await compactSource(deps, life.inHand.vault, SOURCE, signal)
  expect(done).toMatchObject({ replaced: 1, written: 0, bytesStored: 0, droppedVersions: 1 })
  expect((await life.state()).segments.get(nameOf('main.quiet'))).toEqual([])
})

test('captures and compactions of one source go on at the same time', { timeout }, async () => {
  await using life = await aLife(FIRST)
  await life.capture()
  await aYear(life, 9)
  const { vault } = life.inHand
  await life.exec(`UPDATE customer SET name = 'meanwhile' WHERE id = 3`)
  const [captured, first, second] = await Promise.all([
    life.capture(),
    compactSource(deps, vault, SOURCE, signal),
    compactSource(deps, vault, SOURCE, signal),
  ])
  expect(first.entries.length + second.entries.length).toBe(1)
  const { incidents, points } = await life.state()
  expect(incidents).toEqual([])
  expect(points.at(-1)?.seq).toBe(captured.seq)
  expect(await life.rowsAt(captured.seq, ENTITY)).toContainEqual({
    id: '3',
    name: 'meanwhile',
    note: null,
  })
  const options = { depth: 'decoded', signal, onProgress: () => {} } as const
  const report = await checkVault(vault, options)
  expect(report).toMatchObject({ verdict: 'whole', incidents: [] })
})

const anAct = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      id: fc.integer({ min: 1, max: 6 }),
      note: fc.option(fc.stringMatching(/^[a-z]{0,5}$/)),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      id: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('field' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('anew' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('capture' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('expire' as const), mask: fc.nat({ max: 255 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('compact' as const) }) },
)

test('a random life reads as before after every compaction', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anAct, { minLength: 20, maxLength: 30 }), async (acts) => {
      await using life = await aLife(`CREATE TABLE customer (id INTEGER PRIMARY KEY, note TEXT)`)
      await life.capture()
      let fields: string[] = []
      for (const [i, act] of acts.entries()) {
        switch (act.kind) {
          case 'change': {
            const note = act.note === null ? 'NULL' : `'${act.note}'`
            await life.exec(
              `INSERT OR REPLACE INTO customer (id, note) VALUES (${act.id}, ${note})`,
            )
            await life.capture()
            break
          }
          case 'delete':
            await life.exec(`DELETE FROM customer WHERE id = ${act.id}`)
            await life.capture()
            break
          case 'field':
            fields.push(`f${i}`)
            await life.exec(`ALTER TABLE customer ADD COLUMN f${i} TEXT DEFAULT 'd${i}'`)
            break
          case 'drop': {
            const gone = fields.pop()
            if (gone !== undefined) await life.exec(`ALTER TABLE customer DROP COLUMN ${gone}`)
            break
          }
          case 'anew':
            fields = []
            await life.exec(
              `DROP TABLE customer; CREATE TABLE customer (id INTEGER PRIMARY KEY, note TEXT)`,
            )
            break
          case 'capture':
            await life.capture()
            break
          case 'expire': {
            const seqs = (await life.state()).points.map(({ seq }) => seq).slice(0, -1)
            const gone = seqs.filter((_, at) => (act.mask >> (at % 8)) % 2 === 1)
            if (gone.length > 0) await expire(life, gone)
            break
          }
          case 'compact': {
            const before = await lookAll(life, [1, 4])
            await compactSource(deps, life.inHand.vault, SOURCE, signal)
            expect(await lookAll(life, [1, 4])).toEqual(before)
            const options = { depth: 'decoded', signal, onProgress: () => {} } as const
            const report = await checkVault(life.inHand.vault, options)
            expect(report).toMatchObject({ problems: [], incidents: [] })
            expect(await droppableShare(life)).toBeLessThan(0.125)
          }
        }
      }
    }),
    { numRuns: 2 },
  )
})
