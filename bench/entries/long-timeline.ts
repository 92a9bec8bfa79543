import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EntityName } from '#record/entity-name'
import { sourceKeysOf } from '#seal/credential'
import { type SigningSeed, signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import type { ObjectRef, SegmentRef } from '#segment/segment'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { Secret } from '#stdx/secret'
import { openLocalStore } from '#store/local/local-store'
import { parseObjectName } from '#store/object-name'
import type { LinkedEntry } from '#timeline/chain-slots'
import type { EntryBody } from '#timeline/entry'
import { formatEntryName } from '#timeline/entry-name'
import { formatEntry, hashEntry } from '#timeline/envelope'
import { Folding } from '#timeline/fold-timeline'
import { SOURCE_FORM } from '#timeline/kept-forms'
import { openTimelineMemory } from '#timeline/timeline-memory'
import { createVault } from '#vault/create-vault'
import { type OpenVaultRequest, openWithCredential } from '#vault/open-vault'
import { measureFolder } from '../lib/folders.ts'

export const LONG_SOURCE = 'feed'
const ENTITY = 'public.customer' as EntityName
const COMPACT_EVERY = 256
const SPILL_EVERY = 4096
const { signal } = new AbortController()

export type LongTimeline = {
  /** To open it as a machine that has read all of it. */
  readonly request: OpenVaultRequest & { readonly stateDir: string }
  readonly entries: number
  readonly newestPoint: number
  keptBytes(): number
}

/**
 * A vault with a source of so many entries, and what a machine keeps that has read them: folded here
 * while they are made, by what folds them when they are read. Only the newest are signed and stored.
 */
export async function writeLongTimeline(
  root: string,
  { entries, files }: { readonly entries: number; readonly files: number },
): Promise<LongTimeline> {
  const { credential, header, request } = await beginVault(root)
  const folder = join(root, 'vault/timelines', LONG_SOURCE)
  mkdirSync(folder, { recursive: true })
  const log = { vaultId: header.vaultId, logKey: credential.logKey, random: systemRandom }
  const stateDir = join(request.stateDir, header.vaultId)
  const memory = openTimelineMemory(stateDir, log)
  const folding = new Folding(LONG_SOURCE)
  const { signing } = sourceKeysOf(credential, LONG_SOURCE)
  const capture = authorOf(signing)
  const keeper = authorOf(credential.signing.keeper)
  const authors = new Map<string, number>()
  const life = new FeedLife()
  let previous: string | null = null
  for (let seq = 0; seq < entries; seq++) {
    const body = life.next(seq)
    const author = body.kind === 'compact' ? keeper : capture
    const said = { source: LONG_SOURCE, seq, previous, voids: [], time: timeOf(seq), body }
    // Of an older one only what is folded of it will be asked for, so that it need not be signed.
    const bytes = seq < entries - files ? undefined : formatEntry(log, said, author)
    const hash: string = bytes === undefined ? hexOf(seq, 32) : hashEntry(bytes)
    if (bytes) writeFileSync(join(folder, `${String(seq).padStart(10, '0')}.entry`), bytes)
    const linked: LinkedEntry = { entry: { ...said, author: author.certificateId }, hash }
    folding.take(linked)
    authors.set(author.certificateId, seq)
    previous = hash
    if (seq % SPILL_EVERY === 0) await folding.spill(memory.pagesOf(LONG_SOURCE))
  }
  const links = {
    ...{ source: LONG_SOURCE, headSeq: entries - 1, headHash: previous ?? '', voids: [], authors },
    ...{
      incidents: [],
      damagedFrom: null,
      isUnsupported: false,
      rolledBack: null,
      unknownKinds: [],
    },
  }
  const state = folding.finish(links)
  await memory.remember(LONG_SOURCE, SOURCE_FORM, { links, keptSeq: entries - 1, state })
  const newestPoint = state.points.at(-1)?.seq ?? 0
  return { request, entries, newestPoint, keptBytes: () => measureFolder(stateDir) }
}

async function beginVault(root: string) {
  const places = { vault: join(root, 'vault'), keyring: join(root, 'vault/keyring') }
  mkdirSync(places.keyring, { recursive: true })
  const store = openLocalStore({ root: places.vault, random: systemRandom })
  const keyring = openLocalStore({ root: places.keyring, random: systemRandom })
  const deps = { store, keyring, random: systemRandom, clock: systemClock, signal }
  const passphrase = new Secret('a long passphrase that only the bench knows')
  await createVault({ ...deps, passphrase })
  const request = { ...deps, passphrase, stateDir: join(root, 'state') }
  const { credential, header, vault } = await openWithCredential({
    ...request,
    stateDir: undefined,
  })
  await vault.addSource(LONG_SOURCE, signal)
  // It is written again below, with the entries that follow it.
  await store.delete(formatEntryName(LONG_SOURCE, 0), signal)
  return { credential, header, request }
}

function authorOf(seed: SigningSeed | undefined) {
  if (seed === undefined) throw new Error('The passphrase of a new vault opens every key.')
  return { certificateId: signingKeyId(signingPublicKeyOf(seed)), seed }
}

function timeOf(seq: number): string {
  return new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString()
}

/** Captures of one row each; every so often all that is live becomes one segment. */
class FeedLife {
  #base: number | null = null
  #live: SegmentRef[] = []

  next(seq: number): EntryBody {
    if (seq === 0) return { kind: 'genesis', source: LONG_SOURCE }
    const session = hexOf(seq, 16)
    const segment = aSegment(session, seq)
    const written = { session, segments: [segment], bytesStored: 3000, durationMs: 5 }
    if (seq % COMPACT_EVERY === 0) {
      const removes = this.#live.map(({ keyring }) => String(keyring))
      this.#live = [{ ...segment, stamps: 'full', seqs: { min: 1, max: seq } }]
      return { kind: 'compact', ...written, segments: this.#live, removes }
    }
    this.#live.push(segment)
    const base = this.#base
    this.#base = seq
    return { ...aCapture(seq), ...written, base, ...(base === null && { catalogue: NOTHING }) }
  }
}

const NOTHING = { definition: null, notRestored: [] }

function aCapture(seq: number) {
  const counts = { rows: 1000 + seq, inserted: 1, updated: 0, deleted: 0 }
  const fingerprint = hexOf(-seq, 16)
  return {
    kind: 'capture' as const,
    connector: 'postgres',
    cut: {
      position: `0/${(16_777_216 + seq * 512).toString(16)}`,
      time: timeOf(seq),
      identity: { system: '7301', database: 'app' },
    },
    catalogue: null,
    sequences: {},
    entities: [{ entity: ENTITY, schema: 1, generation: 1, ...counts, fingerprint }],
    leftOut: [],
    schemas: [],
  }
}

function aSegment(session: string, seq: number): SegmentRef {
  const folder = `${LONG_SOURCE}/${session}`
  const hashOf = (which: number) => hexOf(seq * 8 + which, 32)
  const object = (part: string, which: number): ObjectRef => ({
    name: parseObjectName(`segments/${folder}/1.${part}`),
    sizeBytes: 1200,
    sha256: hashOf(which),
    commitment: hashOf(which + 1),
  })
  return {
    entity: ENTITY,
    generation: 1,
    schema: 1,
    stamps: 'ordinal',
    versionCount: 1,
    rowCount: 1,
    keyring: parseObjectName(`${folder}/1`),
    keyringObject: { sizeBytes: 400, sha256: hashOf(5) },
    keys: object('keys', 1),
    rows: object('rows', 3),
    blobs: null,
    borrowed: [],
  }
}

/** As incompressible as what it stands for, and cheap. */
function hexOf(seed: number, bytes: number): string {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) >>> 0 || 1
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[i] = state
  }
  return Buffer.from(words.buffer, 0, bytes).toString('hex')
}
