import type { EntityName } from '#record/entity-name'
import { LARGE_ROW_BYTES, type RowBatch } from '#record/row-batch'
import type { Field, Key, SchemaVersion } from '#record/schema'
import type { VaultId } from '#seal/keys'
import { publicKeyOf } from '#seal/sealing-pair'
import { systemRandom } from '#stdx/random'
import { createMemoryStore } from '#store/testing/memory-store'
import { entryOf } from '../columns.ts'
import { createSegmentWriter } from '../create-segment-writer.ts'
import { openRowScanner } from '../scan-rows.ts'
import type { SegmentReadDeps, SegmentRef, SegmentWriteDeps } from '../segment.ts'
import { OP_DELETE, type VersionBatch } from '../version-batch.ts'

/** An empty vault in memory and all that writing and reading segments in it needs. */
export function aVault() {
  const store = createMemoryStore()
  const keyring = createMemoryStore('keyring')
  const read = systemRandom.bytes(32)
  const capture = systemRandom.bytes(32)
  const vaultId = '00112233445566778899aabbccddeeff' as VaultId
  const writeDeps: SegmentWriteDeps = {
    vaultId,
    store,
    keyring,
    random: systemRandom,
    recipients: { read: [publicKeyOf(read)], capture: [publicKeyOf(capture)] },
  }
  const readDeps: SegmentReadDeps = { vaultId, store, keyring, openers: { read } }
  const captureDeps: SegmentReadDeps = { vaultId, store, keyring, openers: { capture } }
  return { store, keyring, writeDeps, readDeps, captureDeps, signal: new AbortController().signal }
}

export type Vault = ReturnType<typeof aVault>

export const digestKey = new Uint8Array(32).fill(7)

export type SchemaOptions = {
  readonly fields?: readonly string[]
  /** Missing values by field name. */
  readonly missing?: Readonly<Record<string, string>>
  readonly key?: Key
  readonly version?: number
  readonly generation?: number
  readonly layout?: number
}

/** Fields `id`, `name`, `note`; the key is the integer `id`. */
export function aSchema(options: SchemaOptions = {}): SchemaVersion {
  const { fields = ['id', 'name', 'note'], missing = {}, version = 1 } = options
  const { generation = 1, layout = 1 } = options
  return {
    entity: 'public.customer' as EntityName,
    version,
    generation,
    layout,
    sourceId: null,
    fieldIdMax: fields.length,
    fields: fields.map(
      (name, i): Field => ({
        id: i + 1,
        name,
        type: 'text',
        isNullable: true,
        sourceId: null,
        missing: missing[name] ?? null,
      }),
    ),
    sourceOrder: fields.map((_, i) => i + 1),
    key: options.key ?? { kind: 'fields', fieldIds: [1], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
  }
}

export function aRowBatch(text: string): RowBatch {
  const bytes = new TextEncoder().encode(text)
  return bytes.length <= LARGE_ROW_BYTES
    ? { kind: 'rows', bytes }
    : { kind: 'large', parts: [bytes.slice(0, 70_001), bytes.slice(70_001)] }
}

/** The versions that a scan of these rows gives; each row with its newline. */
export function scanText(schema: SchemaVersion, text: string): VersionBatch {
  return openRowScanner(schema, digestKey).scan(aRowBatch(text))
}

export type AVersion = {
  readonly key: Uint8Array
  /** With its newline; `null`: a delete. */
  readonly row: string | null
  readonly ordinal?: number
  readonly seq?: number
  readonly digest?: bigint
}

/** Versions as they are given, in that order. */
export function aBatch(versions: readonly AVersion[]): VersionBatch {
  const texts = versions.map(({ row }) => new TextEncoder().encode(row ?? ''))
  const ends = (parts: readonly Uint8Array[]) => {
    let at = 0
    return Uint32Array.from(parts, (part) => (at += part.length))
  }
  const keys = versions.map(({ key }) => key)
  return {
    count: versions.length,
    keys: { bytes: new Uint8Array(Buffer.concat(keys)), ends: ends(keys) },
    seqs: Uint32Array.from(versions, ({ seq = 0 }) => seq),
    ordinals: Uint32Array.from(versions, ({ ordinal = 1 }) => ordinal),
    ops: Uint8Array.from(versions, ({ row }) => (row === null ? OP_DELETE : 0)),
    digests: BigUint64Array.from(versions, ({ row, digest = 0n }) => (row === null ? 0n : digest)),
    rows: { bytes: new Uint8Array(Buffer.concat(texts)), ends: ends(texts) },
    large: new Map(),
  }
}

let sessions = 0

/** Writes batches, in order, as one session's segments. */
export async function writeBatches(
  vault: Vault,
  schema: SchemaVersion,
  batches: readonly VersionBatch[],
): Promise<SegmentRef[]> {
  let number = 0
  sessions += 1
  await using writer = createSegmentWriter(vault.writeDeps, {
    source: 'erp',
    session: `session${sessions}`,
    schema,
    allocateNumber: () => ++number,
    digestKey,
    signal: vault.signal,
  })
  for (const batch of batches) await writer.append(batch)
  return await writer.finish()
}

/** What a batch says, version by version, in plain values. */
export function listVersions(batch: VersionBatch) {
  return Array.from({ length: batch.count }, (_, i) => ({
    key: Buffer.from(entryOf(batch.keys, i)).toString('hex'),
    seq: batch.seqs[i] ?? 0,
    ordinal: batch.ordinals[i] ?? 0,
    op: batch.ops[i] ?? 0,
    digest: batch.digests[i] ?? 0n,
    row: batch.rows === null ? null : Buffer.from(entryOf(batch.rows, i)).toString(),
  }))
}
