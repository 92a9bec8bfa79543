import { type EntityAt, entityAt } from '#history/entity-at'
import { viewRow } from '#history/pair-versions'
import type { EntityName } from '#record/entity-name'
import { textsOf } from '#restore/needed-records'
import { readState } from '#segment/read-state'
import type { Vault } from '#vault/vault'

/** An entity of another source, as it was captured last. */
export type Elsewhere = { readonly source: string; readonly at: EntityAt }

/** `undefined`: the vault does not hold it. */
export async function findElsewhere(
  vault: Vault,
  { entity, source }: { readonly entity: EntityName; readonly source: string },
  signal: AbortSignal,
): Promise<Elsewhere | undefined> {
  if (!(await vault.listSources(signal)).includes(source)) return undefined
  const state = await vault.readTimeline(source, signal)
  const point = state.points.at(-1)
  if (point?.factsOf(entity) === undefined) return undefined
  return { source, at: entityAt(state, point, entity) }
}

/** Its rows, each as the escaped texts of these fields. */
export async function* readElsewhere(
  vault: Vault,
  { at, source }: Elsewhere,
  fields: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void, undefined> {
  const { asOf, schema, schemas, segments } = at
  const read = await vault.rowDeps(source, signal)
  const options = { segments, schemas, schema, asOf, rows: true, signal }
  for await (const batch of readState(read, options)) {
    for (let i = 0; i < batch.count; i++) {
      const row = viewRow(batch, i)
      const texts = row && textsOf(schema, row)
      if (texts !== null) yield fields.map((field) => texts.get(field) ?? '\\N')
    }
  }
}
