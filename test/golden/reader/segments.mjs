/** Segments, their versions and rows: docs/format/segments.md, rows-and-keys.md. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { hex, need, sha256 } from './basics.mjs'
import { commitmentOf, openKeyring, openSection } from './data-keys.mjs'
import { digestRow } from './digests.mjs'

/** Reads numbers and stretches of bytes, one after the other. */
class Bytes {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }

  number() {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++]
      need(byte !== undefined && scale < 2 ** 56, 'A number does not end.')
      value += (byte % 128) * scale
      if (byte < 128) return value
    }
  }

  take(size) {
    need(this.at + size <= this.bytes.length, 'Something ends too early.')
    this.at += size
    return this.bytes.subarray(this.at - size, this.at)
  }

  sized() {
    return this.take(this.number())
  }

  many(count, read) {
    return Array.from({ length: count }, () => read(this))
  }

  finish() {
    need(this.at === this.bytes.length, 'Something is longer than it says.')
  }
}

function unpack(frame, size) {
  const raw = zstdDecompressSync(frame, { maxOutputLength: size + 64 })
  need(raw.length === size, 'A frame has another size.')
  return raw
}

/** An object as the entry commits to it, or the whole copy that stands for it. */
function readObject(vault, repairs, { name, sha256: hash, sizeBytes }) {
  const object = readFileSync(join(vault.folder, repairs.get(`vault:${name}`) ?? name))
  const isWhole = object.length === sizeBytes && hex(sha256(object)) === hash
  need(isWhole, `${name} is not what was committed.`)
  return object
}

/** All versions of a segment in order; rows as fields, large values in their places. */
export function readSegment(vault, source, { ref, seq }) {
  const { repairs, schemas } = source
  const keys = openKeyring(vault, repairs, { name: ref.keyring, first: ref.keyringObject })
  for (const part of ['keys', 'rows', 'blobs']) {
    if (ref[part] === null || keys[part] === undefined) continue
    const commitment = commitmentOf(ref[part].name, keys[part])
    need(commitment === ref[part].commitment, `Keys of ${ref.keyring} are not those committed to.`)
  }
  const object = readObject(vault, repairs, ref.keys)
  const footer = readFooter(vault, { keys, object, ref })
  const schema = schemas.get(`${ref.entity} ${ref.schema}`)
  const rows = ref.rows && readObject(vault, repairs, ref.rows)
  const versions = []
  let [keysAt, rowsAt] = [0, 0]
  for (const [block, facts] of footer.blocks.entries()) {
    const place = { block, segment: ref.keyring }
    const sealed = object.subarray(keysAt, keysAt + facts.keysBytes)
    keysAt += facts.keysBytes
    const opened = openSection(
      vault,
      keys.keys[block],
      { ...place, part: 'keys', section: 0 },
      sealed,
    )
    const found = readKeysBlock(opened, seq)
    const sections = facts.sections.map((size, section) => {
      rowsAt += size
      const bytes = rows.subarray(rowsAt - size, rowsAt)
      return openSection(vault, keys.rows[block], { ...place, part: 'rows', section }, bytes)
    })
    const fields = sections.length > 0 ? readRowsBlock(Buffer.concat(sections)) : []
    const puts = found.filter(({ op }) => op === 0)
    need(found.length === facts.count && puts.length === facts.rowCount, 'The footer lies.')
    need(fields.length === puts.length, 'There are not as many rows as versions.')
    for (const [i, put] of puts.entries()) put.fields = putBack(vault, source, fields[i], put.large)
    versions.push(...found)
  }
  checkVersions(source, schema, versions)
  need(versions.length === ref.versionCount, 'The entry counts otherwise.')
  return versions.map((version) => ({ ...version, schema }))
}

function readFooter(vault, { keys, object, ref }) {
  const trailer = object.subarray(-16)
  need(trailer.toString('latin1', 0, 8) === 'HFSEG\0\0\u0001', 'A segment of another format.')
  const [footerBytes, blocks] = [trailer.readUInt32LE(8), trailer.readUInt32LE(12)]
  need(keys.keys.length === blocks + 1, 'A segment has another number of keys.')
  const place = { block: blocks, part: 'keys', section: 0, segment: ref.keyring }
  const sealed = object.subarray(-16 - footerBytes, -16)
  const outer = new Bytes(openSection(vault, keys.keys[blocks], place, sealed))
  const size = outer.number()
  const reader = new Bytes(unpack(outer.take(outer.bytes.length - outer.at), size))
  need(reader.number() === 1, 'A footer of another format.')
  const [generation, schema, stamps] = reader.many(3, (from) => from.number())
  const blobsBytes = reader.number()
  const footer = { blocks: reader.many(reader.number(), (from) => readBlockFacts(from, stamps)) }
  reader.finish()
  const isSame =
    generation === ref.generation &&
    schema === ref.schema &&
    (stamps === 1 ? 'full' : 'ordinal') === ref.stamps &&
    blobsBytes === (ref.blobs?.sizeBytes ?? 0)
  need(isSame && footer.blocks.length === blocks, 'A footer says otherwise than its entry.')
  return footer
}

function readBlockFacts(reader, stamps) {
  const [count, rowCount] = reader.many(2, (from) => from.number())
  // Repeats, least and greatest ordinal, and seq where stamps are full.
  reader.many(stamps === 1 ? 5 : 3, (from) => from.number())
  const [firstKey, lastKey] = reader.many(2, (from) => from.sized())
  reader.number()
  const keysBytes = reader.number()
  const sections = reader.many(reader.number(), (from) => from.number())
  return { count, rowCount, firstKey, lastKey, keysBytes, sections }
}

function readKeysBlock(block, seq) {
  const reader = new Bytes(block)
  const [count, flags] = reader.many(2, (from) => from.number())
  need(flags < 16, 'A block of another format.')
  const ordinal = flags & 1 ? 0 : reader.number()
  const [, sharedBytes, restsBytes, suffixBytes, rawBytes] = reader.many(5, (one) => one.number())
  const inner = new Bytes(unpack(reader.sized(), rawBytes))
  const digests = reader.take(8 * count)
  reader.finish()
  const shared = new Bytes(inner.take(sharedBytes)).many(count, (from) => from.number())
  const rests = new Bytes(inner.take(restsBytes)).many(count, (from) => from.number())
  const suffixes = new Bytes(inner.take(suffixBytes))
  const ordinals = flags & 1 ? inner.take(4 * count) : undefined
  const seqs = flags & 2 ? inner.take(4 * count) : undefined
  const ops = flags & 4 ? inner.take(count) : undefined
  let key = Buffer.alloc(0)
  const versions = Array.from({ length: count }, (_, i) => {
    key = Buffer.concat([key.subarray(0, shared[i]), suffixes.take(rests[i])])
    return {
      key,
      seq: seqs?.readUInt32LE(4 * i) ?? seq,
      ordinal: ordinals?.readUInt32LE(4 * i) ?? ordinal,
      op: ops?.[i] ?? 0,
      digest: digests.readBigUInt64LE(8 * i),
      large: [],
    }
  })
  if (flags & 8) readLarge(inner, versions)
  inner.finish()
  return versions
}

function readLarge(reader, versions) {
  const names = reader.many(reader.number(), (from) => from.sized().toString('utf8'))
  let index = 0
  for (let left = reader.number(); left > 0; left--) {
    index += reader.number()
    versions[index].large = reader.many(reader.number(), (from) => {
      const field = from.number()
      const hash = hex(from.take(32))
      const [textBytes, object, keyring] = from.many(3, (one) => one.number())
      const commitment = hex(from.take(32))
      const [block, offset, sizeBytes] = from.many(3, (one) => one.number())
      const place = { object: names[object], keyring: names[keyring], block, offset, sizeBytes }
      return { field, hash, textBytes, commitment, ...place }
    })
  }
}

/** The rows of a block, each as its stored fields. */
function readRowsBlock(block) {
  const reader = new Bytes(block)
  const [rowCount, fieldCount, frameCount] = reader.many(3, (from) => from.number())
  const frames = reader.many(frameCount, (from) => ({
    columns: from.many(from.number(), (one) => one.number()),
    frameBytes: from.number(),
  }))
  const order = frames.flatMap(({ columns }) => columns)
  const sizes = new Map(order.map((column) => [column, reader.number()]))
  const columns = new Map()
  for (const frame of frames) {
    const size = frame.columns.reduce((sum, column) => sum + sizes.get(column), 0)
    const inner = new Bytes(unpack(reader.take(frame.frameBytes), size))
    for (const column of frame.columns) columns.set(column, cut(inner.take(sizes.get(column))))
  }
  reader.finish()
  const ordered = Array.from({ length: fieldCount }, (_, column) => columns.get(column))
  need(
    ordered.every((column) => column.length === rowCount),
    'A column is too long or short.',
  )
  return Array.from({ length: rowCount }, (_, row) => ordered.map((column) => column[row]))
}

/** Fields, each of which is followed by a tab or a newline. */
function cut(column) {
  const fields = []
  let start = 0
  for (let at = 0; at < column.length; at++) {
    if (column[at] !== 0x09 && column[at] !== 0x0a) continue
    fields.push(column.subarray(start, at))
    start = at + 1
  }
  need(start === column.length, 'A column ends inside a field.')
  return fields
}

function putBack(vault, source, fields, large) {
  return fields.map((field, i) => {
    const [, number] = /^\\@(0|[1-9][0-9]*)$/.exec(field.toString('latin1', 0, 24)) ?? []
    if (number === undefined) return field
    const ref = large[Number(number)]
    need(ref?.field === i, 'A mark stands for the value of another field.')
    return readLargeValue(vault, source, ref)
  })
}

function readLargeValue(vault, { digestKeys, repairs, values }, ref) {
  const known = values.get(ref.hash)
  if (known !== undefined) return known
  const key = openKeyring(vault, repairs, { name: ref.keyring }).blobs[ref.block]
  const isCommitted = commitmentOf(ref.object, [key]) === ref.commitment
  need(isCommitted, `A key of ${ref.keyring} is not the one committed to.`)
  const object = readFileSync(join(vault.folder, repairs.get(`vault:${ref.object}`) ?? ref.object))
  const block = object.subarray(ref.offset, ref.offset + ref.sizeBytes)
  const texts = []
  for (let at = 0; at < block.length; ) {
    const sealed = block.subarray(at + 4, at + 4 + block.readUInt32LE(at))
    at += 4 + sealed.length
    const place = { block: ref.block, part: 'blobs', section: texts.length, segment: ref.keyring }
    const section = openSection(vault, key, place, sealed)
    texts.push(unpack(section.subarray(4), section.readUInt32LE(0)))
  }
  const text = Buffer.concat(texts)
  const hash = createHmac('sha256', digestKeys.blob).update(text).digest('hex')
  need(text.length === ref.textBytes && hash === ref.hash, 'A large value is another one.')
  values.set(ref.hash, text)
  return text
}

/** In order, and every row has the digest that stands beside it. */
function checkVersions({ digestKeys }, schema, versions) {
  for (const [i, version] of versions.entries()) {
    const before = versions[i - 1]
    const order = before === undefined ? -1 : Buffer.compare(before.key, version.key)
    const isNewer = order === 0 && compareStamps(before, version) > 0
    need(order < 0 || isNewer, 'Versions are out of order.')
    if (version.op === 1) continue
    const fields = version.fields.length > 0 ? version.fields : [Buffer.alloc(0)]
    need(digestRow(digestKeys.row, schema, fields) === version.digest, 'A row is another one.')
  }
}

export function compareStamps(a, b) {
  return a.seq - b.seq || a.ordinal - b.ordinal
}
