import { sourceKeysOf } from '#seal/credential'
import type { DigestKey } from '#seal/keys'
import type { SegmentReadDeps, SegmentWriteDeps } from '#segment/segment'
import type { AppError } from '#stdx/app-error'
import { roleMissing } from './author.ts'
import { isCapturer } from './key-facts.ts'
import type { KeyLog } from './key-log.ts'
import type { OpenedVaultDeps } from './opened-vault-deps.ts'
import { recipientsFor } from './recipients-for.ts'
import { refuseOtherKeys, refuseRevoked } from './refuse-other-keys.ts'
import { repairedStores } from './repaired-store.ts'
import type { TimelineLog } from './timeline-log.ts'

export type SegmentKeysDeps = Pick<
  OpenedVaultDeps,
  'credential' | 'header' | 'keyring' | 'random' | 'store'
> & {
  readonly keys: Pick<KeyLog, 'readTrusted' | 'recall'>
  readonly timelines: Pick<TimelineLog, 'repairs'>
}

/** What a credential opens, and whom it seals to, and for which epoch of keys it has begun to. */
export class SegmentKeys {
  readonly #deps: SegmentKeysDeps
  /** By source: for which epoch of keys this process writes. */
  readonly #writing = new Map<string, number>()

  constructor(deps: SegmentKeysDeps) {
    this.#deps = deps
  }

  /** @throws vault.role-missing | vault.certificate-revoked */
  async forWriting(source: string, signal: AbortSignal): Promise<SegmentWriteDeps> {
    const { credential, header, keyring, random, store } = this.#deps
    const { signing } = sourceKeysOf(credential, source)
    const doing = `Cannot write segments of "${source}"`
    if (signing === undefined && credential.signing.keeper === undefined)
      throw roleMissing(doing, 'it holds no capture key', `capture of "${source}"`)
    const facts = await this.#deps.keys.readTrusted(signal)
    const recipients = recipientsFor(facts, { credential, header, source })
    this.#writing.set(source, facts.epoch)
    return { vaultId: header.vaultId, store, keyring, random, recipients }
  }

  /** @throws vault.keys-changed where what was sealed, or this credential, is none of today's */
  async refuseOthers(source: string, signal: AbortSignal): Promise<void> {
    const { credential, keys } = this.#deps
    const facts = await keys.readTrusted(signal)
    refuseOtherKeys(facts, { begun: this.#writing.get(source), credential, source })
  }

  /** With the read key where there is one, else with the capture key. @throws vault.role-missing */
  async forReading(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    const { credential, header, keys, timelines } = this.#deps
    const { capture: own } = sourceKeysOf(credential, source)
    // Who reads everything may derive a capture key that nothing is sealed to any more.
    const isUsed =
      own && (!credential.read || isCapturer(await keys.recall(signal), credential, source))
    const capture = isUsed ? own : undefined
    const { past, read } = credential
    const openers = { ...(read && { read }), ...(past && { past }), ...(capture && { capture }) }
    if (Object.keys(openers).length === 0) {
      throw keyMissing(`Cannot read segments of "${source}"`, 'read')
    }
    const stores = repairedStores(this.#deps, await timelines.repairs(source, signal))
    return { vaultId: header.vaultId, ...stores, openers }
  }

  /** The same, for whoever needs rows. @throws vault.role-missing | vault.certificate-revoked */
  async forRows(source: string, signal: AbortSignal): Promise<SegmentReadDeps> {
    const { credential, keys } = this.#deps
    const doing = `Cannot read rows of "${source}"`
    if (credential.read === undefined) throw keyMissing(doing, 'read')
    refuseRevoked(await keys.recall(signal), credential, doing)
    return await this.forReading(source, signal)
  }

  /** @throws vault.role-missing */
  digestOf(source: string): DigestKey {
    const { digestKey } = sourceKeysOf(this.#deps.credential, source)
    if (digestKey === undefined) throw keyMissing(`Cannot recognise rows of "${source}"`, 'digest')
    return digestKey
  }
}

function keyMissing(doing: string, which: string): AppError {
  return roleMissing(doing, `it holds no ${which} key`, 'restore or keeper')
}
