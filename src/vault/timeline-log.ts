import type { Certificate } from '#seal/certificate'
import { type Chain, isSound, type SeenHead } from '#timeline/chain-slots'
import { parseSourceName, VAULT_TIMELINE } from '#timeline/entry-name'
import { listTimelines } from '#timeline/find-slots'
import { foldFacts } from '#timeline/fold-facts'
import { readChain } from '#timeline/read-chain'
import { type KeptFacts, readFacts, toChain } from '#timeline/read-facts'
import { type KeptSource, readSource } from '#timeline/read-source'
import type { KeyLog } from './key-log.ts'
import type { OpenedVaultDeps } from './opened-vault-deps.ts'
import { refuseRollback, refuseUnknown } from './refuse-links.ts'
import type { Repairs } from './repaired-store.ts'
import { findTrustedCertificate } from './said-certificate.ts'
import { readHead, readSaidHeads } from './said-heads.ts'

export type TimelineLogDeps = OpenedVaultDeps & {
  readonly keys: Pick<KeyLog, 'read' | 'recall'>
}

/** The timelines of a vault, and what was read of them last. Remembers the certificates it has verified. */
export class TimelineLog {
  readonly #deps: TimelineLogDeps
  readonly #certificates = new Map<string, Certificate>()
  /** As of the newest reading of a source's timeline. */
  readonly #repairs = new Map<string, Repairs>()
  /** By source, how it was when it was read last and could be relied on. */
  readonly #sources = new Map<string, KeptSource>()
  /** The same of `_vault`. */
  #facts: KeptFacts | undefined

  constructor(deps: TimelineLogDeps) {
    this.#deps = deps
  }

  /** Names of the sources, ascending. */
  async listSources(signal: AbortSignal): Promise<string[]> {
    return (await listTimelines(this.#deps.store, signal)).filter((one) => one !== VAULT_TIMELINE)
  }

  /** A rollback is in the result. @throws vault.source-unknown */
  async readSource(name: string, signal: AbortSignal): Promise<KeptSource> {
    const source = parseSourceName(name)
    const before = this.#sources.get(source)
    const deps = { ...this.depsFor(source, signal), kept: this.#deps.kept, before }
    const read = await readSource(deps, source, await this.#outsideOf(source, signal))
    refuseUnknown(read.links)
    if (isSound(read.links)) this.#sources.set(source, read)
    else this.#sources.delete(source)
    this.#repairs.set(source, read.state.repairs)
    return read
  }

  /** The entries themselves, of a source or of `_vault`. @throws vault.source-unknown */
  async readChain(timeline: string, signal: AbortSignal): Promise<Chain> {
    const deps = this.depsFor(timeline, signal)
    const chain = await readChain(deps, timeline, await this.#outsideOf(timeline, signal))
    refuseUnknown(chain)
    return chain
  }

  /** `_vault` as it is now, whether it can be relied on or not; earlier words on heads may be missing. */
  async readFacts(signal: AbortSignal): Promise<Chain> {
    const before = this.#facts
    const deps = { ...this.depsFor(VAULT_TIMELINE, signal), kept: this.#deps.kept, before }
    const read = await readFacts(deps, { signal })
    this.#facts = isSound(read.links) ? read : undefined
    return toChain(read)
  }

  /** @throws timeline.rolled-back */
  async readTrustedFacts(signal: AbortSignal): Promise<Chain> {
    const chain = await this.readFacts(signal)
    refuseRollback(chain, this.#deps)
    return chain
  }

  /** What to read in the place of damaged objects of a source, as of the newest reading. */
  async repairs(source: string, signal: AbortSignal): Promise<Repairs> {
    // Documents can be written again: nothing repairs them.
    if (source === VAULT_TIMELINE) return new Map()
    return this.#repairs.get(source) ?? (await this.readSource(source, signal)).state.repairs
  }

  /** The heads of all sources, where some are newer than the vault itself says; else `undefined`. */
  async findNewHeads(signal: AbortSignal): Promise<ReadonlyMap<string, SeenHead> | undefined> {
    const said = await this.#readSaidHeads(signal)
    const heads = new Map(said)
    const { revoked } = await this.#deps.keys.recall(signal)
    for (const source of await this.listSources(signal)) {
      const knownSeq = this.#sources.get(source)?.links.headSeq ?? said.get(source)?.seq
      const asked = { knownSeq, source, revoked }
      const head = await readHead(this.depsFor(source, signal), asked, signal)
      // Never a smaller one than was said: whoever shortened the timeline shall not have it confirmed.
      if (head !== undefined && head.seq > (said.get(source)?.seq ?? -1)) heads.set(source, head)
    }
    const isNews = [...heads].some(([source, head]) => said.get(source)?.hash !== head.hash)
    return isNews ? heads : undefined
  }

  /** What it takes to read entries of a timeline. */
  depsFor(source: string, signal: AbortSignal) {
    const { credential, header, memory, store } = this.#deps
    const findCertificate = async (id: string) => {
      const known =
        this.#certificates.get(id) ??
        (await findTrustedCertificate(this.#deps, { id, source }, signal))
      if (known !== undefined) this.#certificates.set(id, known)
      return known
    }
    const { logKey } = credential
    return { vaultId: header.vaultId, logKey, store, memory, findCertificate }
  }

  /** What others say of a timeline: heads they saw, and who may not have stated what. */
  async #outsideOf(timeline: string, signal: AbortSignal) {
    if (timeline === VAULT_TIMELINE) return { signal }
    const { revoked } = await this.#deps.keys.read(signal)
    const findSaid = async () => {
      const said = (await this.#readSaidHeads(signal)).get(timeline)
      return said === undefined ? [] : [said]
    }
    return { findSaid, revoked, signal }
  }

  /** What the vault itself says the heads are. */
  async #readSaidHeads(signal: AbortSignal): Promise<ReadonlyMap<string, SeenHead>> {
    const chain = await this.readFacts(signal)
    if (isSound(chain)) return foldFacts(chain).heads
    // What is said behind a damage still tells that a timeline was shortened.
    const { revoked } = await this.#deps.keys.recall(signal)
    return await readSaidHeads(this.depsFor(VAULT_TIMELINE, signal), revoked, signal)
  }
}
