/** Entries, and which of them count: docs/format/entries.md, entry-kinds.md, what-counts.md. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { canonical, hex, hkdf, isSigned, need, open, sha256, unhex } from './basics.mjs'
import { isSame } from './data-keys.mjs'
import { mayState, parseCertificate, UNKNOWN } from './hands.mjs'

/** What lies in a slot: an entry, nothing that counts, or what a later version wrote. */
function readSlot(vault, timeline, seq) {
  const name = `timelines/${timeline}/${String(seq).padStart(10, '0')}.entry`
  const object = readFileSync(join(vault.folder, name))
  const at = { seq, hash: hex(sha256(object)) }
  const voided = { ...at, kind: 'void' }
  if (object.length < 38 || object.toString('latin1', 0, 4) !== 'HFTE') return voided
  need(object[4] === 1 && object[5] === 0, `${name} is of another format.`)
  const key = hkdf(vault.logKey, object.subarray(6, 38), 'holdfast log 1', 32)
  const aad = Buffer.from(`holdfast entry 1 0\n${vault.id}/${timeline}/${seq}`)
  const frame = open(key, Buffer.alloc(12), aad, object.subarray(38))
  if (frame === undefined) return voided
  const opened = zstdDecompressSync(frame, { maxOutputLength: 256 << 20 })
  const statement = opened.subarray(64)
  const said = JSON.parse(statement.toString('utf8'))
  const isHere = said.vaultId === vault.id && said.source === timeline && said.seq === seq
  const author = vault.certificates.get(said.author)
  if (!isHere || author === undefined) return voided
  const signed = Buffer.concat([Buffer.from('holdfast entry 1\n'), statement])
  if (!isSigned(author.key, signed, opened.subarray(0, 64))) return voided
  if (!mayState(author, said.body.kind, timeline)) return voided
  if (said.body.cosigned !== undefined && !isCosigned(vault, timeline, said.body)) return voided
  return { ...at, kind: 'entry', ...said }
}

function isCosigned(vault, source, { cosigned, ...proposal }) {
  const second = vault.certificates.get(cosigned.author)
  const signed = `holdfast proposal 1\n${canonical({ vaultId: vault.id, source, proposal })}`
  if (second?.role !== 'custodian') return false
  return isSigned(second.key, Buffer.from(signed), unhex(cosigned.signature))
}

/** Every slot of a timeline that is whole to its head. */
function readTimeline(vault, timeline) {
  const names = readdirSync(join(vault.folder, 'timelines', timeline)).sort()
  const seqs = names
    .filter((name) => /^[0-9]{10}\.entry$/.test(name))
    .map((name) => parseInt(name, 10))
  return seqs.map((seq, i) => {
    need(seq === i, `Entry ${i} of ${timeline} is missing.`)
    return readSlot(vault, timeline, seq)
  })
}

/** The entries that count as such, in order. */
function chain(vault, timeline, slots) {
  const entries = []
  let voids = []
  for (const [i, slot] of slots.entries()) {
    const { kind, hash, seq } = slot
    const authors = [slot.author, slot.body?.cosigned?.author]
    const isRevoked = authors.some((id) => isRevokedAt(vault.revoked, id, timeline, seq))
    if (kind === 'void' || isRevoked) {
      need(seq > 0, `${timeline} begins with nothing.`)
      voids.push({ seq, hash })
      continue
    }
    need((seq === 0) === (slot.body.kind === 'genesis'), `A genesis of ${timeline} is misplaced.`)
    need(slot.previous === (slots[i - 1]?.hash ?? null), `Entry ${seq} follows another one.`)
    need(canonical(slot.voids) === canonical(voids), `Entry ${seq} does not name the void slots.`)
    voids = []
    entries.push(slot)
  }
  const seen = vault.heads?.[timeline]
  need(seen === undefined || slots[seen.seq]?.hash === seen.hash, `${timeline} is an older one.`)
  return entries
}

function isRevokedAt(revoked, id, timeline, seq) {
  const last = revoked.get(id)
  return last !== undefined && seq > (last[timeline] ?? -1)
}

/** What `_vault` says: certificates the root repeated, revocations, epoch, documents, heads. */
export function readFacts(vault) {
  const slots = readTimeline(vault, '_vault')
  for (const { body, kind } of slots) {
    if (kind !== 'entry' || body.kind !== 'certificate') continue
    for (const text of body.certificates) {
      const certificate = parseCertificate(vault, text)
      vault.certificates.set(certificate.id, certificate)
    }
  }
  const revokes = slots.filter(({ body }) => body?.kind === 'revoke')
  for (const { certificate, last } of revokes.flatMap(({ body }) => body.certificates)) {
    if (!vault.revoked.has(certificate)) vault.revoked.set(certificate, last)
  }
  const heads = slots.filter(({ body }) => body?.kind === 'heads').at(-1)
  vault.heads = heads?.body.heads
  const dead = { sessions: new Set(), keyrings: new Set() }
  const isAlive = ({ name }) => !dead.sessions.has(name.split('/')[2])
  for (const { body } of chain(vault, '_vault', readTimeline(vault, '_vault'))) {
    if (body.kind === 'recipients') vault.epoch = Math.max(vault.epoch, body.epoch)
    if (body.kind === 'document' && isAlive(body.object)) vault.documents.set(body.document, body)
    if (body.kind === 'resealed' && isAlive(body.list)) addResealed(vault, body, dead.keyrings)
    if (body.kind !== 'fence') continue
    for (const session of body.sessions) dead.sessions.add(session)
    for (const name of body.keyrings ?? []) dead.keyrings.add(name)
  }
}

/** What objects of the keyring are since they were sealed anew. */
function addResealed(vault, { epoch, list }, dead) {
  const bytes = readFileSync(join(vault.folder, list.name))
  need(isSame(bytes, list), `${list.name} is not what was committed.`)
  for (const line of zstdDecompressSync(bytes).toString('utf8').split('\n').slice(0, -1)) {
    const [name, sizeBytes, sha256] = line.split(' ')
    if (dead.has(`${name}.${epoch}`)) continue
    vault.resealed.set(name, { sizeBytes: Number(sizeBytes), sha256 })
  }
}

/** Points, schema versions, live segments, repairs. */
export function foldSource(vault, source) {
  const state = {
    name: source,
    points: [],
    schemas: new Map(),
    live: [],
    repairs: new Map(),
    basis: null,
    scan: null,
    isLost: false,
    untold: new Set(),
    sessions: new Set(),
    fenced: new Set(),
  }
  for (const { body, seq } of chain(vault, source, readTimeline(vault, source))) {
    need(!UNKNOWN.includes(body.kind), `Entry ${seq} is of a later version.`)
    ADD[body.kind]?.(state, seq, body)
  }
  return state
}

const ADD = {
  capture: (state, seq, body) => addWritten(state, body, () => addCapture(state, seq, body)),
  compact: (state, seq, body) => addWritten(state, body, () => addCompact(state, seq, body)),
  gap: (state, _seq, { entities }) => {
    if (state.points.length === 0) return
    if (entities === null) state.isLost = true
    else for (const entity of entities) state.untold.add(entity)
  },
  fence: ({ fenced }, _seq, { sessions }) => {
    for (const session of sessions) fenced.add(session)
  },
  repair: (state, _seq, body) => addRepair(state, body),
  label: (state, _seq, body) => addLabel(state, body),
  hold: addJudgement,
  release: addJudgement,
  expire: addJudgement,
}

/** What a session wrote counts once, and not after it was declared dead. */
function addWritten({ fenced, name, sessions }, { segments, session }, add) {
  if (sessions.has(session) || fenced.has(session)) return
  if (segments.every((one) => isOwn(one, name, session)) && add()) sessions.add(session)
}

function isOwn({ blobs, keyring, keys, rows }, source, session) {
  const folder = `${source}/${session}/`
  const names = [keys, rows, blobs].filter((one) => one !== null).map(({ name }) => name)
  return names.every((name) => name.startsWith(`segments/${folder}`)) && keyring.startsWith(folder)
}

function areBorrowed(live, segments) {
  const blobs = [...live.map(({ ref }) => ref), ...segments].map((ref) => ref.blobs?.name)
  const reached = new Set(blobs)
  for (const { ref } of live) for (const { object } of ref.borrowed) reached.add(object)
  return segments.every(({ borrowed }) => borrowed.every(({ object }) => reached.has(object)))
}

function addCapture(state, seq, body) {
  const newest = state.points.at(-1)
  if (body.base !== (newest?.seq ?? null) || !areBorrowed(state.live, body.segments)) return false
  if (body.catalogue === null && newest === undefined) return false
  const isTold = body.follow?.part === 'transactions'
  if (body.follow !== undefined && !isFollowing(state, body)) return false
  doubtTold(state, body, newest)
  if (!isTold) Object.assign(state, { scan: { seq, body }, isLost: false, untold: new Set() })
  const entities = isTold ? overlay(state.scan.body.entities, body.entities) : body.entities
  const unproven = isTold ? [...new Set([...body.follow.notFollowed, ...state.untold])].sort() : []
  const before = newest?.entities ?? []
  state.points.push({ seq, body, entities, before, unproven, labels: [], held: false })
  for (const schema of body.schemas) state.schemas.set(`${schema.entity} ${schema.version}`, schema)
  for (const ref of body.segments) state.live.push({ seq, ref })
  return true
}

/** What a reconcile found otherwise than the feed had told is unproven since the scan before it. */
function doubtTold({ isLost, points, scan, untold }, { entities, follow }, newest) {
  const told = newest?.body.follow
  if (follow?.part !== 'reconcile' || told === undefined || isLost) return
  const held = new Set(scan.body.entities.map(({ entity }) => entity))
  for (const one of told.notFollowed.concat(...untold)) held.delete(one)
  const isRepaired = (one) => held.has(one.entity) && one.inserted + one.updated + one.deleted > 0
  const lost = entities.filter(isRepaired).map(({ entity }) => entity)
  for (const point of points) {
    if (point.seq <= scan.seq) continue
    point.unproven = [...new Set([...point.unproven, ...lost])].sort()
  }
}

/** What a feed told counts behind the newest scan, and tells of its entities. */
function isFollowing({ isLost, name, points, scan }, { entities, follow, session, ...body }) {
  const { feed, part, scan: seq, transactions } = follow
  if (part !== 'transactions') return seq === null && transactions === null
  const newest = points.at(-1)?.body
  if (isLost || seq !== scan?.seq || newest?.follow?.feed !== feed || transactions === null)
    return false
  const isSilent = body.leftOut.length === 0 && Object.keys(body.sequences).length === 0
  if (body.catalogue !== null || !isSilent) return false
  const listed = new Set(entities.map(({ entity }) => entity))
  const told = newest.follow.part === 'transactions' ? newest.entities : []
  const before = new Map(overlay(scan.body.entities, told).map((one) => [one.entity, one]))
  const isListed = ({ entity }) => listed.has(entity)
  if (listed.size !== entities.length || ![...told, ...body.segments].every(isListed)) return false
  const { list, table } = transactions
  if ((list === null) === (table === null)) return false
  const own = `segments/${name}/${session}/0.transactions`
  if (list === null ? table.name !== own : list.length !== transactions.count) return false
  return entities.every(({ deleted, entity, inserted, rows }) => {
    return rows === before.get(entity)?.rows + inserted - deleted
  })
}

function overlay(scanned, told) {
  const toldByEntity = new Map(told.map((one) => [one.entity, one]))
  return scanned.map((one) => toldByEntity.get(one.entity) ?? one)
}

function addCompact(state, seq, { removes, segments }) {
  const live = new Set(state.live.map(({ ref }) => ref.keyring))
  const isThere =
    removes.every((name) => live.has(name)) && new Set(removes).size === removes.length
  if (!isThere || !areBorrowed(state.live, segments)) return false
  const rest = state.live.filter(({ ref }) => !removes.includes(ref.keyring))
  state.live = [...rest, ...segments.map((ref) => ({ seq, ref }))]
  return true
}

function addRepair({ fenced, repairs }, { objects }) {
  if (objects.some(({ by }) => by.split('/').some((part) => fenced.has(part)))) return
  for (const { by, object, store } of objects) repairs.set(`${store}:${object}`, by)
}

function addLabel({ points }, { label, ordinal, point }) {
  const found = points.find(({ seq }) => seq === point)
  if ((ordinal ?? 1) > Math.max(1, found?.body.follow?.transactions?.count ?? 1)) return
  if (points.some(({ labels }) => labels.some((one) => one.label === label))) return
  found?.labels.push({ label, ordinal })
}

function addJudgement(state, seq, { basis, kind, points }) {
  const named = state.points.filter((one) => points.includes(one.seq))
  if (named.length !== points.length || (kind !== 'hold' && basis !== state.basis)) return
  const mayGo = named.every((one) => !one.held && one !== state.points.at(-1))
  if (kind === 'expire' && !mayGo) return
  state.basis = seq
  if (kind === 'expire') state.points = state.points.filter((one) => !named.includes(one))
  else for (const one of named) one.held = kind === 'hold'
}
