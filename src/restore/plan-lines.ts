import { createHash, createHmac, type Hash } from 'node:crypto'
import type { EntityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { formatKeyAddress } from '#record/address'
import { scanFields } from '#record/project'
import { LARGE_ROW_BYTES } from '#record/row-batch'
import { parseField, parseLargeMarker, splitRowBytes } from '#record/row-text'
import { deriveDigestKeys } from '#seal/digest-keys'
import type { DigestKey } from '#seal/keys'
import { formatCanonicalJson } from '#stdx/canonical-json'
import type { Random } from '#stdx/random'
import { RowSpool } from './row-spool.ts'

export type WriteOp = 'insert' | 'update' | 'delete'

export type PlanLinesDeps = {
  readonly random: Random
  readonly tempDir: string
  readonly digestKey: DigestKey
}

export type PlanPlace = {
  readonly source: string
  readonly target: string
  /** Whether the lines can be read again; else they are only hashed. */
  readonly isKept: boolean
}

/**
 * Every single step of a plan for one target as a line of its file, in the order of planning, and the
 * hash over those that write. What is told beside them, records that are left alone, has no part in it.
 *
 * A line holds the values before and after, and a keyed digest of the record as it is live, with the
 * fields that are not written: so whoever touches the record voids the plan. Sealed on disk beyond a
 * few megabytes.
 */
export class PlanLines implements AsyncDisposable {
  readonly #deps: PlanLinesDeps
  readonly #place: PlanPlace
  readonly #spool: RowSpool | null
  readonly #hash: Hash = createHash('sha256')

  constructor(deps: PlanLinesDeps, place: PlanPlace) {
    this.#deps = deps
    this.#place = place
    this.#spool = place.isKept ? new RowSpool(deps) : null
  }

  /** The lines of one entity; those of the one before end here. */
  entity(at: Pick<EntityAt, 'schema'>): EntityLines {
    return new EntityLines(this.#deps.digestKey, at, {
      start: this.#startOf(at.schema.entity),
      write: async (line, isWrite) => {
        if (isWrite) this.#hash.update(withoutNotes(line))
        await this.#keep(line)
      },
    })
  }

  /** A table that is made and takes all rows of the point. */
  async addWhole({ facts, schema }: EntityAt): Promise<void> {
    const { fingerprint = null, rows } = facts
    const rest = `"key":null,"op":"insert","rows":${rows},"fingerprint":${JSON.stringify(fingerprint)}}\n`
    const line = this.#startOf(schema.entity) + rest
    this.#hash.update(line)
    await this.#keep(line)
  }

  /** Over all lines that write, SHA-256, hex. Add none after it. */
  hash(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Whole lines, many at a time. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const batch of this.#spool?.read() ?? []) {
      yield batch.kind === 'rows' ? batch.bytes : Buffer.concat(batch.parts)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool?.[Symbol.asyncDispose]()
  }

  async #keep(line: string): Promise<void> {
    const bytes = Buffer.from(line)
    if (bytes.byteLength > LARGE_ROW_BYTES) await this.#spool?.appendLarge([bytes])
    else await this.#spool?.append(bytes)
  }

  #startOf(entity: string): string {
    const { source, target } = this.#place
    const fields = Object.entries({ type: 'step', source, target, entity })
    return `{${fields.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',')},`
  }
}

const NOTES = /("live":(?:null|"[0-9a-f]+")),"notes":\{.*\}\}(\n?)$/

/** What of a line has a part in the hash: another capture in between may know more and changes no write. */
export function withoutNotes(line: string): string {
  return line.replace(NOTES, '$1}$2')
}

type LineOut = {
  readonly start: string
  readonly write: (line: string, isWrite: boolean) => Promise<void>
}

/** Lines of records of one entity. */
export class EntityLines {
  readonly #at: Pick<EntityAt, 'schema'>
  readonly #out: LineOut
  readonly #names: readonly string[]
  /** With the colon after them. */
  readonly #labels: readonly string[]
  readonly #blobKey: Uint8Array

  constructor(digestKey: DigestKey, at: Pick<EntityAt, 'schema'>, out: LineOut) {
    this.#at = at
    this.#out = out
    this.#names = scanFields(at.schema)
    this.#labels = this.#names.map((name) => `${JSON.stringify(name)}:`)
    this.#blobKey = deriveDigestKeys(digestKey).blob
  }

  /**
   * @param pair what the record becomes (left) and what it is live (right)
   * @param picked what an update may set; `null`: all fields
   * @param notes besides, in the line and not in the hash: what is known of the record
   */
  async add(
    op: WriteOp | 'skip' | 'conflict',
    pair: RecordPair,
    picked: readonly string[] | null,
    notes: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const key = JSON.stringify(formatKeyAddress(pair.key, this.#at.schema.key))
    const fields = this.#formatFields(pair, picked && new Set(picked)).join(',')
    const live = pair.right === null ? 'null' : `"${pair.right.digest.toString(16)}"`
    const more = Object.keys(notes).length === 0 ? '' : `,"notes":${formatCanonicalJson(notes)}`
    const rest = `"key":${key},"op":"${op}","fields":{${fields}},"live":${live}${more}}\n`
    await this.#out.write(this.#out.start + rest, op !== 'skip' && op !== 'conflict')
  }

  #formatFields({ left, right }: RecordPair, picked: ReadonlySet<string> | null): string[] {
    const [after, before] = [left, right].map((row) => (row === null ? null : this.#valuesOf(row)))
    return this.#labels.flatMap((label, i) => {
      const [was, becomes] = [before?.[i], after?.[i]]
      const isMeant = left === null || right === null || (picked?.has(this.#names[i] ?? '') ?? true)
      if (!isMeant || was === becomes) return []
      const sides = [
        ...(was === undefined ? [] : [`"before":${was}`]),
        ...(becomes === undefined ? [] : [`"after":${becomes}`]),
      ]
      return [`${label}{${sides.join(',')}}`]
    })
  }

  /** As JSON; equal texts are equal values. */
  #valuesOf({ large, row }: PairedRow): string[] {
    return splitRowBytes(row).map((bytes) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
      const number = parseLargeMarker(text)
      const value = number === undefined ? undefined : large[number]
      if (value === undefined) return JSON.stringify(parseField(text))
      if (value.kind === 'stored') return formatLarge(value.ref.textBytes, value.ref.hash)
      const hash = createHmac('sha256', this.#blobKey)
      for (const part of value.parts) hash.update(part)
      const sizeBytes = value.parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
      return formatLarge(sizeBytes, hash.digest())
    })
  }
}

/** A value of many bytes is told by its keyed hash, as the vault knows it. */
function formatLarge(sizeBytes: number, hash: Uint8Array): string {
  return `{"bytes":${sizeBytes},"hash":"${Buffer.from(hash).toString('hex')}"}`
}
