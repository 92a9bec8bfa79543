import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { captureEntity } from '#capture/capture-entity'
import { runCapture } from '#capture/run-capture'
import type { SourceCut } from '#connector/connector'
import { sqliteConnector } from '#connector/sqlite/sqlite-connector'
import { recordHistory } from '#history/record-history'
import { formatKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { encodeKey } from '#record/key'
import type { SchemaVersion } from '#record/schema'
import { hashPlans } from '#restore/hash-plans'
import { PlanLines } from '#restore/plan-lines'
import { planRestore } from '#restore/plan-restore'
import { readBack } from '#restore/read-back'
import { openRestore, runRestore } from '#restore/run-restore'
import { openRowScanner } from '#segment/scan-rows'
import type { SegmentRef } from '#segment/segment'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createMemoryStore } from '#store/testing/memory-store'
import type { Point } from '#timeline/timeline-state'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import type { Vault } from '#vault/vault'

/**
 * Follows one customer record through every room, with the real code and real bytes, and tells what
 * was seen: the parts of `docs/walkthrough.md`, by name. Randomness and time are fixed, so that the
 * same code tells the same story; what another generator decides (HPKE's) is told by size only.
 */
export async function walkThrough(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-walk-'))
  try {
    const file = join(folder, 'erp.db')
    const db = new DatabaseSync(file)
    db.exec(SQL)
    db.close()
    return await walk(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const SQL = `CREATE TABLE customer (
  customer_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  payment_terms TEXT,
  credit_limit NUMERIC
);
INSERT INTO customer VALUES
  (4711, 'Farnbeck	Werkzeugbau', 'NT30', 25000),
  (4712, 'Halmquell', NULL, 0);`

const CHANGE = "UPDATE customer SET payment_terms = 'NT90' WHERE customer_id = 4711"
const entity = 'main.customer' as EntityName
const { signal } = new AbortController()

async function walk(file: string): Promise<ReadonlyMap<string, string>> {
  const parts = new Map<string, string>([['source', fence('sql', SQL)]])
  const random = fixedRandom()
  const vault = await makeVault(random)
  await vault.addSource('erp', signal)

  const first = await capture({ file, random, vault })
  await tellRecord(parts, { file, vault, point: first })
  await tellSegment(parts, vault, first)
  tellEntry(parts, first)

  change(file, CHANGE)
  await capture({ file, random, vault })
  const state = await vault.readTimeline('erp', signal)
  const deps = await vault.readDeps('erp', signal)
  const { versions } = await recordHistory(deps, { state, entity, address: '4711' }, signal)
  const told = versions.map(({ changed, fields, op, seq }) => ({
    point: `erp@${seq}`,
    op,
    changed,
    fields,
  }))
  parts.set('change', fence('sql', `${CHANGE};`))
  parts.set('history', fence('json', formatJson(told)))
  parts.set('restore', await tellRestore({ file, random, vault, point: first }))
  return parts
}

type Walk = { readonly file: string; readonly random: Random; readonly vault: Vault }

async function makeVault(random: Random): Promise<Vault> {
  const stores = { store: createMemoryStore(), keyring: createMemoryStore() }
  const passphrase = new Secret('walking through')
  const cheap = { memoryKib: 1024, passes: 1, lanes: 1 }
  const deps = { ...stores, random, clock: fixedClock, passphrase, signal }
  await createVault({ ...deps, cost: cheap })
  return await openVault({ ...deps, stateDir: undefined })
}

async function capture({ file, random, vault }: Walk): Promise<Point> {
  const state = await vault.readTimeline('erp', signal)
  await using source = await sqliteConnector.openSource(optionsFor(file))
  await using cut = await source.openCut(signal)
  const write = await vault.writeDeps('erp', signal)
  const read = await vault.readDeps('erp', signal)
  const digestKey = await vault.digestKey('erp', signal)
  const deps = { write, read, digestKey, random, tempDir: tmpdir() }
  const { seq } = await runCapture(
    {
      vault,
      clock: fixedClock,
      random,
      captureEntity: (job, rows, during) => captureEntity(deps, job, rows, during),
      progress: () => {},
    },
    {
      cut: withFixedCut(cut),
      state,
      request: {
        source: 'erp',
        connector: 'sqlite',
        isIncluded: () => true,
        isFull: false,
        isNewIdentityAllowed: false,
        scansMax: 1,
        sortBytesMax: 1_000_000,
      },
    },
    signal,
  )
  const point = (await vault.readTimeline('erp', signal)).points.find((one) => one.seq === seq)
  if (point === undefined) throw new Error('The point that was committed is not there')
  return point
}

async function tellRecord(
  parts: Map<string, string>,
  { file, point, vault }: { file: string; point: Point; vault: Vault },
): Promise<void> {
  const schema = schemaOf(point)
  await using source = await sqliteConnector.openSource(optionsFor(file))
  await using cut = await source.openCut(signal)
  const { entities } = await cut.readCatalogue(() => true)
  const [described] = entities
  if (described === undefined) throw new Error('The table is not there')
  const scanner = openRowScanner(schema, await vault.digestKey('erp', signal))
  for await (const batch of cut.scan(
    described,
    schema.fields.map(({ name }) => name),
    signal,
  )) {
    if (batch.kind !== 'rows') continue
    parts.set('row', fence('text', Buffer.from(batch.bytes).toString().replaceAll('\t', '<TAB>')))
    const versions = scanner.scan(batch)
    const digests = [...versions.digests].map((digest) => digest.toString(16).padStart(16, '0'))
    parts.set('digest', fence('text', digests.join('\n')))
  }
  const key = encodeKey(['4711'], ['integer'])
  const address = formatKeyAddress(key, schema.key)
  parts.set('key', fence('text', `${toHex(key)}   main.customer:${address}`))
  const fields = schema.fields.map(({ id, missing, name, type }) => ({ id, name, type, missing }))
  const { generation, key: keyShape, layout, version } = schema
  parts.set(
    'schema',
    fence('json', formatJson({ version, generation, layout, key: keyShape, fields })),
  )
}

async function tellSegment(parts: Map<string, string>, vault: Vault, point: Point): Promise<void> {
  const ref = segmentOf(point)
  const objects = [ref.keys, ref.rows].flatMap((object) => (object === null ? [] : [object]))
  const lines = objects.map(
    ({ name, sizeBytes }) => `${String(sizeBytes).padStart(5)} bytes  ${name}`,
  )
  const keyring = await vault.keyring.stat(ref.keyring, signal)
  lines.push(`${String(keyring?.sizeBytes).padStart(5)} bytes  keyring: ${ref.keyring}`)
  parts.set('objects', fence('text', lines.join('\n')))
  if (ref.rows === null) return
  const bytes = await vault.store.get(ref.rows.name, { signal })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== ref.rows.sha256) throw new Error('The entry names other bytes than are stored')
  parts.set('sealed', fence('text', formatHexLines(bytes)))
}

function tellEntry(parts: Map<string, string>, point: Point): void {
  const { cut, entities, kind, session } = point.body
  // Sealing to a public key draws its own randomness: another run has another hash.
  const { keyringObject: _, ...ref } = segmentOf(point)
  const shown = {
    kind,
    session,
    cut,
    entities,
    segments: [{ ...ref, keys: '...', rows: ref.rows }],
  }
  parts.set('entry', fence('json', formatJson(shown)))
}

async function tellRestore({
  file,
  point,
  random,
  vault,
}: Walk & { point: Point }): Promise<string> {
  const state = await vault.readTimeline('erp', signal)
  const read = await vault.readDeps('erp', signal)
  const digestKey = await vault.digestKey('erp', signal)
  const deps = { read, digestKey, random, tempDir: tmpdir(), progress: () => {} }
  await using target = await sqliteConnector.openTarget(optionsFor(file))
  await using cut = await target.openCut(signal)
  const scope = {
    kind: 'records',
    records: [{ entity, key: '4711', fields: ['payment_terms'] }],
  } as const
  const request = { state, point, target: 'erp-live', scope, isDeleteAllowed: false }
  const catalogue = await cut.readCatalogue(() => true)
  await using lines = new PlanLines(deps, { source: 'erp', target: 'erp-live', isKept: false })
  await using prepared = await planRestore(deps, request, { catalogue, cut, lines, signal })
  // A page has to be the same wherever it is made.
  const identity = { system: 'example', database: 'main' }
  const [plan] = hashPlans([{ identity, prepared }], { vault: vault.id, request: {} })
  await using write = await openRestore({ prepared, since: cut, target }, signal)
  await runRestore(deps, { prepared, write }, signal)
  await using after = await target.openCut(signal)
  const there = { catalogue: await after.readCatalogue(() => true), cut: after }
  const found = await readBack(deps, { ...there, entities: prepared.entities }, signal)
  return fence('json', formatJson({ plan: plan?.plan, steps: plan?.steps, readBack: found }))
}

function schemaOf(point: Point): SchemaVersion {
  const [schema] = point.body.schemas
  if (schema === undefined) throw new Error('The first point brings the schema')
  return schema
}

function segmentOf(point: Point): SegmentRef {
  const [ref] = point.body.segments
  if (ref === undefined) throw new Error('The first point brings a segment')
  return ref
}

function change(file: string, sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

function optionsFor(file: string) {
  const address = new Secret(file)
  return { address, connectionsMax: 2, bytesPerSecondMax: 0, clock: fixedClock, signal }
}

/** The same cut, taken at a fixed time in a fixed place. */
function withFixedCut(cut: SourceCut): SourceCut {
  const identity = { system: 'erp.db', database: 'main' }
  return {
    cut: { position: '1', time: '2026-06-30T12:00:00.000Z', identity },
    readCatalogue: (mayRead) => cut.readCatalogue(mayRead),
    scan: (described, fields, during) => cut.scan(described, fields, during),
    [Symbol.asyncDispose]: () => cut[Symbol.asyncDispose](),
  }
}

const fixedClock: Clock = {
  nowMs: () => Date.UTC(2026, 5, 30, 12),
  passedMs: () => 0,
  sleep: async () => {},
}

/** SHA-256 of a counter: unpredictable to no one. */
function fixedRandom(): Random {
  let counter = 0
  return {
    bytes(n) {
      const bytes = new Uint8Array(n)
      for (let at = 0; at < n; at += 32) {
        const block = createHash('sha256').update(`walk ${counter++}`).digest()
        bytes.set(block.subarray(0, Math.min(32, n - at)), at)
      }
      return bytes
    },
  }
}

function formatHexLines(bytes: Uint8Array): string {
  const lines = toHex(bytes).match(/.{1,64}/g) ?? []
  return lines.join('\n')
}

/** One line where it fits, else a line for each part. */
function formatJson(value: unknown, indent = ''): string {
  const line = JSON.stringify(value)
  if (line.length + indent.length <= LINE_MAX || typeof value !== 'object' || value === null)
    return line
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((one) => `${inner}${formatJson(one, inner)}`)
    : Object.entries(value).map(([name, one]) => `${inner}"${name}": ${formatJson(one, inner)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${indent}${close}`
}

const LINE_MAX = 180

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``
}
