import type { KeyedRows } from '#connector/connector'
import type { EntityAt } from '#history/entity-at'
import type { PairedRow, RecordPair } from '#history/pair-versions'
import { decodeKey } from '#record/key'
import { keyIndexes, scanFields } from '#record/project'
import type { RowBatch } from '#record/row-batch'
import { formatRow, splitRowBytes } from '#record/row-text'
import { expandRow } from '#segment/large-values'
import { assert } from '#stdx/assert'
import type { CompareDeps } from './compare-target.ts'
import type { PickedRecords } from './plan-restore.ts'
import { RowSpool } from './row-spool.ts'

/** The rows that one entity's part of a plan would write, by what is done with them. */
export class StepSpool {
  readonly #deps: CompareDeps
  readonly #signal: AbortSignal
  readonly #at: EntityAt
  readonly #picked: PickedRecords | null
  readonly #inserts: RowSpool
  readonly #deletes: RowSpool
  /** By the fields they set, joined; most plans have one list. */
  readonly #updates = new Map<
    string,
    { readonly fields: readonly string[]; readonly rows: RowSpool }
  >()
  readonly #fields: readonly string[]
  readonly #key: readonly string[]

  constructor(
    deps: CompareDeps,
    { at, picked }: { at: EntityAt; picked: PickedRecords | null },
    signal: AbortSignal,
  ) {
    this.#deps = deps
    this.#signal = signal
    this.#at = at
    this.#picked = picked
    this.#inserts = new RowSpool(deps)
    this.#deletes = new RowSpool(deps)
    this.#fields = scanFields(at.schema)
    this.#key = keyIndexes(at.schema).map((index) => this.#fields[index] ?? '')
  }

  async append(op: 'insert' | 'update' | 'delete', pair: RecordPair): Promise<void> {
    switch (op) {
      case 'insert':
        return await this.#inserts.append(await this.#expand(pair.left, null))
      case 'update':
        return await this.#appendUpdate(pair)
      case 'delete':
        return await this.#appendDelete(pair)
    }
  }

  inserts(): AsyncIterable<RowBatch> {
    return this.#inserts.read()
  }

  updates(): KeyedRows[] {
    const key = this.#key
    return [...this.#updates.values()].map(({ fields, rows }) => ({
      key,
      fields,
      rows: rows.read(),
    }))
  }

  deletes(): KeyedRows {
    const fields = this.#key.length > 0 ? this.#key : this.#fields
    return { key: this.#key, fields, rows: this.#deletes.read() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const spools = [
      this.#inserts,
      this.#deletes,
      ...[...this.#updates.values()].map(({ rows }) => rows),
    ]
    for (const spool of spools) await spool[Symbol.asyncDispose]()
  }

  async #appendUpdate(pair: RecordPair): Promise<void> {
    const picked = this.#picked?.get(Buffer.from(pair.key).toString('hex')) ?? null
    const fields = picked === null ? this.#fields : [...new Set([...this.#key, ...picked])]
    const name = fields.join('\0')
    const list = this.#updates.get(name) ?? { fields, rows: new RowSpool(this.#deps) }
    this.#updates.set(name, list)
    await list.rows.append(await this.#expand(pair.left, picked === null ? null : fields))
  }

  /** A record without key is recognised by all its fields; any other by its key alone. */
  async #appendDelete(pair: RecordPair): Promise<void> {
    const { key } = this.#at.schema
    if (key.kind === 'digest')
      return await this.#deletes.append(await this.#expand(pair.right, null))
    await this.#deletes.append([Buffer.from(formatRow(decodeKey(pair.key, key.encodings)))])
  }

  /** The row's text with its large values in place; only `fields`, in their order, when they are given. */
  async #expand(row: PairedRow | null, fields: readonly string[] | null): Promise<Uint8Array[]> {
    assert(row !== null, 'A step writes a row that its pair holds.')
    const text = fields === null ? row.row : this.#project(row.row, fields)
    return await expandRow(this.#deps.read, text, row.large, this.#signal)
  }

  #project(row: Uint8Array, fields: readonly string[]): Uint8Array<ArrayBuffer> {
    const parts = splitRowBytes(row)
    const texts = fields.map((name) => {
      const part = parts[this.#fields.indexOf(name)]
      assert(part !== undefined, 'A projected field is one of the row.')
      return Buffer.from(part)
    })
    const tab = Buffer.from('\t')
    const joined = texts.flatMap((text, i) => (i === 0 ? [text] : [tab, text]))
    return new Uint8Array(Buffer.concat([...joined, Buffer.from('\n')]))
  }
}
