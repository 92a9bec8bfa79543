/**
 * The question: how fast does compaction merge a base with the runs of some days, and in how much
 * memory?
 *
 * The baseline: writing the same rows once, as a first backup does, in the same process.
 *
 * Worse would be: less than 60 MB/s of row text a core, more than 300 MB of memory, or a smaller
 * share of the speed of writing.
 *
 *     node bench/compaction.bench.ts [--rows 300000] [--days 8]
 */

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { EntityName } from '#record/entity-name'
import type { SchemaVersion } from '#record/schema'
import type { VaultId } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { createSegmentWriter } from '#segment/create-segment-writer'
import { mergeSegments } from '#segment/merge-segments'
import { openRowScanner } from '#segment/scan-rows'
import type { PlacedSegment, SegmentReadDeps, SegmentWriteDeps } from '#segment/segment'
import { systemRandom } from '#stdx/random'
import { openLocalStore } from '#store/local/local-store'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '300000' }, days: { type: 'string', default: '8' } },
})
const rows = Number(values.rows)
const days = Number(values.days)
const FIELDS = 24
const digestKey = new Uint8Array(32).fill(7)
const { signal } = new AbortController()
let sessions = 0

const schema: SchemaVersion = {
  entity: 'public.customer' as EntityName,
  version: 1,
  generation: 1,
  layout: 1,
  sourceId: null,
  fieldIdMax: FIELDS,
  fields: Array.from({ length: FIELDS }, (_, i) => {
    return {
      id: i + 1,
      name: `f${i}`,
      type: 'text',
      isNullable: true,
      sourceId: null,
      missing: null,
    }
  }),
  sourceOrder: Array.from({ length: FIELDS }, (_, i) => i + 1),
  key: { kind: 'fields', fieldIds: [1], encodings: ['integer'] },
  foreignKeys: [],
  definition: null,
}

/** A customer of some 330 bytes, with hashes where people have names and addresses. */
function rowOf(n: number, day: number): string {
  const hash = createHash('md5').update(`${n}`).digest('hex')
  const pick = (list: readonly string[]) => list[n % list.length]
  return [
    n,
    `C${String(n).padStart(10, '0')}`,
    `${hash} GmbH`,
    pick(['Anna', 'Ben', 'Chen', 'Dora', 'Emil', 'Fatima', 'Goran', 'Hana']),
    hash.slice(3, 11),
    `${hash.slice(0, 10)}@${pick(['example.com', 'mail.test', 'corp.example'])}`,
    `+49${1_000_000_000 + ((7919 * n) % 8_999_999_999)}`,
    `DE${String((104_729 * n) % 999_999_999).padStart(9, '0')}`,
    pick(['DE', 'FR', 'US', 'JP', 'BR', 'IN']),
    `R${n % 40}`,
    `City${n % 5000}`,
    `${hash.slice(12, 24)} Str. ${n % 200}`,
    String(n % 99_999).padStart(5, '0'),
    pick(['retail', 'wholesale', 'key']),
    1000 + (n % 20),
    `00${140_000 + (n % 10)}`,
    `NT${15 + 15 * (n % 4) + day}`,
    pick(['EUR', 'USD', 'JPY', 'BRL']),
    ((37 * n) % 1_000_000) / 100 + day,
    pick(['verified', 'pending', 'expired']),
    `2025-01-${10 + (n % 19)} 10:${10 + (n % 49)}:00+00`,
    `2020-01-${10 + (n % 19)} 10:${10 + (n % 49)}:00+00`,
    `2026-01-${10 + (n % 19)} 10:${10 + ((n + day) % 49)}:00+00`,
    `{"tags": ["a${n % 7}", "b${n % 11}"], "score": ${n % 100}, "channel": "${pick(['web', 'store', 'edi'])}"}`,
  ].join('\t')
}

await main()

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    for (const name of ['vault', 'keyring']) mkdirSync(join(folder, name))
    const read = systemRandom.bytes(32)
    const store = openLocalStore({ root: join(folder, 'vault'), random: systemRandom })
    const keyring = openLocalStore({ root: join(folder, 'keyring'), random: systemRandom })
    const vaultId = '00112233445566778899aabbccddeeff' as VaultId
    const recipients = { read: [publicKeyOf(read)], capture: [publicKeyOf(systemRandom.bytes(32))] }
    const write: SegmentWriteDeps = { vaultId, store, keyring, random: systemRandom, recipients }
    const readDeps: SegmentReadDeps = { vaultId, store, keyring, openers: { read } }
    await measure(write, readDeps)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(write: SegmentWriteDeps, read: SegmentReadDeps): Promise<void> {
  const runs: PlacedSegment[][] = []
  const base = await writeDay(write, 0, 1)
  console.log(`write: ${perSecond(base)}`)
  runs.push(base.segments)
  for (let day = 1; day <= days; day++) runs.push((await writeDay(write, day, 100)).segments)
  await merge('base and days', { write, read }, runs, days + 1)
  await merge('days', { write, read }, runs.slice(1), days + 1)
  await merge('base and days, newest point only', { write, read }, runs, 1)
  console.log(`peak memory: ${Math.round(process.resourceUsage().maxRSS / 1000)} MB`)
}

type Written = { segments: PlacedSegment[]; textBytes: number; ms: number; cpuMs: number }

async function writeDay(deps: SegmentWriteDeps, day: number, nth: number): Promise<Written> {
  const scanner = openRowScanner(schema, digestKey)
  let number = 0
  const options = { source: 'erp', session: `day${day}`, schema, digestKey, signal }
  await using writer = createSegmentWriter(deps, { ...options, allocateNumber: () => ++number })
  let [ms, cpuMs, textBytes] = [0, 0, 0]
  for (let n = 0; n < rows; ) {
    const lines: string[] = []
    for (; n < rows && lines.length < 3000; n++) {
      if ((n * 2_654_435_761 + day * 97) % nth === 0) lines.push(`${rowOf(n, day)}\n`)
    }
    const bytes = new TextEncoder().encode(lines.join(''))
    textBytes += bytes.length
    const watch = startWatch()
    if (bytes.length > 0) await writer.append(scanner.scan({ kind: 'rows', bytes }))
    ms += watch().ms
    cpuMs += watch().cpuMs
  }
  const refs = await writer.finish()
  return { segments: refs.map((ref) => ({ seq: day + 1, ref })), textBytes, ms, cpuMs }
}

async function merge(
  what: string,
  deps: { readonly read: SegmentReadDeps; readonly write: SegmentWriteDeps },
  runs: readonly PlacedSegment[][],
  pointCount: number,
): Promise<void> {
  const newestSeq = days + 1
  const points = Array.from({ length: pointCount }, (_, i) => newestSeq - pointCount + 1 + i)
  let number = 0
  sessions += 1
  const watch = startWatch()
  const { droppedCount, textBytes, versionCount } = await mergeSegments(deps, {
    runs,
    schemas: new Map([[1, schema]]),
    kept: { points, newestSeq, outsideSeqMin: Number.POSITIVE_INFINITY },
    digestKey,
    source: 'erp',
    session: `merge${sessions}`,
    allocateNumber: () => ++number,
    signal,
  })
  console.log(
    `${what}: ${perSecond({ textBytes, ...watch() })}, ${versionCount} versions, ${droppedCount} dropped`,
  )
}

function startWatch() {
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { system, user } = process.cpuUsage(cpu)
    return { ms: performance.now() - startedAt, cpuMs: (system + user) / 1000 }
  }
}

function perSecond({ cpuMs, ms, textBytes }: { textBytes: number; ms: number; cpuMs: number }) {
  const rate = (time: number) => (textBytes / 1000 / time).toFixed(1)
  return `${(textBytes / 1e6).toFixed(1)} MB, ${rate(ms)} MB/s, ${rate(cpuMs)} MB/s of processor time`
}
