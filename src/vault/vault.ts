import type { DigestKey, VaultId } from '#seal/keys'
import type { SigningPublicKey } from '#seal/signing-pair'
import type { SegmentReadDeps, SegmentWriteDeps } from '#segment/segment'
import type { Clock } from '#stdx/clock'
import type { Random } from '#stdx/random'
import type { ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import type { CaptureBody, DocumentBody, EntryBody, TableRef, Transaction } from '#timeline/entry'
import type { Slot } from '#timeline/envelope'
import type { Resealed, RestoreFacts } from '#timeline/fold-facts'
import type { AgreedBody, FenceBody } from '#timeline/maintenance-entry'
import type { Proposal } from '#timeline/proposal'
import type { TimelineState } from '#timeline/timeline-state'
import type { TransactionsToWrite } from '#timeline/transaction-table'
import type { RestoreToBegin, SaidIdentity } from './document-log.ts'
import type { Repairs } from './repaired-store.ts'

/** Where the objects of a vault lie, and the keys that open them. */
export type Stores = { readonly store: ObjectStore; readonly keyring: ObjectStore }

import type { Holder } from './holder.ts'

/** Disposable: whatever lies there can be made anew. */
export type IndexPlace = {
  /** A folder of its own; it need not be there. */
  readonly folder: string
  readonly key: Uint8Array
  readonly random: Random
  readonly clock: Clock
  /** All files together are to have no more; 0: no index. */
  readonly bytesMax: number
}

/** What people decided on who is one, said in `_vault`. */
export type Identities = {
  /**
   * Says it; the text is sealed for whoever may read rows. Durable when it resolves.
   * @throws vault.role-missing without the restore role
   */
  putIdentity(text: string, signal: AbortSignal): Promise<void>
  /**
   * All that was ever decided, oldest first, whether it still stands or not.
   * @throws vault.role-missing without the read key, where there is any | vault.document-damaged
   */
  readIdentities(signal: AbortSignal): Promise<readonly SaidIdentity[]>
}

/**
 * A vault is timelines, segments, keyring and roles as one thing, opened with one credential. What
 * the credential does not allow throws `vault.role-missing` before anything is read or written.
 */
export type Vault = {
  readonly id: VaultId
  /** Signs every certificate; the credential pins it. */
  readonly rootPublicKey: SigningPublicKey
  readonly store: ObjectStore
  /** Objects as entries call them, whatever epoch of keys they are sealed for. */
  readonly keyring: ObjectStore
  /** Objects as they lie there, every epoch under its own name. */
  readonly storedKeyring: ObjectStore
  /** The same vault, with the same credential, as other stores hold it; nothing is remembered of it. */
  openElsewhere(store: ObjectStore, keyring: ObjectStore): Vault
  /** What the credential may do. */
  readonly holder: Holder
  /** Names of the sources that have a timeline, ascending; `_vault` is not one of them. */
  listSources(signal: AbortSignal): Promise<string[]>
  /**
   * Reads a timeline to its head, verifying every entry. Damage is in the state: `damagedFrom`, and
   * a sentence among the incidents; points before it are good.
   * @throws vault.source-unknown when there is no such timeline
   * @throws timeline.rolled-back
   */
  readTimeline(source: string, signal: AbortSignal): Promise<TimelineState>
  /**
   * The same of a timeline that was rolled back too: points that are still there and good can be
   * restored by their number. Nothing may be appended to it, and what is newest cannot be said.
   */
  readGoodPart(source: string, signal: AbortSignal): Promise<TimelineState>
  /** The entries themselves, of a source or of `_vault`; for checking; a rollback is in the result. @throws vault.source-unknown */
  readChain(timeline: string, signal: AbortSignal): Promise<Chain>
  /** What these bytes are as an entry, authenticated by themselves: nobody has to trust where they lay. */
  parseEntry(
    place: { readonly source: string; readonly seq: number },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<Slot>
  /**
   * Makes the timeline of a new source: its capture role, its certificate, its genesis. Nothing
   * happens when it is there already.
   * @throws vault.role-missing
   */
  addSource(source: string, signal: AbortSignal): Promise<void>
  /**
   * Commits one entry after `state.headSeq`, and reads it back.
   * Objects the body names must be durable already: it is looked whether they are there in full.
   * @throws vault.object-missing | timeline.damaged | timeline.undecided
   * @throws vault.entry-refused when it would not count after `state`, saying why
   * @throws timeline.lost-race when somebody else committed there first; read again and decide anew
   */
  append(
    state: TimelineState,
    body: EntryBody,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number }>
  /**
   * Stores the transactions of an entry that is about to be committed in this session, where they are
   * too many for it. Durable when it resolves.
   */
  putTransactions(written: TransactionsToWrite, signal: AbortSignal): Promise<TableRef>
  /**
   * The transactions that an entry tells, in the order of commits; none of an entry of no feed.
   * @throws timeline.transactions-damaged
   */
  readTransactions(
    source: string,
    body: CaptureBody,
    signal: AbortSignal,
  ): Promise<readonly Transaction[]>
  /** Why an entry would not count, were it committed after `state`; `undefined` when it would. */
  judge(state: TimelineState, body: EntryBody, signal: AbortSignal): Promise<string | undefined>
  /**
   * Adds the custodian's word to what two hands have to agree on; the keeper appends the outcome.
   * @throws vault.role-missing
   */
  cosign(source: string, proposal: Proposal, signal: AbortSignal): Promise<AgreedBody>
  /** Keys and recipients to write segments of a source with. */
  writeDeps(source: string, signal: AbortSignal): Promise<SegmentWriteDeps>
  /**
   * With the read key where the credential has it, else with the capture key: then rows stay shut.
   * Damaged objects that were repaired are read from their whole copies.
   */
  readDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps>
  /** What to read in the place of damaged objects of a source, as of the newest reading. */
  repairs(source: string, signal: AbortSignal): Promise<Repairs>
  /**
   * As `readDeps`, for whoever needs rows.
   * @throws vault.role-missing without the read key | vault.certificate-revoked
   */
  rowDeps(source: string, signal: AbortSignal): Promise<SegmentReadDeps>
  digestKey(source: string, signal: AbortSignal): Promise<DigestKey>
  /**
   * Where an index of rows may lie on this machine, and what it is sealed under; `undefined` where
   * nothing is remembered, or without the read key.
   */
  readonly indexPlace: IndexPlace | undefined
  /** Of the newest keys; 1 until keys were split. */
  keyEpoch(signal: AbortSignal): Promise<number>
  /** Lists of what was sealed anew for the keys of each epoch. */
  resealed(signal: AbortSignal): Promise<readonly Resealed[]>
  /** Stores a document of the vault; nothing happens when its newest body is the same. */
  putDocument(name: string, text: string, signal: AbortSignal): Promise<void>
  /** Newest body of a document, or `undefined`. */
  readDocument(name: string, signal: AbortSignal): Promise<string | undefined>
  /**
   * Declares dead, in `_vault`, who wrote documents and lists there and never committed, and objects of
   * the keyring that no entry speaks of: decided anew whenever somebody else was first. Nothing is said
   * when it is decided on nothing.
   * @throws vault.role-missing
   */
  declareDead(
    decide: (after: Chain) => Promise<FenceBody | undefined>,
    signal: AbortSignal,
  ): Promise<{ readonly seq: number } | undefined>
  /** Repeats all heads in `_vault`, so that a shortened timeline is noticed. */
  putHeads(signal: AbortSignal): Promise<void>
  /**
   * Says in `_vault` that a restore begins, with what it is about to change sealed beside it, for
   * whoever may read rows. Durable when it resolves. `ready` is called once, when all is stored and before it
   * is said: where it throws, nothing is said.
   * @throws vault.role-missing without the restore role
   */
  beginRestore(
    begin: RestoreToBegin,
    signal: AbortSignal,
    ready?: () => Promise<void>,
  ): Promise<void>
  /** A pre-image, in the pieces it was sealed in. @throws vault.role-missing | vault.document-damaged */
  readPreImage(parts: readonly DocumentBody[], signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Records a restore, or what a drill came to, in `_vault`. @throws as `beginRestore` */
  putRestore(
    body: Extract<EntryBody, { kind: 'drill' | 'restore' }>,
    signal: AbortSignal,
  ): Promise<void>
  /** What people decided on who is one. */
  readonly identities: Identities
  /** Every restore that was recorded, every one that began, every drill; each oldest first. */
  readRestores(signal: AbortSignal): Promise<RestoreFacts>
}
