import { deriveIndexKey } from '#seal/index-key'
import type { DigestKey, Role, VaultId } from '#seal/keys'
import type { SigningPublicKey } from '#seal/signing-pair'
import type { SegmentReadDeps, SegmentWriteDeps } from '#segment/segment'
import { isAppError } from '#stdx/app-error'
import type { ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import type { DrillBody } from '#timeline/drill-entry'
import type { CaptureBody, DocumentBody, EntryBody, RestoreBody } from '#timeline/entry'
import { parseSourceName, VAULT_TIMELINE } from '#timeline/entry-name'
import { parseSlot, type Slot } from '#timeline/envelope'
import { foldFacts, type Resealed, type RestoreFacts } from '#timeline/fold-facts'
import { judgeNext } from '#timeline/fold-timeline'
import { createHeadMemory } from '#timeline/head-memory'
import type { KeyBody } from '#timeline/key-entry'
import type { AgreedBody, FenceBody } from '#timeline/maintenance-entry'
import { cosign, judgeCosigner, type Proposal } from '#timeline/proposal'
import { isRevokedAt } from '#timeline/revocations'
import type { TimelineState } from '#timeline/timeline-state'
import {
  readTransactions,
  type TransactionsToWrite,
  writeTransactionTable,
} from '#timeline/transaction-table'
import { findAuthor } from './author.ts'
import { checkObjects } from './check-objects.ts'
import {
  appendDepsOf,
  beginFacts,
  type CommitDeps,
  commitEntry,
  commitFact,
  entryRefused,
} from './commit-entry.ts'
import { DocumentLog } from './document-log.ts'
import { makeSession } from './document-object.ts'
import { epochKeyring } from './epoch-keyring.ts'
import { type Holder, holderOf } from './holder.ts'
import type { KeyFacts } from './key-facts.ts'
import { KeyLog } from './key-log.ts'
import type { OpenedVaultDeps } from './opened-vault-deps.ts'
import { refuseRollback } from './refuse-links.ts'
import { type Repairs, repairedStores } from './repaired-store.ts'
import { SegmentKeys } from './segment-keys.ts'
import { TimelineLog } from './timeline-log.ts'
import type { Identities, IndexPlace, Vault } from './vault.ts'

/** A vault with the credential it was opened with. */
export class OpenedVault implements Vault {
  readonly id: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly storedKeyring: ObjectStore
  readonly rootPublicKey: SigningPublicKey
  readonly holder: Holder
  readonly identities: Identities
  readonly #deps: OpenedVaultDeps
  readonly #keys: KeyLog
  readonly #timelines: TimelineLog
  readonly #segmentKeys: SegmentKeys
  readonly #documents: DocumentLog
  readonly #commit: CommitDeps

  constructor(deps: OpenedVaultDeps) {
    this.#deps = deps
    this.id = deps.header.vaultId
    this.store = deps.store
    this.storedKeyring = deps.keyring
    this.rootPublicKey = deps.header.rootPublicKey
    this.holder = holderOf(deps.credential)
    this.#keys = new KeyLog({
      readVault: (signal) => this.#timelines.readFacts(signal),
      epochMin: deps.credential.epoch ?? 1,
      store: deps.store,
      revokedHere: deps.revokedHere,
    })
    this.keyring = epochKeyring(deps.keyring, this.#keys)
    const own = { ...deps, vaultId: this.id, keyring: this.keyring, keys: this.#keys }
    this.#timelines = new TimelineLog(own)
    this.#commit = { ...own, timelines: this.#timelines }
    this.#segmentKeys = new SegmentKeys(this.#commit)
    this.#documents = new DocumentLog({
      ...own,
      readFacts: (signal) => this.#timelines.readTrustedFacts(signal),
      append: (body, signal) => commitFact(this.#commit, body, signal),
    })
    this.identities = this.#documents
  }

  async listSources(signal: AbortSignal): Promise<string[]> {
    return await this.#timelines.listSources(signal)
  }

  openElsewhere(store: ObjectStore, keyring: ObjectStore): Vault {
    const { kept: _, index: __, ...rest } = this.#deps
    const revokedHere = () => this.#keys.revokedSoFar
    const deps = { ...rest, store, keyring, revokedHere, memory: createHeadMemory() }
    return new OpenedVault(deps)
  }

  async readTimeline(source: string, signal: AbortSignal): Promise<TimelineState> {
    const { links, state } = await this.#timelines.readSource(source, signal)
    refuseRollback(links, this.#deps)
    return state
  }

  async readGoodPart(source: string, signal: AbortSignal): Promise<TimelineState> {
    return (await this.#timelines.readSource(source, signal)).state
  }

  async readChain(timeline: string, signal: AbortSignal): Promise<Chain> {
    return await this.#timelines.readChain(timeline, signal)
  }

  async parseEntry(
    place: { readonly source: string; readonly seq: number },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<Slot> {
    return await parseSlot(this.#timelines.depsFor(place.source, signal), place, bytes)
  }

  async addSource(source: string, signal: AbortSignal): Promise<void> {
    parseSourceName(source)
    await this.complete(signal)
    const head = { headSeq: -1, headHash: '', voids: [] }
    const after = { source, ...head, damagedFrom: null, isUnsupported: false, unknownKinds: [] }
    try {
      await commitEntry(this.#commit, { after, body: { kind: 'genesis', source } }, signal)
    } catch (error) {
      // Somebody has added it, perhaps at this moment: it is there, which is what was asked for.
      if (!isAppError(error, 'timeline.lost-race')) throw error
    }
  }

  async append(
    state: TimelineState,
    body: EntryBody,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number }> {
    const refusal = await this.judge(state, body, signal)
    if (refusal !== undefined) throw entryRefused(state.source, body, refusal)
    const isWriting = body.kind === 'capture' || body.kind === 'compact'
    if (isWriting) {
      await this.#segmentKeys.refuseOthers(state.source, signal)
      await checkObjects(this, { body, state }, signal)
    }
    const { seq } = await commitEntry(this.#commit, { after: state, body }, signal)
    // An entry that was sealed to whom nobody reads for any more must not count as done.
    if (isWriting) await this.#segmentKeys.refuseOthers(state.source, signal)
    return { seq }
  }

  async judge(
    state: TimelineState,
    body: EntryBody,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const refusal = judgeNext(state, body)
    if (refusal !== undefined || (body.kind !== 'expire' && body.kind !== 'release')) return refusal
    const { revoked } = await this.#keys.read(signal)
    const place = { source: state.source, seq: state.headSeq + 1 }
    const second = body.cosigned.author
    if (isRevokedAt(revoked, second, place)) return `its second author ${second} was revoked before`
    const { findCertificate } = this.#timelines.depsFor(state.source, signal)
    return await judgeCosigner({ vaultId: this.id, source: state.source }, body, findCertificate)
  }

  async putTransactions(written: TransactionsToWrite, signal: AbortSignal) {
    return await writeTransactionTable(appendDepsOf(this.#deps), written, signal)
  }

  async readTransactions(source: string, body: CaptureBody, signal: AbortSignal) {
    const { store } = repairedStores(this, await this.repairs(source, signal))
    return await readTransactions({ ...appendDepsOf(this.#deps), store }, source, body, signal)
  }

  async cosign(source: string, proposal: Proposal, signal: AbortSignal): Promise<AgreedBody> {
    const doing = `Cannot propose to ${proposal.kind} points of "${source}"`
    const custodian = await findAuthor(this.#deps, { roles: ['custodian'], source, doing }, signal)
    return cosign({ vaultId: this.id, source }, proposal, custodian)
  }

  async writeDeps(source: string, signal: AbortSignal): Promise<SegmentWriteDeps> {
    return await this.#segmentKeys.forWriting(source, signal)
  }

  async readDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    return await this.#segmentKeys.forReading(source, signal)
  }

  async repairs(source: string, signal: AbortSignal): Promise<Repairs> {
    return await this.#timelines.repairs(source, signal)
  }

  async rowDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    return await this.#segmentKeys.forRows(source, signal)
  }

  get indexPlace(): IndexPlace | undefined {
    const { clock, credential, index, random } = this.#deps
    if (index === undefined || credential.read === undefined) return undefined
    return { ...index, key: deriveIndexKey(credential.read, this.id), clock, random }
  }

  async digestKey(source: string, _signal: AbortSignal): Promise<DigestKey> {
    return this.#segmentKeys.digestOf(source)
  }

  /** The newest word on keys, of whatever epoch. @throws timeline.rolled-back | timeline.damaged */
  async readKeys(signal: AbortSignal): Promise<KeyFacts> {
    return await this.#keys.readTrusted(signal, 1)
  }

  /** Says something of keys in `_vault`, as the root. @throws vault.role-missing */
  async sayKeys(make: (after: Chain) => KeyBody, signal: AbortSignal): Promise<void> {
    await commitFact(this.#commit, make, signal)
  }

  async declareDead(
    decide: (after: Chain) => Promise<FenceBody | undefined>,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number } | undefined> {
    return await commitFact(this.#commit, decide, signal)
  }

  /** A name that nobody has used, for the folder of what is written next. */
  makeSession(): string {
    return makeSession(this.#deps.random)
  }

  async keyEpoch(signal: AbortSignal): Promise<number> {
    return await this.#keys.readEpoch(signal, false)
  }

  async resealed(signal: AbortSignal): Promise<readonly Resealed[]> {
    return (await this.#keys.recall(signal)).resealed
  }

  async putDocument(name: string, text: string, signal: AbortSignal): Promise<void> {
    await this.#documents.put(name, text, signal)
  }

  async readDocument(name: string, signal: AbortSignal): Promise<string | undefined> {
    return await this.#documents.read(name, signal)
  }

  async beginRestore(...given: Parameters<Vault['beginRestore']>): Promise<void> {
    await this.#documents.beginRestore(...given)
  }

  readPreImage(parts: readonly DocumentBody[], signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#documents.readParts(parts, signal)
  }

  async putHeads(signal: AbortSignal): Promise<void> {
    const heads = await this.#timelines.findNewHeads(signal)
    if (heads === undefined) return
    await commitFact(this.#commit, { kind: 'heads', heads: Object.fromEntries(heads) }, signal)
  }

  async putRestore(body: DrillBody | RestoreBody, signal: AbortSignal): Promise<void> {
    await commitFact(this.#commit, body, signal)
  }

  async readRestores(signal: AbortSignal): Promise<RestoreFacts> {
    return foldFacts(await this.#timelines.readTrustedFacts(signal))
  }

  /** Makes what a new vault needs besides `vault.json` and its slot, with the root key. Repeatable. */
  async complete(signal: AbortSignal): Promise<void> {
    if (this.#deps.credential.signing.root === undefined) return
    const roles: readonly Role[] = ['custodian', 'keeper', 'restore', 'auditor']
    const doing = 'Cannot complete the vault'
    for (const role of roles) {
      await findAuthor(this.#deps, { roles: [role], source: VAULT_TIMELINE, doing }, signal)
    }
    await beginFacts(this.#commit, signal)
  }
}
