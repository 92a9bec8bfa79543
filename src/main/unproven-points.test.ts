import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exportEntity } from '#app/export-entity'
import { listEntities } from '#app/list-entities'
import { listPoints } from '#app/list-points'
import { silentProgress } from '#app/progress'
import { showReceivables } from '#app/report-receivables'
import { showRecord } from '#app/show-record'
import type { Provenness } from '#app/unproven'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import type { EntityName } from '#record/entity-name'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import type { CaptureBody, Follow } from '#timeline/entry'
import { signal } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { aRestoring } from './testing/a-restore.ts'

const [TOLD, UNTOLD] = ['main.told', 'main.untold'] as [EntityName, EntityName]
const SQL = `CREATE TABLE told (id INTEGER PRIMARY KEY); INSERT INTO told VALUES (1);
  CREATE TABLE untold (id INTEGER PRIMARY KEY); INSERT INTO untold VALUES (1)`
const EMPTY = { count: 0, inserted: 0, updated: 0, deleted: 0, list: [], table: null }

/** Goes on as if a feed of one of the tables had begun at the newest point: 2, and told nothing since: 3. */
async function follow(vault: Vault): Promise<void> {
  const feed = { feed: 'holdfast_erp', notFollowed: [UNTOLD] }
  const begin: Follow = { ...feed, part: 'begin', scan: null, transactions: null }
  await append(vault, '1', { follow: begin })
  const transactions = { ...EMPTY, earliest: '2026-06-30T12:00:00Z' }
  const told: Follow = { ...feed, part: 'transactions', scan: 2, transactions }
  await append(vault, '2', { follow: told, entities: [], sequences: {}, leftOut: [] })
}

async function append(vault: Vault, session: string, change: Partial<CaptureBody>): Promise<void> {
  const state = await vault.readTimeline('erp', signal)
  const newest = state.points.at(-1)
  if (newest === undefined) throw new Error('Nothing was captured yet.')
  const same = { catalogue: null, schemas: [], segments: [], base: newest.seq, session }
  await vault.append(state, { ...newest.body, ...same, ...change }, signal)
}

test('what a feed does not tell is unproven, in every answer that is about it', async () => {
  await using life = await aRestoring(sqliteHarness, SQL)
  const { vault } = life
  await life.backUp()
  await follow(vault)
  expect(await life.verify('erp@2')).toMatchObject({ verdict: 'same' })
  const reason = 'it is not followed, and was last read in entry 2'
  const verdict = await life.verify('erp@3')
  expect(verdict).toMatchObject({
    verdict: 'unproven',
    proven: false,
    entities: [
      { entity: TOLD, verdict: 'same' },
      { entity: UNTOLD, verdict: 'unproven', reason },
    ],
  })
  const { points } = await listPoints(vault, 'erp', signal)
  expect(points.map(({ kind, proven }) => [kind, proven])).toEqual([
    ['capture', undefined],
    ['capture', undefined],
    ['feed', false],
  ])
  const { entities } = await listEntities(vault, 'erp@3', signal)
  expect(entities.map(({ proven }) => proven)).toEqual([undefined, false])
  const show = (entity: string) => showRecord(vault, { point: 'erp@3', entity, key: '1' }, signal)
  expect(await show(TOLD)).not.toHaveProperty('proven')
  expect(await show(UNTOLD)).toMatchObject({
    proven: false,
    unproven: `${UNTOLD} is unproven: ${reason} (erp@3)`,
  })
  const found: Provenness[] = []
  const onProvenness = (one: Provenness) => found.push(one)
  const request = { point: 'erp@3', entity: UNTOLD, format: 'csv', onProvenness } as const
  await collect(exportEntity(vault, request, signal))
  await life.plan({ point: 'erp@3', onProvenness })
  await life.plan({ point: 'erp@3', entities: [TOLD], onProvenness })
  await life.plan({ point: 'erp@2', onProvenness })
  expect(found.map(({ proven }) => proven)).toEqual([false, false, undefined, undefined])
})

test('receivables are told of a point that is unproven, and said to be so', async () => {
  await using life = await aRestoring(sqliteHarness, SQL)
  const { vault } = life
  await life.backUp()
  await follow(vault)
  const context = {
    configPath: join(tmpdir(), 'holdfast-nowhere', 'holdfast.yaml'),
    progress: silentProgress,
    random: systemRandom,
    readConfig: async () => ({ tempDir: tmpdir() }) as never,
  }
  const report = async (entity: string, point: string) => {
    await vault.putDocument('customers', mapOf(entity), signal)
    const request = { at: [point], asOf: '2026-06-30', file: undefined }
    return await showReceivables(context, vault, request, signal)
  }
  expect(await report(UNTOLD, 'erp@3')).toMatchObject({
    proven: false,
    unproven: expect.stringContaining(`${UNTOLD} is unproven`),
    groups: [{ total: '1.00' }],
  })
  expect(await report(TOLD, 'erp@3')).not.toHaveProperty('proven')
  expect(await report(UNTOLD, 'erp@2')).not.toHaveProperty('proven')
})

test('a reconciliation is unproven by what it migrates, and by what it sums up', async () => {
  await using life = await aRestoring(sqliteHarness, SQL)
  await life.backUp()
  await follow(life.vault)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-unproven-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const reconcile = async (point: string, entity: string, summed: string) => {
    const file = join(folder, 'mapping.yaml')
    await writeFile(file, mappingOf(entity, summed))
    return await life.reconcile(point, file)
  }
  expect(await reconcile('erp@2', UNTOLD, UNTOLD)).toMatchObject({ verdict: 'same' })
  expect(await reconcile('erp@3', TOLD, TOLD)).toMatchObject({ verdict: 'same' })
  expect(await reconcile('erp@3', UNTOLD, TOLD)).toMatchObject({
    verdict: 'unproven',
    entities: [{ verdict: 'unproven', same: 1 }],
  })
  expect(await reconcile('erp@3', TOLD, UNTOLD)).toMatchObject({
    verdict: 'unproven',
    unproven: expect.stringContaining(`${UNTOLD} is unproven`),
    entities: [{ verdict: 'same' }],
    totals: [{ verdict: 'same' }],
  })
})

function mappingOf(entity: string, summed: string): string {
  const part = `{ entity: ${summed}, amount: id }`
  return `version: 1
entities: { ${entity}: { from: ${entity}, fields: { id: id } } }
totals: [{ name: ids, source: ${part}, target: ${part} }]
`
}

/** A map whose open items are the records of an entity. */
function mapOf(entity: string): string {
  return `version: 1
sources: { erp: { entities: {} } }
finance:
  receivables:
    items:
      - { source: erp, entity: ${entity}, number: [id], companyCode: { is: '1' }, currency: { is: EUR }, amount: id }
`
}
