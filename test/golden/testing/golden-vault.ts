import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { captureEntity } from '#capture/capture-entity'
import { runCapture } from '#capture/run-capture'
import type { SourceCut } from '#connector/connector'
import { scanFields } from '#record/project'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { openLocalStore } from '#store/local/local-store'
import type { Stores, Vault } from '#vault/vault'

export const { signal } = new AbortController()
export const GOLDEN = new URL('../vaults/', import.meta.url).pathname
export const PASSPHRASE = 'golden, and for everybody to read'

/** A vault as `expected.json` says it must read, whatever version reads it. */
export type Expected = {
  readonly vaultId: string
  readonly document: string
  /** By source, the points that are kept, in order. */
  readonly sources: Readonly<Record<string, readonly ExpectedPoint[]>>
}

export type ExpectedPoint = {
  readonly seq: number
  readonly time: string
  readonly labels: readonly string[]
  readonly held: boolean
  /** What a feed has to do with it. */
  readonly part: 'begin' | 'reconcile' | 'transactions' | null
  /** Entities that may have held something else. */
  readonly unproven: readonly string[]
  readonly entities: readonly ExpectedEntity[]
  /** Of a feed, in order. */
  readonly transactions: readonly ExpectedTransaction[]
}

export type ExpectedTransaction = {
  readonly transaction: string
  readonly time: string
  readonly position: string
  readonly labels: readonly string[]
  /** Entity, and rows that were inserted, updated and deleted. */
  readonly changes: readonly (readonly [string, number, number, number])[]
  /** SHA-256 of the JSON of the entities as they were right behind it. */
  readonly state: string
}

export type ExpectedEntity = {
  readonly entity: string
  /** Names in the order of a row. */
  readonly fields: readonly string[]
  readonly count: number
  /** In the order of their texts; one SHA-256 of all lines where they are many. */
  readonly rows: readonly string[] | string
}

const ROWS_MAX = 40
const FIELD_CHARACTERS_MAX = 200

/** A day later whenever it is asked. */
export function aDailyClock(fromMs = Date.UTC(2026, 5, 30, 12)): Clock {
  let nowMs = fromMs
  const later = () => {
    nowMs += 86_400_000
    return nowMs
  }
  return {
    nowMs: later,
    passedMs: later,
    sleep: async (_ms, until) => until.throwIfAborted(),
  }
}

/** The stores of a vault in a folder, whose keyring lies in it. */
export async function openStores(folder: string): Promise<Stores> {
  await mkdir(join(folder, 'keyring'), { recursive: true })
  return {
    store: openLocalStore({ root: folder, random: systemRandom }),
    keyring: openLocalStore({ root: join(folder, 'keyring'), random: systemRandom }),
  }
}

export type CaptureOptions = {
  readonly source: string
  readonly connector: string
  /** Another system may take the place of the recorded one. */
  readonly isNewIdentityAllowed?: boolean
}

export type CapturedPoint = { readonly point: ExpectedPoint; readonly changes: number }

/** Adds a point, and says from the cut itself what it has to hold. */
export async function captureCut(
  vault: Vault,
  clock: Clock,
  cut: SourceCut,
  { connector, isNewIdentityAllowed = false, source }: CaptureOptions,
): Promise<CapturedPoint> {
  const state = await vault.readTimeline(source, signal)
  const read = await vault.readDeps(source, signal)
  const digestKey = await vault.digestKey(source, signal)
  const write = await vault.writeDeps(source, signal)
  const deps = { write, read, digestKey, random: systemRandom, tempDir: tmpdir() }
  const request = {
    source,
    connector,
    isIncluded: () => true,
    isFull: false,
    isNewIdentityAllowed,
    scansMax: 1,
    sortBytesMax: 1 << 24,
  }
  const { entities: counts, seq } = await runCapture(
    {
      vault,
      clock,
      random: systemRandom,
      captureEntity: (job, rows, watch) => captureEntity(deps, job, rows, watch),
      progress: () => {},
    },
    { cut, state, request },
    signal,
  )
  const entities = await readEntities(vault, cut, { seq, source })
  const changes = counts.reduce((sum, one) => sum + one.inserted + one.updated + one.deleted, 0)
  const untold = { labels: [], held: false, part: null, unproven: [], transactions: [] }
  return { point: { seq, time: cut.cut.time, entities, ...untold }, changes }
}

/** What the cut itself holds, fields in the order that the point has them in. */
async function readEntities(
  vault: Vault,
  cut: SourceCut,
  { seq, source }: { readonly source: string; readonly seq: number },
): Promise<ExpectedEntity[]> {
  const { points, schemas } = await vault.readTimeline(source, signal)
  const point = points.find((one) => one.seq === seq)
  const catalogue = await cut.readCatalogue(() => true)
  const entities: ExpectedEntity[] = []
  for (const described of catalogue.entities) {
    const { entity } = described
    const facts = point?.body.entities.find((one) => one.entity === entity)
    const schema = schemas.get(entity)?.find(({ version }) => version === facts?.schema)
    if (schema === undefined) throw new Error(`Point ${seq} does not hold ${entity}.`)
    const batches = await collect(cut.scan(described, scanFields(schema), signal))
    const parts = batches.flatMap((batch) => (batch.kind === 'rows' ? [batch.bytes] : batch.parts))
    const lines = Buffer.concat(parts).toString('utf8').split('\n').slice(0, -1)
    entities.push({ entity, fields: scanFields(schema), ...formatRows(lines) })
  }
  return entities.sort((a, b) => (a.entity < b.entity ? -1 : 1))
}

/** Rows as `expected.json` has them. @param lines without their newlines */
export function formatRows(lines: readonly string[]): Pick<ExpectedEntity, 'count' | 'rows'> {
  const sorted = [...lines].sort()
  const rows = sorted.map((line) => line.split('\t').map(formatField).join('\t'))
  const isShort = rows.length <= ROWS_MAX
  return { count: rows.length, rows: isShort ? rows : sha256(`${rows.join('\n')}\n`) }
}

/** All that entities hold, in few characters. */
export function hashState(entities: readonly ExpectedEntity[]): string {
  return sha256(JSON.stringify(entities))
}

function formatField(field: string): string {
  if (field.length <= FIELD_CHARACTERS_MAX) return field
  return `sha256 ${sha256(field)} of ${Buffer.byteLength(field)} bytes`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
