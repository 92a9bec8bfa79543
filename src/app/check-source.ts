import { entityFilter, idleGlobs } from '#config/entity-filter'
import type { SourceIdentity } from '#record/cut'
import type { DescribedEntity } from '#record/schema'
import type { Context } from './context.ts'

/** What a source is and what of it is backed up, as `source check --json` prints it. */
export type SourceAnswer = {
  readonly source: string
  readonly connector: string
  readonly identity: SourceIdentity
  readonly entities: readonly EntityAnswer[]
  /** About how many rows are covered; `null` where the system does not know without reading them. */
  readonly rowsAbout: number | null
  /** Globs of `include` that match no entity: probably misspelt. */
  readonly idle: readonly string[]
  /** Statements that would make every covered entity readable. */
  readonly grants: readonly string[]
  readonly verdict: 'ready' | 'unreadable' | 'empty'
}

export type EntityAnswer = {
  readonly entity: string
  readonly isCovered: boolean
  readonly isReadable: boolean
  /** Field names in key order; empty when nothing identifies a record. */
  readonly key: readonly string[]
  readonly fields: number
  /** How it is read, where that was found out and not told; one sentence each. */
  readonly remarks: readonly string[]
}

/**
 * Connects to a source and says which of its entities are covered and whether all those can be read.
 * Reads the catalogue only, no row.
 *
 * @throws config.name-unknown | config.variable-missing | connector.unreachable | connector.denied
 */
export async function checkSource(
  deps: Pick<Context, 'openSource'>,
  name: string,
  signal: AbortSignal,
): Promise<SourceAnswer> {
  const { source, system } = await deps.openSource(name, signal)
  await using _source = source
  await using cut = await source.openCut(signal)
  const { entities } = await cut.readCatalogue(() => true)
  const isCovered = entityFilter(system)
  const covered = entities.filter(({ entity }) => isCovered(entity))
  const grants = covered.flatMap(({ missingGrant }) => missingGrant ?? [])
  const names = entities.map(({ entity }) => entity)
  return {
    source: name,
    connector: system.connector,
    identity: source.identity,
    entities: entities.map((entity) => describe(entity, isCovered(entity.entity))),
    rowsAbout: (await cut.estimateRows?.(isCovered)) ?? null,
    idle: idleGlobs(system.include, names),
    grants: [...new Set(grants)],
    verdict: grants.length > 0 ? 'unreadable' : covered.length === 0 ? 'empty' : 'ready',
  }
}

function describe(described: DescribedEntity, isCovered: boolean): EntityAnswer {
  const { entity, fields, key, missingGrant, remarks } = described
  return {
    entity,
    isCovered,
    isReadable: missingGrant === null,
    key: key?.fields ?? [],
    fields: fields.length,
    remarks: remarks ?? [],
  }
}
