import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CaptureWatch, EntityJob } from '#capture/capture-entity'
import type { RowBatch } from '#record/row-batch'
import { atEntry } from '#record/stamp'
import { createBlobIndex, openBlobIndex } from '#segment/blob-index'
import { aRowBatch, aSchema } from '#segment/testing/segment-fixture'
import { AppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { createVault } from '#vault/create-vault'
import { openVault } from '#vault/open-vault'
import { toThreadKeys } from '#vault/thread-keys'
import { CapturePool } from './capture-pool.ts'
import type { CaptureThreadData } from './capture-thread.ts'
import { createStore, openStore } from './open-store.ts'

const { signal } = new AbortController()
const THREAD = new URL('./capture-thread.ts', import.meta.url)
const blobs = createBlobIndex()
const watch: CaptureWatch = { progress: () => {}, blobs, signal }

let folder: string
let data: CaptureThreadData

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-pool-'))
  const at = { vault: join(folder, 'vault'), keyring: join(folder, 'keyring') }
  const store = await createStore(at.vault)
  const keyring = await createStore(at.keyring)
  const passphrase = new Secret('a passphrase for tests only')
  const cost = { memoryKib: 64, passes: 1, lanes: 1 }
  const deps = { store, keyring, random: systemRandom, clock: systemClock, passphrase, signal }
  await createVault({ ...deps, cost })
  const vault = await openVault({ ...deps, stateDir: undefined })
  await vault.addSource('erp', signal)
  const keys = await toThreadKeys(vault, 'erp', signal)
  data = { ...at, keys, tempDir: join(folder, 'temp') }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

let sessions = 0

function aJob(change: Partial<EntityJob> = {}): EntityJob {
  const schema = aSchema()
  sessions += 1
  return {
    source: 'erp',
    session: `session${sessions}`,
    schema,
    schemas: [schema],
    segments: [],
    asOf: atEntry(0),
    isOrdered: true,
    firstNumber: 0,
    numberStep: 1,
    sortBytesMax: 1_048_576,
    ...change,
  }
}

async function* batchesOf(...texts: string[]): AsyncGenerator<RowBatch> {
  for (const text of texts) yield aRowBatch(text)
}

test('captureEntity() of a pool writes segments in another thread, one entity after the other', async () => {
  await using pool = new CapturePool(THREAD, data)
  const read = { rows: 0, bytes: 0 }
  const progress = (more: { rows: number; bytes: number }) => {
    read.rows += more.rows
    read.bytes += more.bytes
  }
  for (const count of [1, 20, 0, 7]) {
    const texts = Array.from(
      { length: count },
      (_, i) => `${2 * i}\ta\t\\N\n${2 * i + 1}\tb\t\\N\n`,
    )
    const result = await pool.captureEntity(aJob(), batchesOf(...texts), {
      progress,
      blobs,
      signal,
    })
    expect(result).toMatchObject({ rowCount: 2 * count, inserted: 2 * count, deleted: 0 })
    expect(result.segments).toHaveLength(count === 0 ? 0 : 1)
    const { keys } = result.segments[0] ?? {}
    if (keys) expect(await openStore(data.vault).stat(keys.name, signal)).toBeTruthy()
  }
  expect(read.rows).toBe(56)
  expect(read.bytes).toBeGreaterThan(56 * 7)
})

test('captureEntity() of a pool captures several entities at a time', async () => {
  await using pool = new CapturePool(THREAD, data)
  const results = await Promise.all(
    [1, 2, 3].map((n) => pool.captureEntity(aJob(), batchesOf(`${n}\tx\t\\N\n`), watch)),
  )
  expect(results.map(({ rowCount }) => rowCount)).toEqual([1, 1, 1])
})

test('captureEntity() of a pool gives batches away, without copying them', async () => {
  await using pool = new CapturePool(THREAD, data)
  const batch = aRowBatch('1\ta\tb\n')
  const large = aRowBatch(`2\t${'x'.repeat(1_200_000)}\tb\n`)
  async function* rows() {
    yield batch
    yield large
  }
  await pool.captureEntity(aJob(), rows(), watch)
  const parts = [batch, large].flatMap((one) => (one.kind === 'rows' ? [one.bytes] : one.parts))
  expect(parts.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0])
})

test('captureEntity() of a pool holds few batches, however slow the thread is', async () => {
  await using pool = new CapturePool(THREAD, data)
  let given = 0
  let taken = 0
  let ahead = 0
  async function* rows(): AsyncGenerator<RowBatch> {
    for (let i = 0; i < 40; i++) {
      given += 1
      ahead = Math.max(ahead, given - taken)
      yield aRowBatch(`${i}\ta\tb\n`)
    }
  }
  const progress = ({ rows: count }: { rows: number }) => {
    taken += count
  }
  await pool.captureEntity(aJob(), rows(), { progress, blobs, signal })
  expect(taken).toBe(40)
  expect(ahead).toBeLessThanOrEqual(6)
})

test('captureEntity() of a pool stores a large value once, in whatever thread it is met', async () => {
  await using pool = new CapturePool(THREAD, data)
  const { openers, vaultId } = data.keys
  const stores = { store: openStore(data.vault), keyring: openStore(data.keyring) }
  const shared = { ...watch, blobs: openBlobIndex({ vaultId, openers, ...stores }, []) }
  const document = 'x'.repeat(300_000)
  const rows = (id: number) => batchesOf(`${id}\t${document}\t\\N\n`)
  const results = await Promise.all([
    pool.captureEntity(aJob(), rows(1), shared),
    pool.captureEntity(aJob(), rows(2), shared),
    pool.captureEntity(aJob(), rows(3), shared),
  ])
  const refs = results.flatMap(({ segments }) => segments)
  expect(refs.filter((ref) => ref.blobs !== null)).toHaveLength(1)
  expect(refs.filter((ref) => ref.borrowed.length === 1)).toHaveLength(2)
})

test('captureEntity() of a pool throws what failed in the thread, with its code, and works on', async () => {
  await using pool = new CapturePool(THREAD, data)
  let isClosed = false
  async function* endless(): AsyncGenerator<RowBatch> {
    try {
      for (let i = 0; ; i++) yield aRowBatch(i === 9 ? 'too\tfew\n' : `${i}\ta\tb\n`)
    } finally {
      isClosed = true
    }
  }
  await expect(pool.captureEntity(aJob(), endless(), watch)).rejects.toMatchObject({
    name: 'AppError',
    code: 'segment.row-invalid',
  })
  await expect.poll(() => isClosed).toBe(true)
  expect(await pool.captureEntity(aJob(), batchesOf('1\ta\tb\n'), watch)).toMatchObject({
    rowCount: 1,
  })
})

test('captureEntity() of a pool throws what failed in the source, not what the thread says of it', async () => {
  await using pool = new CapturePool(THREAD, data)
  const lost = new AppError('connector.scan-failed', 'Cannot read: the connection was lost')
  async function* failing(): AsyncGenerator<RowBatch> {
    yield* batchesOf('1\ta\tb\n')
    throw lost
  }
  await expect(pool.captureEntity(aJob(), failing(), watch)).rejects.toBe(lost)
  async function* failingAtOnce(): AsyncGenerator<RowBatch> {
    yield* batchesOf()
    throw lost
  }
  await expect(pool.captureEntity(aJob(), failingAtOnce(), watch)).rejects.toBe(lost)
  expect(await pool.captureEntity(aJob(), batchesOf('1\ta\tb\n'), watch)).toMatchObject({
    rowCount: 1,
  })
})

test('captureEntity() of a pool stops when it is told to', async () => {
  await using pool = new CapturePool(THREAD, data)
  const stopping = new AbortController()
  const reason = new Error('enough')
  async function* endless(): AsyncGenerator<RowBatch> {
    for (let i = 0; ; i++) {
      if (i === 20) stopping.abort(reason)
      yield aRowBatch(`${i}\ta\tb\n`)
    }
  }
  const attempt = pool.captureEntity(aJob(), endless(), { ...watch, signal: stopping.signal })
  await expect(attempt).rejects.toBe(reason)
})

test.each([
  ['ends', `process.exit(7)`, /ended with status 7/],
  ['throws', `throw new Error('bug')`, /it threw/],
  [
    'ends at work',
    `const { parentPort } = await import('node:worker_threads')
     parentPort.on('message', ({ kind }) => kind === 'job'
       ? parentPort.postMessage({ kind: 'want' }) : process.exit(8))`,
    /ended with status 8/,
  ],
])(
  'captureEntity() of a pool fails, and does not wait, when its thread %s',
  async (_, code, found) => {
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
    await using pool = new CapturePool(url, data)
    let given = 0
    async function* rows(): AsyncGenerator<RowBatch> {
      for (; given < 1000; given++) yield aRowBatch(`${given}\ta\tb\n`)
    }
    const failure = await pool.captureEntity(aJob(), rows(), watch).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'capture.thread-failed' })
    expect(String(failure)).toMatch(found)
    expect(given).toBeLessThan(10)
  },
)

test('captureEntity() of a pool takes a new thread when an idle one has died', async () => {
  // Answers one job, then dies while nobody looks.
  const code = `const { parentPort } = await import('node:worker_threads')
    parentPort.on('message', ({ kind }) => {
      if (kind === 'job') parentPort.postMessage({ kind: 'want' })
      if (kind !== 'end') return
      parentPort.postMessage({ kind: 'done', result: { rowCount: 5 } })
      setTimeout(() => process.exit(0), 20)
    })`
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
  const started = once(process, 'worker')
  await using pool = new CapturePool(url, data)
  expect(await pool.captureEntity(aJob(), batchesOf(), watch)).toMatchObject({ rowCount: 5 })
  const [worker] = await started
  await once(worker, 'exit')
  expect(await pool.captureEntity(aJob(), batchesOf(), watch)).toMatchObject({ rowCount: 5 })
})
