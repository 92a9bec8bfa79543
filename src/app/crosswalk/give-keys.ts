import type { SourceCut } from '#connector/connector'
import type { CustomerMap } from '#customer/customer-map'
import type { SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { CompareDeps } from '#restore/compare-target'
import { type KeyPolicies, keyPolicyOf, mayMint, parseKeyPolicies } from '#restore/key-policy'
import type { KeysElsewhere } from '#restore/key-references'
import { mintKeys } from '#restore/mint-keys'
import type { PreparedRestore } from '#restore/prepared-restore'
import type { RestoreScope } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import type { Vault } from '#vault/vault'
import type { FoundPoint } from '../points/find-point.ts'
import type { RestoreRequest } from '../restore-request.ts'
import { linesGiven, openCrosswalk, readSourceLines } from './open-crosswalk.ts'
import type { ReadLines } from './read-crosswalk.ts'
import { readKeyLinks, readLinksElsewhere } from './read-needs.ts'

export type GivingKeys = {
  readonly compare: CompareDeps
  readonly cut: SourceCut
  readonly found: FoundPoint
  readonly identity: SourceIdentity
  readonly map: CustomerMap | undefined
  /** Of other sources of the same restore. */
  readonly minted?: ReadonlyMap<string, GivenKeys>
  /** Of the target. */
  readonly name: string
  readonly request: Pick<RestoreRequest, 'isDrill' | 'keys' | 'missingParents' | 'targets' | 'undo'>
  readonly scope: RestoreScope
  readonly wanted: readonly EntityName[]
}

/** What is planned where the target numbers what it gets. */
export type GivenKeys = {
  readonly compare: CompareDeps
  readonly scope: RestoreScope
  /** Of each entity that gets new records, the highest number. */
  readonly numbers: ReadonlyMap<EntityName, bigint>
  /** What records of other sources may name. */
  readonly keys: KeysElsewhere
  /** The plan with what has to be kept, and taken, before it is written. */
  complete(prepared: PreparedRestore): PreparedRestore
}

/**
 * Gives what is put back the keys that it has, or is to have, in the target; `null` where it keeps those of
 * the point.
 * @throws restore.keys-invalid | restore.keys-unsaid, and as `openCrosswalk` and `mintKeys`
 */
export async function giveKeys(
  vault: Vault,
  { compare, cut, found, identity, map, minted: others, name, request, scope, wanted }: GivingKeys,
  signal: AbortSignal,
): Promise<GivenKeys | null> {
  const policies = parseKeyPolicies(request.keys ?? [])
  if (request.isDrill === true || request.undo !== undefined) return null
  const { point, source, state } = found
  const lines = await readSourceLines(vault, { identity, source }, signal)
  refuseUnsaid(lines, { name, policies, wanted })
  if (!mayMint(policies)) return null
  if (request.targets.length === 1) refuseUnknown(policies, found)
  const isOpen = lines.some((one) => one.state === 'open')
  // What an interrupted restore wrote may be of tables that this one is not about.
  const catalogue = await cut.readCatalogue(
    (entity) => isOpen || point.factsOf(entity) !== undefined,
  )
  const opening = { catalogue, compare, cut, isMigration: false, target: name, vault }
  const { gone, known, written } = await openCrosswalk(opening, lines, signal)
  const links = map === undefined ? [] : readKeyLinks(map, found)
  const named = [...(others?.values() ?? [])].map(({ keys }) => keys)
  const elsewhere = map === undefined ? [] : readLinksElsewhere(map, source, named)
  const rules = { policies, links, elsewhere }
  const { missingParents: missing = 'refuse' } = request
  const asked = { state, point, target: name, scope, wanted, known, missing, ...rules }
  const minted = await mintKeys(compare, asked, { catalogue, cut, signal })
  return {
    compare: { ...compare, otherRows: minted.rows },
    scope: minted.scope,
    numbers: minted.numbers,
    keys: minted.keys,
    complete(prepared) {
      const crosswalk = { lines: minted.lines, written, gone }
      const moved = minted.moved.slice(0, MOVED_MAX)
      const plan = { ...prepared.plan, ...(moved.length > 0 && { moved }) }
      return { ...prepared, plan, crosswalk, numbers: minted.numbers }
    },
  }
}

/** So many are listed in a plan. */
const MOVED_MAX = 1_000

/** A name that is misspelt would mint nothing, or keep nothing. */
function refuseUnknown({ byEntity }: KeyPolicies, { point, source }: FoundPoint): void {
  const known = point.entities.map(({ entity }) => entity)
  const unknown = [...byEntity.keys()].find((entity) => !known.includes(entity))
  if (unknown === undefined) return
  const found = `the point of ${source} holds no such entity${didYouMean(unknown, known)}`
  const message = `Cannot give keys of "${unknown}": ${found}`
  throw new AppError('restore.keys-invalid', message, { entity: unknown })
}

/** Whose keys are other ones there is not put back under those of the point by mistake. */
function refuseUnsaid(
  lines: readonly ReadLines[],
  {
    name,
    policies,
    wanted,
  }: {
    readonly name: string
    readonly policies: KeyPolicies
    readonly wanted: readonly EntityName[]
  },
): void {
  const given = new Set(linesGiven(lines).map(({ entity }) => entity))
  const unsaid = wanted.filter(
    (entity) => given.has(entity) && keyPolicyOf(policies, entity) === null,
  )
  if (unsaid.length === 0) return
  const found = `records of ${unsaid.join(', ')} have keys of its own there`
  const message = `Cannot restore into "${name}": ${found}, need --keys mint or --keys keep`
  throw new AppError('restore.keys-unsaid', message, { target: name, entities: unsaid })
}
