import type { EntityName } from '#record/entity-name'
import { type Credential, parseCredential } from '#seal/credential'
import { openKeyring } from '#seal/keyring'
import type { SealingPrivateKey, VaultId } from '#seal/keys'
import { openSlot } from '#seal/slot'
import type { SegmentRef } from '#segment/segment'
import { isAppError } from '#stdx/app-error'
import type { MemoryStore } from '#store/testing/memory-store'
import { formatEntryName, VAULT_TIMELINE } from '#timeline/entry-name'
import { foldFacts } from '#timeline/fold-facts'
import type { Point, TimelineState } from '#timeline/timeline-state'
import { checkVault } from '#vault/check-vault'
import type { Vault } from '#vault/vault'
import type { Chance } from './chance.ts'
import { PASSPHRASE } from './key-cabinet.ts'
import { compareHeld, readHeld } from './read-records.ts'
import type { StoredObject } from './simulated-store.ts'
import { isVaultTimeline, must, type NewEntry, type Truth, unsealedName } from './truth.ts'

export type CheckDeps = {
  readonly truth: Truth
  readonly vaultId: VaultId
  /** Opens the vault with every key on stores without faults; nobody acts through it. */
  readonly open: (credential: Credential) => Vault
  /** Every key that there is at first. */
  readonly whole: Credential
  readonly store: MemoryStore
  readonly keyring: MemoryStore
  readonly chance: Chance
}

/** What reading a rotten object gives. */
const ROTTEN = [
  'segment.damaged',
  'segment.object-missing',
  'segment.missing-key',
  'seal.not-authentic',
] as const

/** Every point was read when it was committed. */
const POINTS_AT_THE_END = 4
const { signal } = new AbortController()

/** Entries after which whoever is at something may be told so. */
const CHANGES_KEYS = new Set(['certificate', 'recipients', 'resealed', 'revoke'])

/** Holds what lies in the stores against the truth, with the product's own readers. */
export class InvariantCheck {
  readonly #deps: CheckDeps
  /** Keyring object by data key: none may be used for two. */
  readonly #keyrings = new Map<string, string>()
  /** By entity, layout and rows. */
  readonly #fingerprints = new Map<string, string>()
  /** What stands for rotten objects. */
  readonly #copies = new Set<string>()
  #vault: Vault
  #epoch = 1
  /** Of every slot that lay there. */
  readonly #readKeys: SealingPrivateKey[] = []

  constructor(deps: CheckDeps) {
    this.#deps = deps
    this.#vault = deps.open(deps.whole)
  }

  /** With every key of today. */
  get vault(): Vault {
    return this.#vault
  }

  /** After every step; does something when an entry or a keyring object was stored. @throws Violation */
  async afterStep(): Promise<void> {
    const { entries, keyrings } = this.#deps.truth.takeNews()
    for (const object of keyrings) {
      if (object.name.startsWith('slots/')) await this.#takeKeys(object)
      else await this.#checkKeys(object)
    }
    for (const entry of entries) {
      if (isVaultTimeline(entry)) await this.#checkFacts(entry)
      else await this.#checkSource(entry)
    }
  }

  /** Keys that are on their way lie in a slot before anything is sealed to them. */
  async #takeKeys({ bytes, name }: StoredObject): Promise<void> {
    const { open, vaultId } = this.#deps
    const text = Buffer.from(bytes).toString()
    const opened = await openSlot({ vaultId, name, text, passphrase: PASSPHRASE })
    const credential = parseCredential(opened)
    if ((credential.epoch ?? 1) < this.#epoch) return
    this.#epoch = credential.epoch ?? 1
    // Who met a list of the past makes other keys of the same epoch, and seals to those.
    if (credential.read) this.#readKeys.push(credential.read)
    const past = [...(credential.past ?? []), ...this.#readKeys]
    this.#vault = open({ ...credential, past })
  }

  /** Everything once more, some of the points in full, with a restorer's keys of today. @throws Violation */
  async atTheEnd(restorer: Credential): Promise<void> {
    const { chance, open, truth } = this.#deps
    await this.afterStep()
    const vault = open(restorer)
    for (const source of truth.points.keys()) {
      const state = await vault.readTimeline(source, signal)
      const share = POINTS_AT_THE_END / state.points.length
      for (const point of state.points.filter(() => chance.happens(share))) {
        await this.#checkPoint(state, point, vault)
      }
    }
    const report = await checkVault(this.#vault, { depth: 'decoded', signal, onProgress: () => {} })
    const [problem] = report.problems
    must(problem === undefined, 'I1', `check found ${problem?.object}: ${problem?.problem}`)
  }

  /** Objects of a source that no kept point is read from, the store's name in front. */
  listGarbage(source: string): readonly string[] {
    const { keyring, store, truth } = this.#deps
    const listed = [
      ...[...store.objects.keys()].map((name) => ({
        name,
        of: `segments/${source}/`,
        label: 'vault',
      })),
      ...[...keyring.objects.keys()].map((name) => ({ name, of: `${source}/`, label: 'keyring' })),
    ]
    return listed
      .filter(({ name, of }) => name.startsWith(of))
      .map(({ label, name }) => `${label}:${label === 'keyring' ? unsealedName(name) : name}`)
      .filter((name) => !truth.needed.has(name))
  }

  async #checkSource({ seq, timeline: source }: NewEntry): Promise<void> {
    const { chance, truth } = this.#deps
    const state = await this.#vault.readTimeline(source, signal)
    must(state.damagedFrom === null, 'I5', `${source} is damaged from ${state.damagedFrom} on`)
    for (const incident of state.incidents) {
      const isRevoked = truth.upheavals > 0 && /revoked before$/.test(incident.problem)
      const isVoid = isRevoked || truth.voids.has(`${source}/${incident.seq}`)
      must(isVoid, 'I5', `${source} has an incident: ${incident.problem}`)
    }
    const known = truth.pointsOf(source)
    for (const point of known) {
      const isThere = state.points.bySeq(point.seq) !== undefined
      must(isThere || state.expired.has(point.seq), 'I2', `${source}@${point.seq} is gone`)
    }
    for (const point of known) {
      if (state.expired.get(point.seq) === seq) await this.#checkExpired(state, point.seq)
    }
    const kept = known.filter((point) => !state.expired.has(point.seq))
    truth.points.set(source, kept)
    for (const point of state.points) {
      if (known.some((one) => one.seq === point.seq)) continue
      must(point.seq === seq, 'I3', `${source}@${point.seq} appeared when ${seq} was committed`)
      this.#noteCommitted(source, point)
      await this.#checkPoint(state, point)
    }
    // Those of compactions, too.
    for (const { body } of (await this.#vault.readChain(source, signal)).entries) {
      if ('session' in body && state.sessions.has(body.session)) truth.committed.add(body.session)
    }
    this.#noteNeeded(source, state)
    if (!chance.happens(0.3)) return
    const older = chance.pick([...state.points])
    if (older !== undefined) await this.#checkPoint(state, older)
  }

  /** I2: whatever clocks say, a policy lets nothing go early by the clock of the store, which is right. */
  async #checkExpired({ points, source }: TimelineState, seq: number): Promise<void> {
    const keepAllMs = this.#deps.truth.keptMs.get(`${source}@${seq}`)
    const newest = points.at(-1)
    if (keepAllMs === undefined || newest === undefined) return
    const ageMs = (await this.#storedMs(source, newest.seq)) - (await this.#storedMs(source, seq))
    must(ageMs >= keepAllMs, 'I2', `${source}@${seq} went ${keepAllMs - ageMs} ms early`)
  }

  async #storedMs(source: string, seq: number): Promise<number> {
    const found = await this.#deps.store.stat(formatEntryName(source, seq), signal)
    return found?.modifiedMs ?? 0
  }

  #noteCommitted(source: string, point: Point): void {
    const { truth } = this.#deps
    const { session } = point.body
    const attempt = truth.attempts.get(session)
    must(attempt?.source === source, 'I3', `${source}@${point.seq} is of nobody's session`)
    must(!truth.committed.has(session), 'I5', `session ${session} was committed twice`)
    truth.committed.add(session)
    const points = truth.points.get(source) ?? []
    const committed = { seq: point.seq, session, held: attempt.held }
    points.push(committed)
    truth.points.set(source, points)
    const ever = truth.everCommitted.get(source) ?? []
    truth.everCommitted.set(source, [...ever, committed])
  }

  async #checkPoint(state: TimelineState, point: Point, vault: Vault = this.#vault): Promise<void> {
    const { truth } = this.#deps
    const expected = truth.pointsOf(state.source).find(({ seq }) => seq === point.seq)
    must(expected !== undefined, 'I3', `${state.source}@${point.seq} was never committed`)
    const held = await readHeld(vault, { state, point }, signal).catch((error: unknown) => {
      if (truth.rotten.size > 0 && ROTTEN.some((code) => isAppError(error, code))) return undefined
      throw error
    })
    if (held === undefined) return
    const difference = compareHeld(held, expected.held)
    must(difference === undefined, 'I1', `${state.source}@${point.seq}: ${difference}`)
    for (const { entity, fingerprint, schema } of point.entities) {
      if (fingerprint === null) continue
      const layout = state.schemas.get(entity)?.find(({ version }) => version === schema)?.layout
      const rows = expected.held.get(entity) ?? []
      const same = [state.source, entity, layout, ...rows].join('\n')
      const known = this.#fingerprints.get(same) ?? fingerprint
      this.#fingerprints.set(same, known)
      const where = `${state.source}@${point.seq} ${entity}`
      must(
        known === fingerprint,
        'I8',
        `${where} has another fingerprint than the same rows before`,
      )
      must(point.entities.some(isCounted(entity, rows.length)), 'I1', `${where} counts wrong`)
    }
  }

  #noteNeeded(source: string, state: TimelineState): void {
    const isOwn = new RegExp(`^(vault:segments/|keyring:)${source}/`)
    const others = [...this.#deps.truth.needed].filter((name) => !isOwn.test(name))
    const reached = [...state.segments.values()].flat().flatMap(({ ref }) => objectsOf(ref))
    const copies = reached.flatMap((name) => {
      const by = state.repairs.get(name)
      return by === undefined ? [] : [`${name.slice(0, name.indexOf(':'))}:${by}`]
    })
    for (const name of copies) this.#copies.add(name)
    const own = [...reached, ...copies]
    this.#deps.truth.needed = new Set([...others, ...own])
  }

  async #checkFacts({ seq }: NewEntry): Promise<void> {
    const { truth } = this.#deps
    const vault = this.#vault
    const chain = await vault.readChain(VAULT_TIMELINE, signal)
    must(chain.damagedFrom === null, 'I5', `_vault is damaged from ${chain.damagedFrom} on`)
    const entry = chain.entries.find((one) => one.seq === seq)
    const { documents, heads } = foldFacts(chain)
    for (const [source, head] of heads) {
      const { headSeq } = await vault.readTimeline(source, signal)
      must(head.seq <= headSeq, 'I5', `_vault says that ${source} ends at ${head.seq}`)
    }
    const { kind } = entry?.body ?? {}
    if (kind !== undefined && CHANGES_KEYS.has(kind)) truth.upheavals += 1
    if (kind === 'revoke') {
      for (const source of truth.points.keys()) await this.#dropRevoked(source)
    }
    if (entry?.body.kind !== 'document') return
    const { document } = entry.body
    must(documents.get(document) === entry.body, 'I2', `document "${document}" is not the newest`)
    const text = (await vault.readDocument(document, signal)) ?? ''
    must(truth.texts.has(text), 'I1', `document "${document}" is what nobody wrote`)
  }

  /**
   * Nothing counts any more that a holder stated who was revoked before; but of whatever somebody was
   * told that it was committed, nothing may go.
   */
  async #dropRevoked(source: string): Promise<void> {
    const { truth } = this.#deps
    const state = await this.#vault.readTimeline(source, signal)
    const seqs = new Set(state.points.map(({ seq }) => seq))
    for (const { seq, session } of truth.pointsOf(source)) {
      const isKept = seqs.has(seq) || state.expired.has(seq) || !truth.told.has(session)
      must(isKept, 'I2', `${source}@${seq} was told to be committed and is revoked`)
    }
    const ever = truth.everCommitted.get(source) ?? []
    truth.points.set(
      source,
      ever.filter(({ seq }) => seqs.has(seq)),
    )
    for (const point of state.points) {
      must(
        ever.some(({ seq }) => seq === point.seq),
        'I3',
        `${source}@${point.seq} appeared`,
      )
      await this.#checkPoint(state, point)
    }
    this.#noteNeeded(source, state)
  }

  async #checkKeys({ bytes, name }: StoredObject): Promise<void> {
    const vault = this.#vault
    const { openers } = await vault.readDeps(VAULT_TIMELINE, signal)
    // Keys that are sealed anew stay those of the same segment, and so do those of a whole copy.
    const segment = unsealedName(name)
    const request = { vaultId: vault.id, name: segment, bytes: Uint8Array.from(bytes), openers }
    const isCopy = this.#deps.truth.rotten.size > 0 || this.#copies.has(`keyring:${segment}`)
    const opened = await openKeyring(request).catch((error: unknown) => {
      // It is sealed as what it stands for.
      if (isCopy && isAppError(error, 'seal.not-authentic')) return undefined
      throw error
    })
    const { blobs, keys, rows } = opened ?? {}
    for (const key of [keys, rows, blobs].flatMap((part) => part ?? [])) {
      if (key.length === 0) continue
      const id = Buffer.from(key).toString('hex')
      const other = this.#keyrings.get(id)
      must(
        other === undefined || other === segment,
        'I7',
        `${segment} and ${other} share a data key`,
      )
      this.#keyrings.set(id, segment)
    }
  }
}

function isCounted(entity: EntityName, rowCount: number) {
  return (one: Point['body']['entities'][number]) => one.entity === entity && one.rows === rowCount
}

function objectsOf({ blobs, borrowed, keyring, keys, rows }: SegmentRef): string[] {
  return [
    ...[keys, rows, blobs].flatMap((object) => (object === null ? [] : `vault:${object.name}`)),
    ...borrowed.map(({ object }) => `vault:${object}`),
    ...[keyring, ...borrowed.map((one) => one.keyring)].map((name) => `keyring:${name}`),
  ]
}
