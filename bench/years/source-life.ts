import { constants, zstdCompressSync } from 'node:zlib'
import { deriveDigestKeys, formatFingerprint } from '#seal/digest-keys'
import { createSegmentWriter } from '#segment/create-segment-writer'
import { openRowScanner } from '#segment/scan-rows'
import type { VersionBatch } from '#segment/version-batch'
import { systemRandom } from '#stdx/random'
import type { CaptureBody } from '#timeline/entry'
import type { Vault } from '#vault/vault'
import { CUSTOMER, formatCustomer } from './customer-rows.ts'

const BATCH_BYTES = 1_048_576
const DAY_MS = 86_400_000

/** A source that lives in formulas: what changes on a day goes to the writer as it would from a scan. */
export class SourceLife {
  readonly rows: number
  /** Bytes of every row's text, and of the changed rows of all days, each day compressed (zstd -3). */
  textBytes = 0
  changedZstdBytes = 0
  readonly #vault: Vault
  readonly #source: string
  readonly #signal: AbortSignal
  /** The day of a row's newest version. */
  readonly #days: Uint16Array
  #digestSum = 0n

  constructor(vault: Vault, options: { source: string; rows: number; signal: AbortSignal }) {
    this.#vault = vault
    this.#source = options.source
    this.#signal = options.signal
    this.rows = options.rows
    this.#days = new Uint16Array(options.rows + 1)
  }

  /** The first point: every row. */
  async begin(): Promise<number> {
    const ids = Array.from({ length: this.rows }, (_, i) => i + 1)
    return await this.#commit(0, ids, null)
  }

  /** One more day: these rows have changed. */
  async liveDay(day: number, ids: readonly number[], base: number): Promise<number> {
    const text = ids.map((n) => formatCustomer(n, day)).join('')
    const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
    this.changedZstdBytes += zstdCompressSync(text, level).byteLength
    return await this.#commit(day, ids, base)
  }

  /** Rows that changed on this day, spread over the table; the same in every run. */
  pick(day: number, count: number): number[] {
    const picked = new Set<number>()
    let state = (day * 2_654_435_761) >>> 0
    while (picked.size < count) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      picked.add(1 + (state % this.rows))
    }
    return [...picked].sort((a, b) => a - b)
  }

  /** What the newest point must add up to. */
  get digestSum(): bigint {
    return this.#digestSum
  }

  async #commit(day: number, ids: readonly number[], base: number | null): Promise<number> {
    const session = Buffer.from(systemRandom.bytes(16)).toString('hex')
    const digestKey = await this.#vault.digestKey(this.#source, this.#signal)
    const scanner = openRowScanner(CUSTOMER, digestKey)
    let number = 0
    await using writer = createSegmentWriter(
      await this.#vault.writeDeps(this.#source, this.#signal),
      {
        source: this.#source,
        session,
        schema: CUSTOMER,
        digestKey,
        allocateNumber: () => ++number,
        signal: this.#signal,
      },
    )
    for (const batch of this.#scan(scanner.scan, ids, day)) await writer.append(batch)
    const segments = await writer.finish()
    const fingerprint = formatFingerprint(deriveDigestKeys(digestKey), this.rows, this.#digestSum)
    const objects = segments.flatMap(({ keys, rows }) => [keys, rows])
    const time = new Date(Date.UTC(2026, 0, 1) + day * DAY_MS).toISOString()
    const body: CaptureBody = {
      kind: 'capture',
      session,
      base,
      connector: 'postgres',
      cut: { position: String(day), time, identity: { system: 'bench', database: 'years' } },
      catalogue: base === null ? { definition: null, notRestored: [] } : null,
      sequences: {},
      entities: [
        {
          entity: CUSTOMER.entity,
          schema: 1,
          generation: 1,
          rows: this.rows,
          inserted: base === null ? this.rows : 0,
          updated: base === null ? 0 : ids.length,
          deleted: 0,
          fingerprint,
        },
      ],
      leftOut: [],
      schemas: base === null ? [CUSTOMER] : [],
      segments,
      bytesStored: objects.reduce((sum, object) => sum + (object?.sizeBytes ?? 0), 0),
      durationMs: 0,
    }
    const state = await this.#vault.readTimeline(this.#source, this.#signal)
    return (await this.#vault.append(state, body, this.#signal)).seq
  }

  *#scan(
    scan: ReturnType<typeof openRowScanner>['scan'],
    ids: readonly number[],
    day: number,
  ): Generator<VersionBatch> {
    for (const rows of cut(ids, (n) => formatCustomer(n, day))) {
      if (day > 0) {
        const before = rows.ids.map((n) => formatCustomer(n, this.#days[n] ?? 0)).join('')
        this.#digestSum -= sumOf(scan({ kind: 'rows', bytes: new Uint8Array(Buffer.from(before)) }))
        for (const n of rows.ids) this.#days[n] = day
      } else {
        this.textBytes += rows.bytes.byteLength
      }
      const batch = scan({ kind: 'rows', bytes: rows.bytes })
      this.#digestSum = BigInt.asUintN(128, this.#digestSum + sumOf(batch))
      yield batch
    }
  }
}

function* cut(ids: readonly number[], format: (n: number) => string) {
  let texts: string[] = []
  let from = 0
  let size = 0
  for (const [i, n] of ids.entries()) {
    const text = format(n)
    texts.push(text)
    size += text.length
    if (size < BATCH_BYTES && i < ids.length - 1) continue
    yield { ids: ids.slice(from, i + 1), bytes: new Uint8Array(Buffer.from(texts.join(''))) }
    texts = []
    size = 0
    from = i + 1
  }
}

export function sumOf({ count, digests }: VersionBatch): bigint {
  let sum = 0n
  for (let i = 0; i < count; i++) sum += digests[i] ?? 0n
  return sum
}
