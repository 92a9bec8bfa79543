import { entityAt } from '#history/entity-at'
import { readRecordFields } from '#history/record-fields'
import { parseEntityName } from '#record/entity-name'
import { sourceFields } from '#record/project'
import { entryOf } from '#segment/columns'
import { readState } from '#segment/read-state'
import type { VersionBatch } from '#segment/version-batch'
import { assert } from '#stdx/assert'
import { csvLine, csvText } from '#stdx/csv'
import type { Vault } from '#vault/vault'
import { findPoint } from './points/find-point.ts'
import { type Provenness, provennessOf } from './unproven.ts'

export type ExportFormat = 'csv' | 'jsonl'

export type ExportRequest = {
  readonly point: string
  readonly entity: string
  readonly format: ExportFormat
  /** Told before the first text whether what comes is known to be so. */
  readonly onProvenness?: (found: Provenness) => void
}

/**
 * Yields an entity as a point holds it, as text in pieces of whole records: RFC 4180 CSV with a
 * header, or JSON Lines. In CSV a null is an empty field and an empty text is `""`; in JSON values
 * are strings exactly as the source prints them.
 */
export async function* exportEntity(
  vault: Vault,
  request: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { point, source, state } = await findPoint(vault, request.point, signal)
  const entity = parseEntityName(request.entity)
  const at = entityAt(state, point, entity)
  request.onProvenness?.(provennessOf({ point, source }, [entity]))
  const deps = await vault.rowDeps(source, signal)
  const names = sourceFields(at.schema).map(({ name }) => name)
  const formatLine = request.format === 'csv' ? csvOf : jsonOf
  if (request.format === 'csv') yield `${names.map(csvText).join(',')}\r\n`
  const { asOf, schema, schemas, segments } = at
  const batches = readState(deps, { segments, schemas, schema, asOf, rows: true, signal })
  for await (const batch of batches) {
    const lines: string[] = []
    for (let index = 0; index < batch.count; index++) {
      const fields = await readRecordFields(deps, schema, rowOf(batch, index), signal)
      lines.push(formatLine(names, fields))
    }
    yield lines.join('')
  }
}

function rowOf(batch: VersionBatch, index: number) {
  const { large, rows } = batch
  assert(rows !== null, 'Rows were asked for.')
  return { row: entryOf(rows, index), large: large.get(index) ?? [] }
}

type Fields = Readonly<Record<string, string | null>>

function csvOf(names: readonly string[], fields: Fields): string {
  return csvLine(names.map((name) => fields[name] ?? null))
}

function jsonOf(_names: readonly string[], fields: Fields): string {
  return `${JSON.stringify(fields)}\n`
}
