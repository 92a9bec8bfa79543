import type { SourceCut } from '#connector/connector'
import type { Mapping } from '#migrate/parse-mapping'
import type { SourceIdentity } from '#record/cut'
import type { Catalogue } from '#record/schema'
import type { CompareDeps } from '#restore/compare-target'
import type { NewCrosswalk } from '#restore/crosswalk'
import { readNextKey } from '#restore/mint-keys'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import { linesGiven, openCrosswalk, readSourceLines } from '../crosswalk/open-crosswalk.ts'
import type { ReadLines } from '../crosswalk/read-crosswalk.ts'
import type { FoundPoint } from '../points/find-point.ts'
import type { MigrationKeys } from './fill-books.ts'

export type OpeningKeys = {
  readonly compare: CompareDeps
  readonly found: FoundPoint
  readonly mapping: Mapping
  readonly target: {
    readonly name: string
    readonly identity: SourceIdentity
    readonly catalogue: Catalogue
    readonly cut: SourceCut
  }
}

export type OpenedKeys = MigrationKeys & {
  /** What interrupted restores came to, to be kept with the next one. */
  readonly settled: Pick<NewCrosswalk, 'gone' | 'written'>
}

/**
 * What records of a source are called in a target, as far as restores gave them numbers there.
 * @throws restore.keys-unsaid where they have numbers there and the mapping keeps other keys, and as
 * `openCrosswalk`
 */
export async function openMigrationKeys(
  vault: Vault,
  { compare, found, mapping, target }: OpeningKeys,
  signal: AbortSignal,
): Promise<OpenedKeys> {
  const { catalogue, cut, identity, name } = target
  const { source } = found
  const lines = await readSourceLines(vault, { identity, source }, signal)
  refuseKept(lines, mapping, name)
  const opening = { catalogue, compare, cut, isMigration: true, target: name, vault }
  const { gone, known, written } = await openCrosswalk(opening, lines, signal)
  return {
    find: ({ entity, from }, key) => known.find({ source, entity: from, key }, entity)?.targetKey,
    readNextKey: (entity) => readNextKey(entity, { catalogue, cut, target: name }),
    settled: { gone, written },
  }
}

/** Under keys of their own the same records would be there twice. */
function refuseKept(lines: readonly ReadLines[], { entities }: Mapping, target: string): void {
  const given = new Set(
    linesGiven(lines).map(({ entity, targetEntity }) => `${entity} in ${targetEntity}`),
  )
  const kept = entities.filter(({ key }) => key === 'keep')
  const unsaid = kept
    .map(({ entity, from }) => `${from} in ${entity}`)
    .filter((one) => given.has(one))
  if (unsaid.length === 0) return
  const found = `records of ${unsaid.join(', ')} have keys of its own there`
  const message = `Cannot migrate into "${target}": ${found}, need \`key: mint\``
  throw new AppError('restore.keys-unsaid', message, { target, entities: unsaid })
}
