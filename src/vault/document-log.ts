import type { Credential } from '#seal/credential'
import type { Openers, SealingPublicKey, VaultId } from '#seal/keys'
import type { Random } from '#stdx/random'
import { mapConcurrent } from '#stdx/streams'
import type { ObjectStore } from '#store/object-store'
import type { Chain } from '#timeline/chain-slots'
import type { DocumentBody, EntryBody } from '#timeline/entry'
import {
  foldFacts,
  formatIdentityName,
  formatPartName,
  identityDocumentOf,
} from '#timeline/fold-facts'
import type { BegunCrosswalk, BegunEntity, RestoreBegunBody } from '#timeline/restore-entry'
import { roleMissing } from './author.ts'
import { isDocumentText, makeSession, readDocumentBytes, writeDocument } from './document-object.ts'
import { readersOf } from './key-facts.ts'
import type { KeyLog } from './key-log.ts'
import type { VaultHeader } from './vault-header.ts'

type DocumentLogDeps = {
  readonly vaultId: VaultId
  readonly store: ObjectStore
  readonly keyring: ObjectStore
  readonly random: Random
  readonly credential: Pick<Credential, 'logKey' | 'past' | 'read'>
  /** Names who reads while nobody said otherwise. */
  readonly header: Pick<VaultHeader, 'readPublicKey'>
  readonly keys: Pick<KeyLog, 'read' | 'readTrusted'>
  readFacts(signal: AbortSignal): Promise<Chain>
  append(body: EntryBody, signal: AbortSignal): Promise<unknown>
}

/** What a restore is about to change, entity by entity. */
export type RestoreToBegin = Omit<RestoreBegunBody, 'crosswalk' | 'entities' | 'kind'> & {
  readonly entities: readonly EntityToBegin[]
  readonly crosswalk?: Omit<BegunCrosswalk, 'parts'> & Pick<EntityToBegin, 'read'>
}

/** A decision on who is one, as somebody said it. */
export type SaidIdentity = {
  readonly seq: number
  /** By the author's clock, ISO 8601. */
  readonly time: string
  /** Id of the certificate of who said it. */
  readonly author: string
  readonly text: string
}

type EntityToBegin = Omit<BegunEntity, 'parts'> & {
  /** The pre-image in pieces, as often as it is asked for; none where there is none. */
  readonly read: () => AsyncIterable<Uint8Array>
}

/** What is held of a pre-image at a time, and what one object has of it before it is compressed. */
export const PART_BYTES = 4 * 1_048_576

/** Decisions that are read at a time: each is two small objects, perhaps far away. */
const READS_MAX = 16

/** Texts that are sealed beside the entries of `_vault`: documents, pre-images and decisions. */
export class DocumentLog {
  readonly #deps: DocumentLogDeps

  constructor(deps: DocumentLogDeps) {
    this.#deps = deps
  }

  /** Nothing happens when its newest text is the same. */
  async put(name: string, text: string, signal: AbortSignal): Promise<void> {
    const { credential, readFacts } = this.#deps
    const known = foldFacts(await readFacts(signal)).documents.get(name)
    if (known !== undefined && isDocumentText(credential.logKey, known, text)) return
    await this.#say(async (readers) => {
      return await writeDocument(this.#writing(readers), { name, text }, signal)
    }, signal)
  }

  /** Its newest text. @throws vault.role-missing | vault.document-damaged */
  async read(name: string, signal: AbortSignal): Promise<string | undefined> {
    const openers = this.#openers(`Cannot read document "${name}"`)
    const body = foldFacts(await this.#deps.readFacts(signal)).documents.get(name)
    if (body === undefined) return undefined
    return (await readDocumentBytes({ ...this.#deps, openers }, body, signal)).toString('utf8')
  }

  /** Durable, and part of the vault, when it resolves. */
  async putIdentity(text: string, signal: AbortSignal): Promise<void> {
    const decision = Buffer.from(this.#deps.random.bytes(8)).toString('hex')
    await this.#say(async (readers) => {
      const wanted = { name: formatIdentityName(decision), text }
      const { keyring, keyringObject, object } = await writeDocument(
        this.#writing(readers),
        wanted,
        signal,
      )
      return { kind: 'identity', decision, text: { object, keyring, keyringObject } }
    }, signal)
  }

  /** Oldest first; asks for the read key only where there are any. @throws as `read` */
  async readIdentities(signal: AbortSignal): Promise<SaidIdentity[]> {
    const { identities } = foldFacts(await this.#deps.readFacts(signal))
    if (identities.length === 0) return []
    const openers = this.#openers('Cannot read decisions on who is one')
    const said: SaidIdentity[] = []
    const read = async ({ author, body, seq, time }: (typeof identities)[number]) => {
      const document = identityDocumentOf(body)
      const bytes = await readDocumentBytes({ ...this.#deps, openers }, document, signal)
      return { seq, time, author, text: bytes.toString('utf8') }
    }
    for await (const one of mapConcurrent(identities, READS_MAX, read)) said.push(one)
    return said
  }

  /** Holds `PART_BYTES` and what they compress to. Durable, and part of the vault, when it resolves. */
  async beginRestore(
    begin: RestoreToBegin,
    signal: AbortSignal,
    ready?: () => Promise<void>,
  ): Promise<void> {
    let isReady = false
    await this.#say(async (readers) => {
      const body = await this.#writeParts(begin, readers, signal)
      if (!isReady) await ready?.()
      isReady = true
      return body
    }, signal)
  }

  async #writeParts(
    { crosswalk: lines, entities: given, ...facts }: RestoreToBegin,
    readers: readonly SealingPublicKey[],
    signal: AbortSignal,
  ): Promise<RestoreBegunBody> {
    const session = makeSession(this.#deps.random)
    let index = 0
    const write = async (pieces: AsyncIterable<Uint8Array>) => {
      const parts: BegunEntity['parts'] = []
      for await (const text of cutParts(pieces)) {
        const wanted = { name: formatPartName(facts.restore, index), text, session, index }
        const body = await writeDocument(this.#writing(readers), wanted, signal)
        const { keyring, keyringObject, object } = body
        parts.push({ object, keyring, keyringObject })
        index += 1
      }
      return parts
    }
    const entities: BegunEntity[] = []
    for (const { read, ...entity } of given)
      entities.push({ ...entity, parts: await write(read()) })
    const begun = { kind: 'restore-begun' as const, ...facts, entities }
    if (lines === undefined) return begun
    const { read, ...crosswalk } = lines
    return { ...begun, crosswalk: { ...crosswalk, parts: await write(read()) } }
  }

  /** The parts of a pre-image one by one. @throws vault.role-missing | vault.document-damaged */
  async *readParts(
    parts: readonly DocumentBody[],
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const openers = this.#openers('Cannot read a pre-image')
    for (const body of parts) {
      yield await readDocumentBytes({ ...this.#deps, openers }, body, signal)
    }
  }

  #openers(doing: string): Openers {
    const { past = [], read } = this.#deps.credential
    if (read === undefined) throw roleMissing(doing, 'it holds no read key', 'restore or keeper')
    return { read, past }
  }

  #writing(readers: readonly SealingPublicKey[]) {
    return { ...this.#deps, logKey: this.#deps.credential.logKey, readers }
  }

  async #say(
    write: (readers: readonly SealingPublicKey[]) => Promise<EntryBody>,
    signal: AbortSignal,
  ): Promise<void> {
    const { append, header, keys } = this.#deps
    for (;;) {
      const facts = await keys.readTrusted(signal)
      await append(await write(readersOf(facts) ?? [header.readPublicKey]), signal)
      // Sealed for whom nobody reads any more, it is said again.
      if ((await keys.read(signal)).epoch === facts.epoch) return
    }
  }
}

async function* cutParts(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) {
      const taken = piece.subarray(at, at + PART_BYTES - heldBytes)
      held.push(taken)
      heldBytes += taken.byteLength
      at += taken.byteLength
      if (heldBytes < PART_BYTES) continue
      yield Buffer.concat(held)
      held = []
      heldBytes = 0
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held)
}
