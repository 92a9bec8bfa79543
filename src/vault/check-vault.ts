import { parseCertificate } from '#seal/certificate'
import { parseSlot } from '#seal/slot'
import { openSegmentChecker } from '#segment/check-segment'
import { isAppError } from '#stdx/app-error'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectName, ObjectStore } from '#store/object-store'
import { VAULT_TIMELINE } from '#timeline/entry-name'
import { certificateName } from './author.ts'
import { checkReference } from './check-reference.ts'
import {
  type CheckDepth,
  guard,
  keyringObject,
  type OnProgress,
  Tally,
  type VaultCheck,
} from './check-tally.ts'
import { checkTimeline, letGoSince, type Reference } from './check-timeline.ts'
import { foldKeyFacts } from './key-facts.ts'
import { nameProblems } from './name-problems.ts'
import { readStatedKeys } from './stated-keys.ts'
import type { Vault } from './vault.ts'
import { HEADER_NAME, parseHeader } from './vault-header.ts'

export type CheckVaultOptions = {
  /**
   * `hashes`: every stored byte is what was committed. `authenticated`: every block opens with its
   * keys. `decoded`: every row is read and digested again.
   */
  readonly depth: CheckDepth
  /** Only these; absent: all of them, and what no timeline refers to. */
  readonly sources?: readonly string[]
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

export type { CheckDepth, Problem, VaultCheck } from './check-tally.ts'

const CHECKS_MAX = 4
const TIMELINE_NAME = `timelines/${VAULT_TIMELINE}`

/**
 * Looks at the whole vault: its file, certificates, slots, every entry of every timeline, and every
 * object that one refers to. Damage is the answer, by the name of each object; one damaged source
 * does not keep others from being checked. Changes nothing.
 *
 * Holds the names of all objects, and a few MiB of them at a time.
 */
export async function checkVault(vault: Vault, options: CheckVaultOptions): Promise<VaultCheck> {
  const { depth, signal, sources } = options
  const names = sources ?? (await vault.listSources(signal))
  // Damage is the answer; a credential that cannot look so deep is not.
  if (depth !== 'hashes') for (const name of names) await refuseShallow(vault, name, signal)
  const tally = new Tally(options.onProgress)
  await checkHeader(vault, tally, signal)
  await checkCertificates(vault, tally, signal)
  await checkSlots(vault, tally, signal)
  const lists: Reference[][] = []
  for (const timeline of [...names, VAULT_TIMELINE]) {
    lists.push(await checkTimeline(vault, { timeline, tally }, signal))
  }
  const references = lists.flat()
  await checkEpoch(vault, tally, signal)
  const stated = await readStatedKeys(vault, signal)
  const deps = { vault, tally, depth, stated, checkSegment: openSegmentChecker(), signal }
  const checking = mapConcurrent(references, CHECKS_MAX, (reference) =>
    checkReference(deps, reference),
  )
  for await (const _ of checking);
  if (tally.hasProblems) await letGoSince(vault, { sources: names, tally }, signal)
  if (sources === undefined) await countGarbage(vault, tally, signal)
  const report = tally.report(depth)
  return { ...report, problems: await nameProblems(vault, report.problems, signal) }
}

/** A file of keys is handed out after the log says so; a slot of the root's may be ahead amid a split. */
async function checkEpoch(vault: Vault, tally: Tally, signal: AbortSignal): Promise<void> {
  const { epoch: own, roles } = vault.holder
  if (roles.includes('root')) return
  await guard(tally, TIMELINE_NAME, async () => {
    const { epoch } = foldKeyFacts(await vault.readChain(VAULT_TIMELINE, signal))
    if (epoch >= own) return
    const problem = `It names the recipients of epoch ${epoch}, the credential is of epoch ${own}: the vault is an old copy`
    tally.addProblem(TIMELINE_NAME, problem)
  })
}

async function refuseShallow(vault: Vault, source: string, signal: AbortSignal): Promise<void> {
  try {
    await vault.rowDeps(source, signal)
    await vault.digestKey(source, signal)
  } catch (error) {
    const mayNot =
      isAppError(error, 'vault.role-missing') || isAppError(error, 'vault.certificate-revoked')
    if (mayNot || !isAppError(error)) throw error
    // What is wrong with the timeline is reported with the rest.
  }
}

async function checkHeader(vault: Vault, tally: Tally, signal: AbortSignal): Promise<void> {
  await guard(tally, HEADER_NAME, async () => {
    tally.addObject(HEADER_NAME)
    const text = await readText(vault.store, HEADER_NAME, { tally, signal })
    const header = parseHeader(vault.store.label, text)
    const isSame =
      header.vaultId === vault.id && Buffer.compare(header.rootPublicKey, vault.rootPublicKey) === 0
    if (!isSame) tally.addProblem(HEADER_NAME, 'It is of another vault')
  })
}

async function checkCertificates(vault: Vault, tally: Tally, signal: AbortSignal): Promise<void> {
  for await (const { name } of vault.store.list('roles/', signal)) {
    if (!/^roles\/[0-9a-f]{32}\.json$/.test(name)) continue
    await guard(tally, name, async () => {
      tally.addObject(name)
      const text = await readText(vault.store, name, { tally, signal })
      const deps = { vaultId: vault.id, rootPublicKey: vault.rootPublicKey }
      const { id } = parseCertificate(deps, name, text)
      if (certificateName(id) !== name)
        tally.addProblem(name, 'It is the certificate of another key')
    })
  }
}

const FOREIGN_SLOT =
  'It is of another vault: an `init` that was interrupted leaves such, and `holdfast key revoke` with its id removes it'
const STALE_SLOT =
  'It is of before the keys were split: a split that was interrupted leaves such (`holdfast key split` again goes on), a replica keeps it, or somebody put an old copy back (`holdfast key revoke` with its id removes it)'

async function checkSlots(vault: Vault, tally: Tally, signal: AbortSignal): Promise<void> {
  for await (const { name } of vault.keyring.list('slots/', signal)) {
    if (!/^slots\/[0-9a-f]{16}\.json$/.test(name)) continue
    await guard(tally, keyringObject(name), async () => {
      tally.addObject(keyringObject(name))
      const text = await readText(vault.keyring, name, { tally, signal })
      const { epoch = 1, vaultId } = parseSlot({ name, text })
      if (vaultId !== vault.id) tally.addIncident(keyringObject(name), FOREIGN_SLOT)
      else if (epoch === 1 && (await vault.keyEpoch(signal)) > 1)
        tally.addIncident(keyringObject(name), STALE_SLOT)
    })
  }
}

async function countGarbage(vault: Vault, tally: Tally, signal: AbortSignal): Promise<void> {
  for await (const { name, sizeBytes } of vault.store.list('segments/', signal)) {
    if (!tally.hasSeen(name)) tally.addUnneeded(name, sizeBytes)
  }
  for await (const { name, sizeBytes } of vault.keyring.list('', signal)) {
    // The keyring may lie beside the vault's own objects.
    const isVaults = /^((vault|replica)\.json$|(segments|timelines|roles)\/)/.test(name)
    const object = keyringObject(name)
    if (!isVaults && !tally.hasSeen(object)) tally.addUnneeded(object, sizeBytes)
  }
}

async function readText(
  store: ObjectStore,
  name: ObjectName,
  { signal, tally }: { readonly tally: Tally; readonly signal: AbortSignal },
): Promise<string> {
  const bytes = await store.get(name, { signal })
  tally.addBytes(bytes.byteLength)
  return Buffer.from(bytes).toString('utf8')
}
