import { parseKeyAddress } from '#record/address'
import type { EntityName } from '#record/entity-name'
import { formatField, parseField } from '#record/row-text'
import type { SchemaVersion } from '#record/schema'
import { type SortDeps, sortLines } from '#report/sort-lines'
import type { MappedPoint, Origin } from './map-point.ts'

/** A record of the point. */
export type SourceRecord = { readonly entity: EntityName; readonly key: string }

/**
 * Which record of the point became which of the target, in the order of keys there. They are sorted
 * when the first one is asked for; what memory does not hold lies sealed on disk.
 */
export class OriginKeys implements AsyncDisposable {
  readonly #lines: AsyncGenerator<readonly string[], void, undefined>
  #some: readonly string[] = []
  #index = 0

  constructor(
    deps: SortDeps,
    {
      mapped,
      schema,
    }: { readonly mapped: Pick<MappedPoint, 'origins'>; readonly schema: SchemaVersion },
    signal: AbortSignal,
  ) {
    this.#lines = sortLines(deps, listLines(mapped.origins(schema.entity), schema), signal)
  }

  /** Keys have to ascend. `null`: no record of the point has it. */
  async find(key: Uint8Array): Promise<SourceRecord | null> {
    const wanted = Buffer.from(key).toString('hex')
    for (;;) {
      const [hex = '', entity, address] = this.#some[this.#index]?.split('\t') ?? []
      if (hex > wanted) return null
      if (hex === wanted) return { entity: textOf(entity) as EntityName, key: textOf(address) }
      this.#index += 1
      if (this.#index >= this.#some.length && !(await this.#pull())) return null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.return?.()
  }

  async #pull(): Promise<boolean> {
    const next = await this.#lines.next()
    this.#some = next.done === true ? [] : next.value
    this.#index = 0
    return next.done !== true
  }
}

const LINES_MAX = 4096

async function* listLines(
  origins: AsyncIterable<Origin>,
  { key: shape }: SchemaVersion,
): AsyncGenerator<readonly string[], void, undefined> {
  let lines: string[] = []
  for await (const { from, fromKey, key } of origins) {
    const hex = Buffer.from(parseKeyAddress(key, shape)).toString('hex')
    lines.push(`${hex}\t${formatField(from)}\t${formatField(fromKey)}`)
    if (lines.length < LINES_MAX) continue
    yield lines
    lines = []
  }
  yield lines
}

function textOf(field: string | undefined): string {
  return parseField(field ?? '') ?? ''
}
