import type { Random } from '#stdx/random'
import type { ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts, preImagesOf, sessionOfObject, type VaultFacts } from '#timeline/fold-facts'
import type { FenceBody } from '#timeline/maintenance-entry'
import { liveSegments } from '#timeline/timeline-state'
import { listEpochs } from '#vault/epoch-keyring'
import { getIfAny, isStored } from '#vault/keyring-list'
import { keyringOfDocument, keyringOfSegment, type NeededKeyring } from '#vault/needed-objects'
import { readStatedIn, statedBytes } from '#vault/stated-keys'
import type { Vault } from '#vault/vault'
import type { FoundObject, Waste, Which } from './plan-collect.ts'
import { readStoreClock } from './read-store-clock.ts'
import { refuseUnsound } from './refuse-unsound.ts'
import {
  type CollectDeps,
  type CollectOutcome,
  type CollectRequest,
  deleteAll,
} from './run-collect.ts'

/** What restores had found before they wrote: kept as long as the vault, for `undo` and for proof. */
export type KeptPreImages = { readonly restores: number; readonly bytes: number }

/** An object that may go, and what has to be declared dead before. */
type Candidate = Waste & {
  readonly session?: string
  /** Of a keyring object that others lie above or beneath: what its entry says. */
  readonly ref?: NeededKeyring
}

type NowMs = Readonly<Record<Which, number>>

const PROBE = /^(roles|slots)\/probe-[0-9a-f]{16}$/
/** Objects of the keyring in one entry; the rest goes the next time. */
const KEYRINGS_MAX = 1_000

/**
 * Deletes what belongs to no source and nothing needs: documents and lists whose writer died before
 * its entry, probes of stores, and objects of the keyring that lie beside the one that the log says is
 * right. May be repeated, and run beside all else.
 *
 * Objects are listed before the timeline is read. Writers, and objects of the keyring by their names,
 * are declared dead by an entry before anything of them goes: nobody can commit them from then on.
 *
 * @throws retention.not-sound | timeline.rolled-back | vault.role-missing
 */
export async function collectVault(
  { random, vault }: CollectDeps,
  { graceMs, isDryRun }: Omit<CollectRequest, 'source'>,
  signal: AbortSignal,
): Promise<CollectOutcome & { readonly preImages: KeptPreImages }> {
  const listed = [...(await listWritten(vault, signal)), ...(await listProbes(vault, signal))]
  const nowMs = await readClocks(vault, random, signal)
  const isOld = ({ modifiedMs, store }: FoundObject) => nowMs[store] - modifiedMs >= graceMs
  const beside = (await listBeside(vault, signal)).filter(isOld).slice(0, KEYRINGS_MAX)
  const chain = await vault.readChain(VAULT_TIMELINE, signal)
  refuseUnsound(chain)
  const facts = foldFacts(chain)
  const left = listed.filter(({ session }) => session === undefined || !isCommitted(facts, session))
  const young = new Set(left.filter((one) => !isOld(one)).map(({ session }) => session ?? ''))
  const due = left.filter((one) => isOld(one) && !young.has(one.session ?? '-'))
  const waiting = left.filter((one) => !due.includes(one))
  const rest = {
    preImages: countPreImages(facts),
    waiting: { objects: waiting.length, bytes: waiting.reduce((n, one) => n + one.sizeBytes, 0) },
    unexplained: { objects: 0, bytes: 0 },
  }
  const sessions = [...new Set(due.flatMap(({ session }) => session ?? []))]
  const keyrings = await stillBeside(vault, { chain, beside }, signal)
  if (isDryRun) {
    return { ...rest, deleted: [...due, ...keyrings], pending: [], dead: sessions, fence: null }
  }
  const decide = (after: Chain) => decideFence(vault, { after, sessions, beside }, signal)
  const fence =
    sessions.length + keyrings.length === 0 ? undefined : await vault.declareDead(decide, signal)
  const { deadKeyrings, fenced } = foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
  const goes = [...due, ...beside].filter(({ ref, session, stored }) =>
    ref === undefined ? session === undefined || fenced.has(session) : deadKeyrings.has(stored),
  )
  const done = await deleteAll(vault, goes, signal)
  return {
    ...rest,
    ...done,
    dead: sessions.filter((one) => fenced.has(one)),
    fence: fence?.seq ?? null,
  }
}

/** What is left to declare dead once `after` is known; a writer that commits in this moment is first. */
async function decideFence(
  vault: Vault,
  {
    after,
    beside,
    sessions,
  }: { after: Chain; sessions: readonly string[]; beside: readonly Candidate[] },
  signal: AbortSignal,
): Promise<FenceBody | undefined> {
  refuseUnsound(after)
  const facts = foldFacts(after)
  const dead = sessions.filter((one) => !isCommitted(facts, one) && !facts.fenced.has(one))
  const keyrings = (await stillBeside(vault, { chain: after, beside }, signal))
    .map(({ stored }) => String(stored))
    .filter((one) => !facts.deadKeyrings.has(one))
  if (dead.length + keyrings.length === 0) return undefined
  return { kind: 'fence', sessions: dead, ...(keyrings.length > 0 && { keyrings }) }
}

/** Those that the log does not say are right, where what it says is there whole. */
async function stillBeside(
  vault: Vault,
  { beside, chain }: { readonly chain: Chain; readonly beside: readonly Candidate[] },
  signal: AbortSignal,
): Promise<Candidate[]> {
  if (beside.length === 0) return []
  const stated = await readStatedIn(vault.store, chain, signal)
  if (!stated.isWhole) return []
  const found: Candidate[] = []
  for (const one of beside) {
    if (one.ref === undefined) continue
    const wanted = statedBytes(stated, one.ref)
    const others = await listEpochs(vault.storedKeyring, one.ref.at, signal)
    const isRight = async (name: typeof one.stored) => {
      const bytes = await getIfAny(vault.storedKeyring, name, { signal })
      return bytes !== undefined && isStored(wanted, bytes)
    }
    if (await isRight(one.stored)) continue
    for (const { name } of others) {
      if (name === one.stored || !(await isRight(name))) continue
      found.push(one)
      break
    }
  }
  return found
}

function countPreImages({ begun }: VaultFacts): KeptPreImages {
  const sizes = begun.map(({ body }) =>
    preImagesOf(body)
      .flat()
      .reduce(
        (sum, { keyringObject, object }) => sum + object.sizeBytes + keyringObject.sizeBytes,
        0,
      ),
  )
  return {
    restores: sizes.filter((size) => size > 0).length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  }
}

function isCommitted({ allDocuments, resealed }: VaultFacts, session: string): boolean {
  return [...allDocuments.map(({ object }) => object), ...resealed.map(({ list }) => list)].some(
    ({ name }) => sessionOfObject(name) === session,
  )
}

const DIED = 'its writer was declared dead before it committed'
const PROBED = 'a probe of the store was interrupted'
const BESIDE = 'no entry says what it is, and the right one is there'

async function listWritten(vault: Vault, signal: AbortSignal): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const [store, folder] of [
    ['vault', `segments/${VAULT_TIMELINE}/`],
    ['keyring', `${VAULT_TIMELINE}/`],
  ] as const) {
    for await (const object of storeOf(vault, store).list(folder, signal)) {
      const session = object.name.slice(folder.length).split('/')[0] ?? ''
      found.push({ store, ...object, stored: object.name, why: DIED, session })
    }
  }
  return found
}

async function listProbes(vault: Vault, signal: AbortSignal): Promise<Candidate[]> {
  const found: Candidate[] = []
  for (const [store, folder] of [
    ['vault', 'roles/'],
    ['keyring', 'slots/'],
  ] as const) {
    for await (const object of storeOf(vault, store).list(folder, signal)) {
      if (PROBE.test(object.name)) {
        found.push({ store, ...object, stored: object.name, why: PROBED })
      }
    }
  }
  return found
}

/** Of every keyring object that entries name and that lies there for several epochs: all of them. */
async function listBeside(vault: Vault, signal: AbortSignal): Promise<Candidate[]> {
  const lists: NeededKeyring[][] = []
  for (const source of await vault.listSources(signal)) {
    const state = await vault.readTimeline(source, signal)
    if (state.damagedFrom !== null) continue
    lists.push(liveSegments(state).map(({ ref }) => keyringOfSegment(ref, state.repairs)))
  }
  const { allDocuments } = foldFacts(await vault.readChain(VAULT_TIMELINE, signal))
  lists.push(allDocuments.map(keyringOfDocument))
  const refOf = new Map(lists.flat().map((ref) => [String(ref.at), ref]))
  const found: Candidate[] = []
  for await (const object of vault.storedKeyring.list('', signal)) {
    const ref = refOf.get(object.name.replace(/\.[1-9][0-9]{0,8}$/, ''))
    if (ref === undefined) continue
    found.push({ store: 'keyring', ...object, stored: object.name, why: BESIDE, ref })
  }
  const count = new Map<string, number>()
  for (const { ref } of found) if (ref) count.set(ref.at, (count.get(ref.at) ?? 0) + 1)
  return found.filter(({ ref }) => ref !== undefined && (count.get(ref.at) ?? 0) > 1)
}

async function readClocks(vault: Vault, random: Random, signal: AbortSignal): Promise<NowMs> {
  const read = (store: ObjectStore, folder: string) =>
    readStoreClock(store, { folder, random, signal })
  return {
    vault: await read(vault.store, `segments/${VAULT_TIMELINE}/`),
    keyring: await read(vault.keyring, `${VAULT_TIMELINE}/`),
  }
}

function storeOf(vault: Vault, which: Which): ObjectStore {
  return which === 'vault' ? vault.store : vault.storedKeyring
}
