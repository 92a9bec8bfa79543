/**
 * Reads a vault with nothing of Holdfast: written from docs/format/ alone, with what Node brings.
 * Prints every point as JSON; whatever does not hold ends it.
 *
 *   node reader.mjs VAULT (--passphrase TEXT [--slot FILE] | --key FILE)
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { zstdDecompressSync } from 'node:zlib'
import {
  canonical,
  hex,
  hkdf,
  isSigned,
  need,
  publicKeyOf,
  sha256,
  unhex,
} from './reader/basics.mjs'
import { commitmentOf, openKeyring, openSection } from './reader/data-keys.mjs'
import { digestKeysOf, fingerprintOf } from './reader/digests.mjs'
import { parseCertificate, readCredential } from './reader/hands.mjs'
import { compareStamps, readSegment } from './reader/segments.mjs'
import { foldSource, readFacts } from './reader/timelines.mjs'
import { entitiesAfter, readTransactions } from './reader/transactions.mjs'

const text = { type: 'string' }
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { passphrase: text, slot: text, key: text },
})
const vault = openVault(positionals[0] ?? '', options)
readFacts(vault)
const names = readdirSync(join(vault.folder, 'timelines')).filter((name) => name !== '_vault')
const sources = Object.fromEntries(names.sort().map((name) => [name, readSource(name)]))
const answer = { vaultId: vault.id, document: readDocument('config'), sources }
process.stdout.write(`${JSON.stringify(answer, null, 1)}\n`)

function openVault(folder, options) {
  const { signature, vault: header } = JSON.parse(readFileSync(join(folder, 'vault.json'), 'utf8'))
  const isKnown = header.format === 'holdfast vault 1' && header.flags.length === 0
  need(isKnown, 'A vault of another format.')
  const rootKey = unhex(header.rootPublicKey)
  const signed = Buffer.from(`holdfast vault 1\n${canonical(header)}`)
  need(isSigned(rootKey, signed, unhex(signature)), 'vault.json is not signed.')
  const keyring = join(folder, 'keyring')
  const credential = readCredential({ keyring, options })
  need(credential.format === 'holdfast credential 1', 'A credential of another format.')
  const isOurs =
    credential.vaultId === header.vaultId && credential.rootPublicKey === header.rootPublicKey
  need(isOurs, 'A credential of another vault.')
  const vault = { id: header.vaultId, folder, keyring, rootKey, credential }
  const root = { role: 'root', source: null, key: rootKey }
  const certificates = new Map([[hex(sha256(rootKey).subarray(0, 16)), root]])
  for (const name of readdirSync(join(folder, 'roles'))) {
    const certificate = parseCertificate(vault, readFileSync(join(folder, 'roles', name), 'utf8'))
    if (name === `${certificate.id}.json`) certificates.set(certificate.id, certificate)
  }
  const readKeys = [credential.read, ...(credential.past ?? [])].filter((key) => key !== undefined)
  return {
    ...vault,
    logKey: unhex(credential.logKey),
    certificates,
    revoked: new Map(),
    epoch: credential.epoch ?? 1,
    documents: new Map(),
    resealed: new Map(),
    openers: readKeys.map((text) => {
      const key = unhex(text)
      return { key, id: hex(sha256(publicKeyOf(key)).subarray(0, 8)) }
    }),
  }
}

function digestKeyOf(source) {
  const { masters, sources } = vault.credential
  const own = sources[source]?.digestKey
  if (own !== undefined) return unhex(own)
  return hkdf(unhex(masters.digest), '', `holdfast digest 1 ${source}`, 32)
}

function readSource(name) {
  const state = foldSource(vault, name)
  const source = { ...state, digestKeys: digestKeysOf(digestKeyOf(name)), values: new Map() }
  const segments = source.live.map((placed) => ({
    ...placed,
    versions: readSegment(vault, source, placed),
  }))
  return source.points.map((point) => readPoint(source, segments, point))
}

function readPoint(source, segments, point) {
  const { body, held, labels, seq, unproven } = point
  const at = (facts, ordinal) =>
    facts.map((one) => readEntity(source, segments, { facts: one, stamp: { seq, ordinal } }))
  const all = readTransactions(vault, source.name, point)
  const labelsOf = (ordinal) => labels.filter((one) => one.ordinal === ordinal)
  const namesOf = (ordinal) => labelsOf(ordinal).map(({ label }) => label)
  const transactions = all.map(({ changes, position, time, transaction }, i) => {
    const entities = at(entitiesAfter(point, all.slice(0, i + 1)), i + 1)
    return {
      transaction,
      time,
      position,
      labels: namesOf(i + 1),
      changes: changes.map(([index, ...counts]) => [body.entities[index].entity, ...counts]),
      state: hash(JSON.stringify(entities)),
    }
  })
  return {
    seq,
    time: body.cut.time,
    labels: namesOf(undefined),
    held,
    part: body.follow?.part ?? null,
    unproven,
    entities: at(point.entities, Infinity),
    transactions,
  }
}

function readEntity({ digestKeys, schemas }, segments, { facts, stamp }) {
  const { entity, generation } = facts
  const asked = schemas.get(`${entity} ${facts.schema}`)
  const ofEntity = segments.filter(
    ({ ref }) => ref.entity === entity && ref.generation === generation,
  )
  const newest = new Map()
  for (const version of ofEntity.flatMap(({ versions }) => versions)) {
    const key = hex(version.key)
    const known = newest.get(key)
    const isSeen = compareStamps(version, stamp) <= 0
    if (isSeen && (known === undefined || compareStamps(known, version) < 0))
      newest.set(key, version)
  }
  const puts = [...newest.values()].filter(({ op }) => op === 0)
  const digests = puts.map(({ digest }) => digest)
  const { fingerprint } = facts
  const isSame = fingerprint === null || fingerprintOf(digestKeys.mark, digests) === fingerprint
  need(puts.length === facts.rows && isSame, `${entity} is not what it was at ${stamp.seq}.`)
  const lines = puts.map((version) => readRow(version, asked))
  return { entity, fields: asked.fields.map(({ name }) => name), ...formatRows(lines) }
}

/** The text of a row as the asked schema version has it. */
function readRow({ fields, schema }, asked) {
  need(schema.layout === asked.layout, 'A row has another layout than its point.')
  const shared = Math.min(fields.length, asked.fields.length)
  const isSame = asked.fields.slice(0, shared).every(({ id }, i) => id === schema.fields[i].id)
  need(isSame, 'A row has other fields than its point.')
  const added = asked.fields.slice(shared).map(({ missing }) => missing)
  need(!added.includes(null), 'A row lacks a field.')
  return [...fields.slice(0, shared).map((field) => field.toString('utf8')), ...added].join('\t')
}

/** As `expected.json` has them: sorted, long fields and many rows by their SHA-256. */
function formatRows(lines) {
  const short = (field) =>
    field.length > 200 ? `sha256 ${hash(field)} of ${Buffer.byteLength(field)} bytes` : field
  const rows = [...lines].sort().map((line) => line.split('\t').map(short).join('\t'))
  return { count: rows.length, rows: rows.length > 40 ? hash(`${rows.join('\n')}\n`) : rows }
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex')
}

function readDocument(name) {
  const { keyring, keyringObject, object } = vault.documents.get(name)
  const sealed = readFileSync(join(vault.folder, object.name))
  need(hex(sha256(sealed)) === object.sha256, 'A document is not what was committed.')
  const [key] = openKeyring(vault, undefined, { name: keyring, first: keyringObject }).blobs
  need(commitmentOf(object.name, [key]) === object.commitment, 'A document has another key.')
  const place = { block: 0, part: 'blobs', section: 0, segment: object.name }
  return zstdDecompressSync(openSection(vault, key, place, sealed)).toString('utf8')
}
