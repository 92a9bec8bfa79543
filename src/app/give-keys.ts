import type { SourceCut } from '#connector/connector'
import type { CustomerMap } from '#customer/customer-map'
import type { SourceIdentity } from '#record/cut'
import type { EntityName } from '#record/entity-name'
import type { CompareDeps } from '#restore/compare-target'
import { type KeyPolicies, keyPolicyOf, mayMint, parseKeyPolicies } from '#restore/key-policy'
import { mintKeys } from '#restore/mint-keys'
import type { PreparedRestore } from '#restore/plan-restore'
import type { RestoreScope } from '#restore/restore-plan'
import { AppError } from '#stdx/app-error'
import type { Vault } from '#vault/vault'
import type { FoundPoint } from './find-point.ts'
import { openCrosswalk, readSourceLines } from './open-crosswalk.ts'
import type { ReadLines } from './read-crosswalk.ts'
import { readKeyLinks } from './read-needs.ts'
import type { RestoreRequest } from './restore-request.ts'

export type GivingKeys = {
  readonly compare: CompareDeps
  readonly cut: SourceCut
  readonly found: FoundPoint
  readonly identity: SourceIdentity
  readonly map: CustomerMap | undefined
  /** Of the target. */
  readonly name: string
  readonly request: Pick<RestoreRequest, 'isDrill' | 'keys' | 'missingParents' | 'undo'>
  readonly scope: RestoreScope
  readonly wanted: readonly EntityName[]
}

/** What is planned where the target numbers what it gets. */
export type GivenKeys = {
  readonly compare: CompareDeps
  readonly scope: RestoreScope
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
  { compare, cut, found, identity, map, name, request, scope, wanted }: GivingKeys,
  signal: AbortSignal,
): Promise<GivenKeys | null> {
  const policies = parseKeyPolicies(request.keys ?? [])
  if (request.isDrill === true || request.undo !== undefined) return null
  const { point, source, state } = found
  const lines = await readSourceLines(vault, { identity, source }, signal)
  refuseUnsaid(lines, { name, policies, wanted })
  if (!mayMint(policies)) return null
  const isOpen = lines.some((one) => one.state === 'open')
  // What an interrupted restore wrote may be of tables that this one is not about.
  const catalogue = await cut.readCatalogue(
    (entity) => isOpen || point.factsOf(entity) !== undefined,
  )
  const opening = { catalogue, compare, cut, target: name, vault }
  const { gone, known, written } = await openCrosswalk(opening, lines, signal)
  const links = map === undefined ? [] : readKeyLinks(map, found)
  const { missingParents: missing = 'refuse' } = request
  const asked = { state, point, target: name, scope, wanted, policies, known, links, missing }
  const minted = await mintKeys(compare, asked, { catalogue, cut, signal })
  return {
    compare: { ...compare, otherRows: minted.rows },
    scope: minted.scope,
    complete(prepared) {
      const crosswalk = { lines: minted.lines, written, gone }
      return { ...prepared, crosswalk, numbers: minted.numbers }
    },
  }
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
  const counting = lines.filter(({ state }) => state === 'written' || state === 'open')
  const given = new Set(counting.flatMap((one) => one.lines.map(({ entity }) => entity)))
  const unsaid = wanted.filter(
    (entity) => given.has(entity) && keyPolicyOf(policies, entity) === null,
  )
  if (unsaid.length === 0) return
  const found = `records of ${unsaid.join(', ')} have keys of its own there`
  const message = `Cannot restore into "${name}": ${found}, need --keys mint or --keys keep`
  throw new AppError('restore.keys-unsaid', message, { target: name, entities: unsaid })
}
