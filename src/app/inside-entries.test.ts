import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findCustomers } from '#customer/find-customers'
import { mapAt } from '#customer/map-at'
import { parseMap } from '#customer/parse-map'
import { createSegmentWriter } from '#segment/create-segment-writer'
import { openChangeScanner } from '#segment/scan-changes'
import { sortChanges } from '#segment/sort-changes'
import { aSchema } from '#segment/testing/segment-fixture'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import type { CaptureBody, ChangeCounts, EntityAtPoint, Transaction } from '#timeline/entry'
import { aCapture } from '#vault/testing/a-capture'
import { aRealCapture } from '#vault/testing/a-real-capture'
import { aVault, signal, stillClock } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'
import { compactSource } from './compact-source.ts'
import { diffPoints } from './diff-points.ts'
import { exportEntity } from './export-entity.ts'
import { findSourcesAt } from './find-sources-at.ts'
import { listEntities } from './list-entities.ts'
import { listHistory } from './list-history.ts'
import { labelPoint } from './mark-points.ts'
import { silentProgress } from './progress.ts'
import { showRecord } from './show-record.ts'
import { type IndexInHand, indexIn, withIndex } from './testing/index-of.ts'

const ENTITY = 'public.customer'
const FEED = { feed: 'holdfast_erp', notFollowed: [] }
const [INSERT, UPDATE, DELETE] = [1, 2, 3]

/** Names by id: `null` deletes. */
type Write = { readonly id: number; readonly name: string | null }
type State = ReadonlyMap<number, string>
type Moment = { readonly point: string; readonly time: string; readonly state: State }

/** What a source with one table is told to do, and what was there after each transaction. */
class Life {
  readonly vault: Vault
  moments: Moment[] = []
  #state: State = new Map()
  #seconds = 0

  private constructor(vault: Vault) {
    this.vault = vault
  }

  static async begin(names: State): Promise<Life> {
    const { vault } = await aVault()
    await vault.addSource('erp', signal)
    const life = new Life(vault)
    life.#state = names
    const text = [...names].map(([id, name]) => `${id}\t${name}\t\\N\n`).join('')
    const scanned = await aRealCapture(vault, 'erp', { text })
    const [facts] = scanned.entities
    const entities = [{ ...facts, rows: names.size } as EntityAtPoint]
    const follow = { ...FEED, part: 'begin' as const, scan: null, transactions: null }
    const cut = { ...scanned.cut, time: life.#nextTime() }
    await life.#append({ ...scanned, cut, entities, follow })
    life.moments.push({ point: 'erp@1', time: cut.time, state: names })
    return life
  }

  /** One entry of these transactions. */
  async tell(transactions: readonly (readonly Write[])[]): Promise<void> {
    const before = this.#state
    const state = await this.vault.readTimeline('erp', signal)
    const newest = state.points.at(-1)
    if (newest === undefined) throw new Error('A scan came first.')
    const told: Transaction[] = []
    const changes: { readonly op: number; readonly row: string }[][] = []
    for (const writes of transactions) {
      const done = writes.flatMap((write) => this.#apply(write))
      changes.push(done)
      const count = (op: number) => done.filter((one) => one.op === op).length
      const counts: ChangeCounts = [0, count(INSERT), count(UPDATE), count(DELETE)]
      const [transaction, time] = [`x${this.#seconds}`, this.#nextTime()]
      told.push({ transaction, time, position: time, changes: [counts] })
      const point = `erp@${state.headSeq + 1}.${told.length}`
      this.moments.push({ point, time, state: this.#state })
    }
    const session = Buffer.from(systemRandom.bytes(16)).toString('hex')
    const segments = await this.#write(session, changes)
    const sum = (at: 1 | 2 | 3) =>
      told.reduce((total, one) => total + (one.changes[0]?.[at] ?? 0), 0)
    const [inserted, updated, deleted] = [sum(1), sum(2), sum(3)]
    const [facts] = newest.entities
    const rows = before.size + inserted - deleted
    const entities = [
      { ...facts, rows, inserted, updated, deleted, fingerprint: null } as EntityAtPoint,
    ]
    const sums = { count: told.length, inserted, updated, deleted }
    const isLong = told.length > 32
    const written = { source: 'erp', session, transactions: told }
    const table = isLong ? await this.vault.putTransactions(written, signal) : null
    const times = { earliest: told[0]?.time ?? '', list: isLong ? null : told, table }
    const body = await aCapture(this.vault, 'erp', {
      base: newest.seq,
      session,
      segments,
      entities,
      catalogue: null,
      cut: { ...newest.cut, time: told.at(-1)?.time ?? '' },
      follow: { ...FEED, part: 'transactions', scan: 1, transactions: { ...sums, ...times } },
    })
    await this.#append(body)
    const time = told.at(-1)?.time ?? ''
    this.moments.push({ point: `erp@${state.headSeq + 1}`, time, state: this.#state })
  }

  /** Expires points, any but the newest. */
  async letGo(indexes: readonly number[]): Promise<void> {
    const state = await this.vault.readTimeline('erp', signal)
    const seqs = state.points.slice(0, state.points.length - 1).map(({ seq }) => seq)
    const points = [...new Set(indexes.flatMap((index) => seqs[index] ?? []))]
    if (points.length === 0) return
    const proposal = { kind: 'expire' as const, basis: state.basis, points }
    const body = await this.vault.cosign('erp', proposal, signal)
    await this.vault.append(state, body, signal)
    const isGone = ({ point }: Moment) =>
      points.some((seq) => `${point}.`.startsWith(`erp@${seq}.`))
    this.moments = this.moments.filter((moment) => !isGone(moment))
  }

  #apply({ id, name }: Write): { op: number; row: string }[] {
    const isThere = this.#state.has(id)
    const next = new Map(this.#state)
    if (name === null) next.delete(id)
    else next.set(id, name)
    this.#state = next
    if (name === null) return isThere ? [{ op: DELETE, row: `${id}\n` }] : []
    return [{ op: isThere ? UPDATE : INSERT, row: `${id}\t${name}\t\\N\n` }]
  }

  async #write(
    session: string,
    transactions: readonly (readonly { readonly op: number; readonly row: string }[])[],
  ) {
    const schema = aSchema()
    const digestKey = await this.vault.digestKey('erp', signal)
    const scanner = openChangeScanner(schema, digestKey)
    async function* told() {
      for (const [i, changes] of transactions.entries()) {
        const texts = changes.map(({ row }) => Buffer.from(row))
        let at = 0
        const ends = Uint32Array.from(texts, (text) => (at += text.length))
        const rows = { kind: 'rows' as const, bytes: new Uint8Array(Buffer.concat(texts)), ends }
        const ops = Uint8Array.from(changes, ({ op }) => op)
        const fields = ['id', 'name', 'note']
        const change = { fields, key: ['id'], ops, rows, unchanged: new Map() }
        if (ops.length > 0) yield scanner.scan(change, i + 1).batch
      }
    }
    let number = 0
    const deps = await this.vault.writeDeps('erp', signal)
    const place = { source: 'erp', session, schema, digestKey, signal }
    await using writer = createSegmentWriter(deps, { ...place, allocateNumber: () => ++number })
    const sortDeps = { tempDir: tmpdir(), random: systemRandom }
    const options = { memoryBytesMax: 1 << 20, signal }
    for await (const batch of sortChanges(sortDeps, told(), options)) await writer.append(batch)
    return await writer.finish()
  }

  async #append(body: CaptureBody): Promise<void> {
    await this.vault.append(await this.vault.readTimeline('erp', signal), body, signal)
  }

  #nextTime(): string {
    this.#seconds += 1
    return new Date(Date.UTC(2026, 5, 30, 12, 0, this.#seconds)).toISOString()
  }
}

async function exportAt(vault: Vault, point: string): Promise<string> {
  const request = { point, entity: ENTITY, format: 'csv' } as const
  return (await collect(exportEntity(vault, request, signal))).join('')
}

function csvOf(state: State): string {
  const rows = [...state].sort(([a], [b]) => a - b).map(([id, name]) => `${id},${name},\r\n`)
  return `id,name,note\r\n${rows.join('')}`
}

async function diff(vault: Vault, left: string, right: string): Promise<string[]> {
  const request = { left, right, entities: [] }
  // A point against a point looks at no system.
  const items = await collect(diffPoints({} as never, vault, request, signal))
  return items.flat().flatMap((item) => (item.type === 'change' ? `${item.op} ${item.key}` : []))
}

function naiveDiff(left: State, right: State): string[] {
  const ids = [...new Set([...left.keys(), ...right.keys()])].sort((a, b) => a - b)
  return ids.flatMap((id) => {
    const [before, after] = [left.get(id), right.get(id)]
    if (before === after) return []
    const op = before === undefined ? 'insert' : after === undefined ? 'delete' : 'update'
    return `${op} ${id}`
  })
}

/** Every change of a record's name, newest first, where it is first seen. */
function naiveHistory(moments: readonly Moment[], id: number): string[] {
  const told: string[] = []
  let before: string | undefined
  for (const { point, state, time } of moments) {
    const name = state.get(id)
    if (name === before) continue
    const op = before === undefined ? 'insert' : name === undefined ? 'delete' : 'update'
    told.unshift(`${point} ${time} ${op} ${name}`)
    before = name
  }
  return told
}

async function history(vault: Vault, id: number): Promise<string[]> {
  const asked = { source: 'erp', entity: ENTITY, key: String(id) }
  const { versions } = await listHistory(vault, asked, signal)
  return versions.map(({ fields, op, point, time }) => `${point} ${time} ${op} ${fields['name']}`)
}

const MAP = parseMap(
  `version: 1\nsources: { erp: { entities: { ${ENTITY}: { role: customer, identity: { name: name } } } } }`,
  'customers.yaml',
)

/** Ids of customers of a name, by an index that knows every version and no moment. */
async function findIds(vault: Vault, index: IndexInHand, point: string, text: string) {
  const sources = withIndex(await findSourcesAt(vault, { addresses: [point] }, signal), index)
  const { matches } = await findCustomers(mapAt(MAP, sources), { text, matchesMax: 9, signal })
  return matches.map(({ key }) => Number(key))
}

async function expectAll({ moments, vault }: Life): Promise<void> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'holdfast-inside-'))
  const index = indexIn(folder.path)
  for (const { point, state } of moments) {
    const ids = [...state].flatMap(([id, name]) => (name === 'b' ? id : []))
    expect(await findIds(vault, index, point, 'B')).toEqual(ids.sort((a, b) => a - b))
    expect(await exportAt(vault, point)).toBe(csvOf(state))
    const { entities } = await listEntities(vault, point, signal)
    expect(entities).toMatchObject([{ entity: ENTITY, rows: state.size }])
  }
  for (const [i, left] of moments.entries()) {
    for (const right of [...moments.slice(i + 1, i + 3), ...moments.slice(-1)]) {
      const found = await diff(vault, left.point, right.point)
      expect(found).toEqual(naiveDiff(left.state, right.state))
    }
  }
  for (const id of new Set(moments.flatMap(({ state }) => [...state.keys()]))) {
    expect(await history(vault, id)).toEqual(naiveHistory(moments, id))
    for (const [i, { point, state }] of moments.entries()) {
      if ((i + id) % 3 > 1) continue
      const name = state.get(id)
      const shown = showRecord(vault, { point, entity: ENTITY, key: String(id) }, signal)
      if (name === undefined) {
        await expect(shown).rejects.toMatchObject({ code: 'history.record-unknown' })
        continue
      }
      const [last = ''] = naiveHistory(moments.slice(0, i + 1), id)
      expect(await shown).toMatchObject({ point, version: last.split(' ')[0], fields: { name } })
    }
  }
}

const write = fc.record({
  id: fc.integer({ min: 1, max: 5 }),
  name: fc.option(fc.constantFrom('a', 'b', 'c'), { freq: 3 }),
})
const lives = fc.array(
  fc.array(fc.array(write, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  { minLength: 1, maxLength: 9 },
)

/** Writes that change nothing, in the first point that was kept, of what that or an earlier one did. */
const SAME = [{ id: 2, name: 'c' }]
const OTHER = [{ id: 1, name: 'c' }]
const ONCE_WRONG: [Write[][][], number[]][] = [
  [[[SAME, SAME], [OTHER]], [0]],
  [
    [[SAME], [OTHER, SAME], [OTHER]],
    [0, 1],
  ],
]

test('every transaction can be shown, exported, compared and told of, and after compaction, too', async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.array(fc.nat(20)), async (entries, gone) => {
      const life = await Life.begin(new Map([1, 2, 3].map((id) => [id, `first ${id}`])))
      for (const transactions of entries) await life.tell(transactions)
      await expectAll(life)
      const deps = { clock: stillClock, random: systemRandom, progress: silentProgress }
      await life.letGo(gone)
      await compactSource(deps, life.vault, 'erp', signal)
      await expectAll(life)
    }),
    { numRuns: 4, examples: ONCE_WRONG },
  )
}, 60_000)

test('a label names a transaction for ever, and its times are read from a table', async () => {
  const life = await Life.begin(new Map([[1, 'first']]))
  await life.tell(Array.from({ length: 50 }, (_, i) => [{ id: 1, name: `v${i + 1}` }]))
  const { vault } = life
  const labelled = await labelPoint(vault, { label: 'close', point: 'erp@2.20' }, signal)
  expect(labelled.points).toEqual(['erp@2.20'])
  expect(await exportAt(vault, 'erp@close')).toBe(csvOf(new Map([[1, 'v20']])))
  expect(await exportAt(vault, '@close')).toBe(csvOf(new Map([[1, 'v20']])))
  const again = await labelPoint(vault, { label: 'close', point: 'erp@2.20' }, signal)
  expect(again.entries).toEqual([])
  await expect(
    labelPoint(vault, { label: 'close', point: 'erp@2.21' }, signal),
  ).rejects.toMatchObject({
    code: 'app.label-taken',
  })
  expect(await history(vault, 1)).toEqual(naiveHistory(life.moments, 1))
})
