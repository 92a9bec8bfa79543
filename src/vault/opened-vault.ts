import type { Certificate } from '#seal/certificate'
import { sourceKeysOf } from '#seal/credential'
import { deriveIndexKey } from '#seal/index-key'
import type { DigestKey, Role, VaultId } from '#seal/keys'
import type { SigningPublicKey } from '#seal/signing-pair'
import type { SegmentReadDeps, SegmentWriteDeps } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import type { ObjectStore } from '#store/object-store'
import { appendEntry } from '#timeline/append-entry'
import { type Chain, isSound, type SeenHead } from '#timeline/chain-slots'
import { describeKind } from '#timeline/describe-kind'
import type { DrillBody } from '#timeline/drill-entry'
import type { CaptureBody, DocumentBody, EntryBody, RestoreBody } from '#timeline/entry'
import { parseSourceName, VAULT_TIMELINE } from '#timeline/entry-name'
import { parseSlot, type Slot } from '#timeline/envelope'
import { listTimelines } from '#timeline/find-slots'
import { foldFacts, judgeFact, type Resealed, type RestoreFacts } from '#timeline/fold-facts'
import { judgeNext } from '#timeline/fold-timeline'
import { createHeadMemory } from '#timeline/head-memory'
import type { KeyBody } from '#timeline/key-entry'
import type { AgreedBody, FenceBody } from '#timeline/maintenance-entry'
import { cosign, judgeCosigner, type Proposal } from '#timeline/proposal'
import { readChain } from '#timeline/read-chain'
import { type KeptFacts, readFacts, toChain } from '#timeline/read-facts'
import { type KeptSource, readSource } from '#timeline/read-source'
import { isRevokedAt } from '#timeline/revocations'
import type { TimelineState } from '#timeline/timeline-state'
import {
  readTransactions,
  type TransactionsToWrite,
  writeTransactionTable,
} from '#timeline/transaction-table'
import { AUTHORS, certificateRevoked, findAuthor, roleMissing } from './author.ts'
import { checkObjects } from './check-objects.ts'
import { DocumentLog, type RestoreToBegin } from './document-log.ts'
import { makeSession } from './document-object.ts'
import { epochKeyring } from './epoch-keyring.ts'
import { giveWay } from './give-way.ts'
import { type Holder, holderOf } from './holder.ts'
import { isCapturer, type KeyFacts } from './key-facts.ts'
import { KeyLog } from './key-log.ts'
import type { OpenedVaultDeps } from './opened-vault-deps.ts'
import { recipientsFor } from './recipients-for.ts'
import { refuseRollback, refuseUnknown } from './refuse-links.ts'
import { refuseOtherKeys, refuseRevoked } from './refuse-other-keys.ts'
import { type Repairs, repairedStores } from './repaired-store.ts'
import { findTrustedCertificate } from './said-certificate.ts'
import { readHead, readSaidHeads } from './said-heads.ts'
import type { Identities, IndexPlace, Vault } from './vault.ts'

/** A vault with the credential it was opened with. Remembers the certificates it has verified. */
export class OpenedVault implements Vault {
  readonly id: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly storedKeyring: ObjectStore
  readonly rootPublicKey: SigningPublicKey
  readonly holder: Holder
  readonly identities: Identities
  readonly #deps: OpenedVaultDeps
  readonly #certificates = new Map<string, Certificate>()
  readonly #keys: KeyLog
  readonly #documents: DocumentLog
  /** By source: for which epoch of keys this process writes. */
  readonly #writing = new Map<string, number>()
  /** As of the newest reading of a source's timeline. */
  readonly #repairs = new Map<string, Repairs>()
  /** By source, how it was when it was read last and could be relied on. */
  readonly #sources = new Map<string, KeptSource>()
  /** The same of `_vault`. */
  #facts: KeptFacts | undefined

  constructor(deps: OpenedVaultDeps) {
    this.#deps = deps
    this.id = deps.header.vaultId
    this.store = deps.store
    this.storedKeyring = deps.keyring
    this.rootPublicKey = deps.header.rootPublicKey
    this.holder = holderOf(deps.credential)
    this.#keys = new KeyLog({
      readVault: (signal) => this.#readFacts(signal),
      epochMin: deps.credential.epoch ?? 1,
      store: deps.store,
      revokedHere: deps.revokedHere,
    })
    this.keyring = epochKeyring(deps.keyring, this.#keys)
    this.#documents = new DocumentLog({
      ...{ ...deps, vaultId: this.id, keyring: this.keyring, keys: this.#keys },
      readFacts: (signal) => this.#readTrustedFacts(signal),
      append: (body, signal) => this.#appendFact(body, signal),
    })
    this.identities = this.#documents
  }

  async listSources(signal: AbortSignal): Promise<string[]> {
    return (await listTimelines(this.store, signal)).filter((one) => one !== VAULT_TIMELINE)
  }

  openElsewhere(store: ObjectStore, keyring: ObjectStore): Vault {
    const { kept: _, index: __, ...rest } = this.#deps
    const revokedHere = () => this.#keys.revokedSoFar
    const deps = { ...rest, store, keyring, revokedHere, memory: createHeadMemory() }
    return new OpenedVault(deps)
  }

  async readTimeline(source: string, signal: AbortSignal): Promise<TimelineState> {
    const { links, state } = await this.#readSource(parseSourceName(source), signal)
    refuseRollback(links, this.#deps)
    return state
  }

  async readGoodPart(source: string, signal: AbortSignal): Promise<TimelineState> {
    return (await this.#readSource(parseSourceName(source), signal)).state
  }

  async readChain(timeline: string, signal: AbortSignal): Promise<Chain> {
    const deps = this.#readDeps(timeline, signal)
    const chain = await readChain(deps, timeline, await this.#outsideOf(timeline, signal))
    refuseUnknown(chain)
    return chain
  }

  async parseEntry(
    place: { readonly source: string; readonly seq: number },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<Slot> {
    return await parseSlot(this.#readDeps(place.source, signal), place, bytes)
  }

  async #readSource(source: string, signal: AbortSignal): Promise<KeptSource> {
    const before = this.#sources.get(source)
    const deps = { ...this.#readDeps(source, signal), kept: this.#deps.kept, before }
    const read = await readSource(deps, source, await this.#outsideOf(source, signal))
    refuseUnknown(read.links)
    if (isSound(read.links)) this.#sources.set(source, read)
    else this.#sources.delete(source)
    this.#repairs.set(source, read.state.repairs)
    return read
  }

  /** `_vault` as it is now, whether it can be relied on or not; earlier words on heads may be missing. */
  async #readFacts(signal: AbortSignal): Promise<Chain> {
    const before = this.#facts
    const deps = { ...this.#readDeps(VAULT_TIMELINE, signal), kept: this.#deps.kept, before }
    const read = await readFacts(deps, { signal })
    this.#facts = isSound(read.links) ? read : undefined
    return toChain(read)
  }

  /** What others say of a timeline: heads they saw, and who may not have stated what. */
  async #outsideOf(timeline: string, signal: AbortSignal) {
    if (timeline === VAULT_TIMELINE) return { signal }
    const { revoked } = await this.#keys.read(signal)
    const findSaid = async () => {
      const said = (await this.#newestHeads(signal)).get(timeline)
      return said === undefined ? [] : [said]
    }
    return { findSaid, revoked, signal }
  }

  async addSource(source: string, signal: AbortSignal): Promise<void> {
    parseSourceName(source)
    await this.complete(signal)
    const head = { headSeq: -1, headHash: '', voids: [] }
    const first = { source, ...head, damagedFrom: null, isUnsupported: false }
    try {
      await this.#append({ ...first, unknownKinds: [] }, { kind: 'genesis', source }, signal)
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
    if (refusal !== undefined) {
      const message = `Cannot commit ${describeKind(body.kind)} to "${state.source}": ${refusal}`
      throw new AppError('vault.entry-refused', message, { source: state.source })
    }
    const isWriting = body.kind === 'capture' || body.kind === 'compact'
    if (isWriting) {
      await this.#refuseOtherKeys(state.source, signal)
      await checkObjects(this, { body, state }, signal)
    }
    const { seq } = await this.#append(state, body, signal)
    // An entry that was sealed to whom nobody reads for any more must not count as done.
    if (isWriting) await this.#refuseOtherKeys(state.source, signal)
    return { seq }
  }

  async #refuseOtherKeys(source: string, signal: AbortSignal): Promise<void> {
    const { credential } = this.#deps
    const facts = await this.#keys.readTrusted(signal)
    refuseOtherKeys(facts, { begun: this.#writing.get(source), credential, source })
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
    const { findCertificate } = this.#readDeps(state.source, signal)
    return await judgeCosigner({ vaultId: this.id, source: state.source }, body, findCertificate)
  }

  async putTransactions(written: TransactionsToWrite, signal: AbortSignal) {
    return await writeTransactionTable(this.#appendDeps(), written, signal)
  }

  async readTransactions(source: string, body: CaptureBody, signal: AbortSignal) {
    const { store } = repairedStores(this, await this.repairs(source, signal))
    return await readTransactions({ ...this.#appendDeps(), store }, source, body, signal)
  }

  async cosign(source: string, proposal: Proposal, signal: AbortSignal): Promise<AgreedBody> {
    const doing = `Cannot propose to ${proposal.kind} points of "${source}"`
    const custodian = await findAuthor(this.#deps, { roles: ['custodian'], source, doing }, signal)
    return cosign({ vaultId: this.id, source }, proposal, custodian)
  }

  async writeDeps(source: string, signal: AbortSignal): Promise<SegmentWriteDeps> {
    const { credential, header, random } = this.#deps
    const { signing } = sourceKeysOf(credential, source)
    const doing = `Cannot write segments of "${source}"`
    if (signing === undefined && credential.signing.keeper === undefined)
      throw roleMissing(doing, 'it holds no capture key', `capture of "${source}"`)
    const facts = await this.#keys.readTrusted(signal)
    const recipients = recipientsFor(facts, { credential, header, source })
    this.#writing.set(source, facts.epoch)
    return { vaultId: this.id, store: this.store, keyring: this.keyring, random, recipients }
  }

  async readDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    const { credential } = this.#deps
    const { capture: own } = sourceKeysOf(credential, source)
    // Who reads everything may derive a capture key that nothing is sealed to any more.
    const isUsed =
      own && (!credential.read || isCapturer(await this.#keys.recall(signal), credential, source))
    const capture = isUsed ? own : undefined
    const { past, read } = credential
    const openers = { ...(read && { read }), ...(past && { past }), ...(capture && { capture }) }
    if (Object.keys(openers).length === 0) {
      throw this.#keyMissing(`Cannot read segments of "${source}"`, 'read')
    }
    const stores = repairedStores(this, await this.repairs(source, signal))
    return { vaultId: this.id, ...stores, openers }
  }

  async repairs(source: string, signal: AbortSignal): Promise<Repairs> {
    // Documents can be written again: nothing repairs them.
    if (source === VAULT_TIMELINE) return new Map()
    return this.#repairs.get(source) ?? (await this.readGoodPart(source, signal)).repairs
  }

  async rowDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    const doing = `Cannot read rows of "${source}"`
    if (this.#deps.credential.read === undefined) throw this.#keyMissing(doing, 'read')
    refuseRevoked(await this.#keys.recall(signal), this.#deps.credential, doing)
    return await this.readDeps(source, signal)
  }

  get indexPlace(): IndexPlace | undefined {
    const { clock, credential, index, random } = this.#deps
    if (index === undefined || credential.read === undefined) return undefined
    return { ...index, key: deriveIndexKey(credential.read, this.id), clock, random }
  }

  async digestKey(source: string, _signal: AbortSignal): Promise<DigestKey> {
    const { digestKey } = sourceKeysOf(this.#deps.credential, source)
    if (digestKey === undefined)
      throw this.#keyMissing(`Cannot recognise rows of "${source}"`, 'digest')
    return digestKey
  }

  /** The newest word on keys, of whatever epoch. @throws timeline.rolled-back | timeline.damaged */
  async readKeys(signal: AbortSignal): Promise<KeyFacts> {
    return await this.#keys.readTrusted(signal, 1)
  }

  /** Says something of keys in `_vault`, as the root. @throws vault.role-missing */
  async sayKeys(make: (after: Chain) => KeyBody, signal: AbortSignal): Promise<void> {
    await this.#appendFact(make, signal)
  }

  async declareDead(
    decide: (after: Chain) => Promise<FenceBody | undefined>,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number } | undefined> {
    return await this.#appendFact(decide, signal)
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

  async beginRestore(begin: RestoreToBegin, signal: AbortSignal): Promise<void> {
    await this.#documents.beginRestore(begin, signal)
  }

  readPreImage(parts: readonly DocumentBody[], signal: AbortSignal): AsyncIterable<Uint8Array> {
    return this.#documents.readParts(parts, signal)
  }

  async putHeads(signal: AbortSignal): Promise<void> {
    const said = await this.#newestHeads(signal)
    const heads = new Map(said)
    const { revoked } = await this.#keys.recall(signal)
    for (const source of await this.listSources(signal)) {
      const knownSeq = this.#sources.get(source)?.links.headSeq ?? said.get(source)?.seq
      const asked = { knownSeq, source, revoked }
      const head = await readHead(this.#readDeps(source, signal), asked, signal)
      // Never a smaller one than was said: whoever shortened the timeline shall not have it confirmed.
      if (head !== undefined && head.seq > (said.get(source)?.seq ?? -1)) heads.set(source, head)
    }
    const isNews = [...heads].some(([source, head]) => said.get(source)?.hash !== head.hash)
    if (!isNews) return
    await this.#appendFact({ kind: 'heads', heads: Object.fromEntries(heads) }, signal)
  }

  async putRestore(body: DrillBody | RestoreBody, signal: AbortSignal): Promise<void> {
    await this.#appendFact(body, signal)
  }

  async readRestores(signal: AbortSignal): Promise<RestoreFacts> {
    return foldFacts(await this.#readTrustedFacts(signal))
  }

  /** Makes what a new vault needs besides `vault.json` and its slot, with the root key. Repeatable. */
  async complete(signal: AbortSignal): Promise<void> {
    if (this.#deps.credential.signing.root === undefined) return
    const roles: readonly Role[] = ['custodian', 'keeper', 'restore', 'auditor']
    const doing = 'Cannot complete the vault'
    for (const role of roles) {
      await findAuthor(this.#deps, { roles: [role], source: VAULT_TIMELINE, doing }, signal)
    }
    const chain = await this.#readTrustedFacts(signal)
    if (chain.headSeq < 0) await this.#begin(chain, signal)
  }

  async #begin(chain: Chain, signal: AbortSignal): Promise<void> {
    const doing = 'Cannot begin the timeline of the vault'
    const wanted = { roles: ['root'] as const, source: VAULT_TIMELINE, doing }
    const author = await findAuthor(this.#deps, wanted, signal)
    const body = { kind: 'genesis', source: VAULT_TIMELINE } as const
    try {
      await appendEntry(this.#appendDeps(), { after: chain, body, author }, signal)
    } catch (error) {
      if (!isAppError(error, 'timeline.lost-race')) throw error
    }
  }

  async #readTrustedFacts(signal: AbortSignal): Promise<Chain> {
    const chain = await this.#readFacts(signal)
    refuseRollback(chain, this.#deps)
    return chain
  }

  /** Facts of `_vault` do not depend on each other: losing the slot means taking the next. */
  async #appendFact(
    said: EntryBody | ((after: Chain) => EntryBody | undefined | Promise<EntryBody | undefined>),
    signal: AbortSignal,
  ): Promise<{ readonly seq: number } | undefined> {
    return await giveWay(async () => {
      const found = await this.#readTrustedFacts(signal)
      const isBegun = found.headSeq >= 0
      if (!isBegun) await this.#begin(found, signal)
      const chain = isBegun ? found : await this.#readTrustedFacts(signal)
      const body = typeof said === 'function' ? await said(chain) : said
      if (body === undefined) return undefined
      const refusal = judgeFact(foldFacts(chain), body)
      if (refusal !== undefined) {
        const message = `Cannot commit ${describeKind(body.kind)} to "${VAULT_TIMELINE}": ${refusal}`
        throw new AppError('vault.entry-refused', message, { source: VAULT_TIMELINE })
      }
      return await this.#append(chain, body, signal)
    })
  }

  async #append(
    after: Parameters<typeof appendEntry>[1]['after'],
    body: EntryBody,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number }> {
    const doing = `Cannot commit ${describeKind(body.kind)} to "${after.source}"`
    const source = this.#captureSourceOf(after.source)
    const author = await findAuthor(
      this.#deps,
      { roles: AUTHORS[body.kind], source, doing },
      signal,
    )
    const { revoked } = await this.#keys.recall(signal)
    const place = { source: after.source, seq: after.headSeq + 1 }
    const { certificateId } = author
    if (isRevokedAt(revoked, certificateId, place)) throw certificateRevoked(doing, certificateId)
    const done = await appendEntry(this.#appendDeps(), { after, body, author }, signal)
    // Whoever stood still may have been revoked before its entry was stored: then it is void.
    const now = await this.#keys.read(signal)
    if (isRevokedAt(now.revoked, certificateId, place)) {
      throw certificateRevoked(doing, certificateId)
    }
    return done
  }

  /** In `_vault` a capture credential signs as the capture of its one source. */
  #captureSourceOf(timeline: string): string {
    if (timeline !== VAULT_TIMELINE) return timeline
    return Object.keys(this.#deps.credential.sources)[0] ?? VAULT_TIMELINE
  }

  /** What the vault itself says the heads are. */
  async #newestHeads(signal: AbortSignal): Promise<ReadonlyMap<string, SeenHead>> {
    const chain = await this.#readFacts(signal)
    if (isSound(chain)) return foldFacts(chain).heads
    // What is said behind a damage still tells that a timeline was shortened.
    const { revoked } = await this.#keys.recall(signal)
    return await readSaidHeads(this.#readDeps(VAULT_TIMELINE, signal), revoked, signal)
  }

  #readDeps(source: string, signal: AbortSignal) {
    const { credential, memory, store } = this.#deps
    const find = async (id: string) => {
      const known =
        this.#certificates.get(id) ??
        (await findTrustedCertificate(this.#deps, { id, source }, signal))
      if (known !== undefined) this.#certificates.set(id, known)
      return known
    }
    const { logKey } = credential
    return { vaultId: this.id, logKey, store, memory, findCertificate: find }
  }

  #appendDeps() {
    const { clock, credential, memory, random, store } = this.#deps
    return { vaultId: this.id, logKey: credential.logKey, store, memory, clock, random }
  }

  #keyMissing(doing: string, which: string): AppError {
    return roleMissing(doing, `it holds no ${which} key`, 'restore or keeper')
  }
}
