import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backUpSource } from '#app/back-up-source'
import type { Context } from '#app/context'
import { diffPoints } from '#app/diff-points'
import { exportEntity } from '#app/export-entity'
import { listHistory } from '#app/list-history'
import { silentProgress } from '#app/progress'
import { restorePoint } from '#app/restore-point'
import { showRecord } from '#app/show-record'
import { verifyPoint } from '#app/verify-point'
import { readProcessSettings } from '#config/read-process-settings'
import { openContext } from '#main/open-context'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { collect } from '#stdx/streams'
import { createVault } from '#vault/create-vault'
import type { Vault } from '#vault/vault'

/**
 * Random lives of a small database, captured after every step, against plain copies of it: every
 * point exports what was there, every difference and history is the copies', and every point can be
 * put back (invariants I1, I2 and I8).
 */

const signal = new AbortController().signal
const PASSPHRASE = 'a passphrase for tests only'

type Step =
  | { readonly kind: 'put'; readonly id: number; readonly name: string | null }
  | { readonly kind: 'delete'; readonly id: number }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'forget'; readonly text: string }
  | { readonly kind: 'add-field' }
  | { readonly kind: 'drop-field' }

const anId = fc.integer({ min: -3, max: 12 })
const aText = fc.constantFrom('', 'a', 'tab\there', 'back\\slash', 'line\nbreak', '\\N', 'ünï', 'b')
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put' as const), id: anId, name: fc.option(aText) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id: anId }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('note' as const), text: aText }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), text: aText }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'add-field' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'drop-field' as const }) },
)
const aDay = fc.array(aStep, { maxLength: 6 })

test('every point of a random life is what the database was', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ steps: aDay, isFull: fc.boolean() }), { minLength: 2, maxLength: 6 }),
      fc.nat(),
      async (days, pick) => {
        await using life = await beginLife()
        for (const { isFull, steps } of days) {
          for (const step of steps) act(life.db, step)
          await life.capture(isFull)
        }
        for (const index of life.copies.keys()) await expectExport(life, index)
        await expectDiff(life, 0, life.copies.length - 1)
        await expectDiff(life, life.copies.length - 1, pick % life.copies.length)
        for (const id of [-3, 0, 1, 5, 12]) await expectHistory(life, id)
        await expectRestore(life, pick % life.copies.length)
      },
    ),
    { numRuns: 4 },
  )
})

type Row = Readonly<Record<string, string | null>>
/** Rows of `main.customer` by id, and of `main.note` as sorted JSON. */
type Copy = { readonly customers: ReadonlyMap<string, Row>; readonly notes: readonly string[] }

type Life = AsyncDisposable & {
  readonly context: Context
  readonly vault: Vault
  readonly db: DatabaseSync
  readonly copies: Copy[]
  capture(isFull: boolean): Promise<void>
}

async function beginLife(): Promise<Life> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-life-'))
  const file = join(folder, 'holdfast.yaml')
  const system = '{ connector: sqlite, file: ./erp.db }'
  await writeFile(file, `vault: ./vault\nsources:\n  erp: ${system}\ntargets:\n  live: ${system}\n`)
  const db = new DatabaseSync(join(folder, 'erp.db'))
  db.exec(
    'CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE note (text TEXT)',
  )
  const context = openContext(
    {
      environment: {},
      currentFolder: folder,
      homeFolder: folder,
      threadUrl: new URL('../../src/main/capture-thread.ts', import.meta.url),
    },
    {
      settings: readProcessSettings({
        HOLDFAST_CONFIG: file,
        HOLDFAST_STATE_DIR: join(folder, 'state'),
        HOLDFAST_PASSPHRASE: PASSPHRASE,
      }),
      progress: silentProgress,
      warn: () => {},
      askHidden: undefined,
    },
  )
  const store = await context.createStore(join(folder, 'vault'))
  const keyring = await context.createStore(join(folder, 'vault', 'keyring'))
  const passphrase = new Secret(PASSPHRASE)
  await createVault({
    store,
    keyring,
    random: systemRandom,
    clock: systemClock,
    passphrase,
    signal,
  })
  const vault = await context.openVault(signal)
  const copies: Copy[] = []
  return {
    context,
    vault,
    db,
    copies,
    async capture(isFull) {
      const request = { source: 'erp', isFull, isNewIdentityAllowed: false }
      const summary = await backUpSource(context, vault, request, signal)
      copies.push(copyOf(db))
      expect(summary.seq).toBe(copies.length)
    },
    async [Symbol.asyncDispose]() {
      db.close()
      await rm(folder, { recursive: true })
    },
  }
}

function act(db: DatabaseSync, step: Step): void {
  const hasExtra = db.prepare('PRAGMA table_info(customer)').all().length > 2
  switch (step.kind) {
    case 'put':
      db.prepare(
        'INSERT INTO customer (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name',
      ).run(step.id, step.name)
      return
    case 'delete':
      db.prepare('DELETE FROM customer WHERE id = ?').run(step.id)
      return
    case 'note':
      db.prepare('INSERT INTO note VALUES (?)').run(step.text)
      return
    case 'forget':
      db.prepare('DELETE FROM note WHERE text = ?').run(step.text)
      return
    case 'add-field':
      if (!hasExtra) db.exec('ALTER TABLE customer ADD COLUMN extra TEXT')
      return
    case 'drop-field':
      if (hasExtra) db.exec('ALTER TABLE customer DROP COLUMN extra')
      return
  }
}

function copyOf(db: DatabaseSync): Copy {
  const text = (value: unknown) => (value === null ? null : String(value))
  const rows = db.prepare('SELECT * FROM customer').all()
  const customers = rows.map((row): [string, Row] => [
    String(row['id']),
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)])),
  ])
  const notes = db.prepare('SELECT text FROM note').all()
  return { customers: new Map(customers), notes: notes.map((row) => JSON.stringify(row)).sort() }
}

async function readExport({ vault }: Life, point: number, entity: string): Promise<string[]> {
  const request = { point: `erp@${point}`, entity, format: 'jsonl' as const }
  const text = (await collect(exportEntity(vault, request, signal))).join('')
  return text.split('\n').filter((line) => line !== '')
}

async function expectExport(life: Life, index: number): Promise<void> {
  const copy = life.copies[index]
  const customers = (await readExport(life, index + 1, 'main.customer')).map(
    (line) => JSON.parse(line) as Row,
  )
  expect(new Map(customers.map((row) => [row['id'], row]))).toEqual(copy?.customers)
  expect((await readExport(life, index + 1, 'main.note')).sort()).toEqual(copy?.notes)
}

async function expectDiff(life: Life, from: number, to: number): Promise<void> {
  const before = life.copies[from]?.customers ?? new Map<string, Row>()
  const after = life.copies[to]?.customers ?? new Map<string, Row>()
  const expected = [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [left, right] = [before.get(id) ?? null, after.get(id) ?? null]
    if (left !== null && right !== null && isSameWhereShared(left, right)) return []
    return [{ key: id, before: left, after: right }]
  })
  const request = { left: `erp@${from + 1}`, right: `erp@${to + 1}`, entities: ['main.customer'] }
  const items = (await collect(diffPoints(life.context, life.vault, request, signal))).flat()
  const found = items.flatMap((item) =>
    item.type === 'change'
      ? [{ key: item.key, before: plain(item.before), after: plain(item.after) }]
      : [],
  )
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
  expect(found.sort(byKey)).toEqual(expected.sort(byKey))
  await expectNoteDiff(life, from, to)
}

/** Records without key: as many of a text as there are more on either side. */
async function expectNoteDiff(life: Life, from: number, to: number): Promise<void> {
  const before = [...(life.copies[from]?.notes ?? [])]
  const after = (life.copies[to]?.notes ?? []).filter((note) => {
    const index = before.indexOf(note)
    if (index >= 0) before.splice(index, 1)
    return index < 0
  })
  const request = { left: `erp@${from + 1}`, right: `erp@${to + 1}`, entities: ['main.note'] }
  const items = (await collect(diffPoints(life.context, life.vault, request, signal))).flat()
  const changes = items.filter((item) => item.type === 'change')
  const texts = (side: 'before' | 'after') =>
    changes.flatMap((item) => (item[side] === null ? [] : [JSON.stringify({ ...item[side] })]))
  expect(texts('before').sort()).toEqual(before.sort())
  expect(texts('after').sort()).toEqual(after.sort())
}

function isSameWhereShared(a: Row, b: Row): boolean {
  return Object.keys(a).every((name) => !(name in b) || a[name] === b[name])
}

function plain(fields: Row | null): Row | null {
  return fields === null ? null : { ...fields }
}

async function expectHistory(life: Life, id: number): Promise<void> {
  const states = life.copies.map(({ customers }) => customers.get(String(id)) ?? null)
  const expected = states.flatMap((state, index) => {
    const before = index === 0 ? null : (states[index - 1] ?? null)
    if (JSON.stringify(before) === JSON.stringify(state)) return []
    const op = state === null ? 'delete' : before === null ? 'insert' : 'update'
    return [{ point: `erp@${index + 1}`, op, fields: state ?? {} }]
  })
  const address = { source: 'erp', entity: 'main.customer', key: String(id) }
  const ask = listHistory(life.vault, address, signal)
  if (expected.length === 0) {
    await expect(ask).rejects.toMatchObject({ code: 'history.record-unknown' })
    return
  }
  const { versions } = await ask
  for (const [index, { customers }] of life.copies.entries()) {
    const row = customers.get(String(id))
    if (row === undefined) continue
    const point = `erp@${index + 1}`
    const shown = await showRecord(life.vault, { ...address, point }, signal)
    expect({ ...shown.fields }).toEqual(row)
    const told = versions.find((one) => Number(one.point.slice('erp@'.length)) <= index + 1)
    expect(shown.version, point).toBe(told?.point)
  }
  const found = versions.map(({ fields, op, point }) => ({ point, op, fields: { ...fields } }))
  expect(withoutSilentFields(found)).toEqual(withoutSilentFields(expected.reverse()))
}

/**
 * A field added without touching a row makes no version of it: the vault tells the version from
 * before, without the field, where the copy has one more null.
 */
function withoutSilentFields(
  versions: readonly { point: string; op: string; fields: Row }[],
): { point: string; op: string; fields: Row }[] {
  const told = versions.map((one) => {
    const { extra, ...fields } = one.fields
    return { ...one, fields: extra === null || extra === undefined ? fields : { ...fields, extra } }
  })
  return told.filter((one, index) => {
    const before = told[index + 1]
    return before === undefined || one.op !== 'update' || before.op === 'delete'
      ? true
      : JSON.stringify(one.fields) !== JSON.stringify(before.fields)
  })
}

async function expectRestore(life: Life, index: number): Promise<void> {
  const wanted = life.copies[index]
  const hasSameShape =
    fieldsOf(life.copies.at(-1)) === fieldsOf(wanted) || fieldsOf(wanted) === 'id,name'
  if (!hasSameShape || wanted === undefined) return
  const point = `erp@${index + 1}`
  const request = {
    targets: [{ point, target: 'live' }],
    entities: [],
    records: [],
    fields: [],
    isDeleteAllowed: true,
    isPlanOnly: false,
    agree: async () => {},
  }
  const { summaries } = await restorePoint(life.context, life.vault, request, signal)
  expect(summaries).toMatchObject([{ verified: { different: 0 } }])
  const restored = copyOf(life.db)
  expect(restored.notes).toEqual(wanted.notes)
  expect([...restored.customers.keys()].sort()).toEqual([...wanted.customers.keys()].sort())
  for (const [id, row] of wanted.customers) expect(restored.customers.get(id)).toMatchObject(row)
  const verdict = await verifyPoint(life.context, life.vault, { point, against: 'live' }, signal)
  expect(verdict.verdict).toBe('same')
}

/** The shape that a copy's table has; the copy of an empty table does not tell, and counts as any. */
function fieldsOf(copy: Copy | undefined): string {
  const [row] = copy?.customers.values() ?? []
  return Object.keys(row ?? { id: '', name: '' }).join(',')
}
