/** Data keys and sealed sections: docs/format/keyring.md. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hex, need, nonceOf, open, openHpke, sha256, sized } from './basics.mjs'

export function commitmentOf(object, keys) {
  const hash = createHash('sha256').update(`holdfast keys 1\n${sized(object)}${keys.length}\n`)
  for (const key of keys) hash.update(Buffer.of(key.length)).update(key)
  return hash.digest('hex')
}

/**
 * The data keys of a segment by part; those of parts that are sealed to others are not there.
 * `first`: what the entry says of the object; nothing where another segment's entry says it.
 */
export function openKeyring(vault, repairs, { first, name }) {
  const at = repairs?.get(`keyring:${name}`) ?? name
  const epochs = Array.from({ length: vault.epoch }, (_, i) => vault.epoch - i)
  const paths = epochs.map((epoch) => join(vault.keyring, epoch === 1 ? at : `${at}.${epoch}`))
  const found = paths.filter(existsSync).map((path) => readFileSync(path))
  need(found.length > 0, `Keyring object ${name} is missing.`)
  const said = vault.resealed.get(at) ?? vault.resealed.get(name) ?? first
  const object = said === undefined ? found[0] : found.find((one) => isSame(one, said))
  need(object !== undefined, `Keyring object ${name} is not what was said.`)
  need(object.toString('latin1', 0, 4) === 'HFKR', `${name} is no keyring object.`)
  need(hex(object.subarray(4, 7)) === '010003', `${name} is of another format.`)
  const keys = {}
  let offset = 7
  for (const [number, part] of ['keys', 'rows', 'blobs'].entries()) {
    need(object[offset] === number, `The parts of ${name} are mixed up.`)
    const [recipients, blocks] = [object[offset + 1], object.readUInt32BE(offset + 2)]
    const records = offset + 6 + 88 * recipients
    const aad = `holdfast keyring 1\n${sized(vault.id)}${sized(name)}${part}/${blocks}`
    const wrapping = openWrapping(vault, object.subarray(offset + 6, records), Buffer.from(aad))
    offset = records + 48 * blocks
    if (wrapping === undefined && blocks > 0) continue
    keys[part] = Array.from({ length: blocks }, (_, block) => {
      const record = object.subarray(records + 48 * block, records + 48 * (block + 1))
      const key = open(wrapping, nonceOf(block), Buffer.from(aad), record)
      need(key !== undefined, `A key of ${name} does not open.`)
      return key
    })
  }
  need(offset === object.length, `Something follows ${name}.`)
  return keys
}

export function isSame(bytes, { sha256: hash, sizeBytes }) {
  return bytes.length === sizeBytes && hex(sha256(bytes)) === hash
}

function openWrapping(vault, recipients, aad) {
  for (let at = 0; at < recipients.length; at += 88) {
    const one = recipients.subarray(at, at + 88)
    const key = vault.openers.find(({ id }) => id === hex(one.subarray(0, 8)))?.key
    if (key === undefined) continue
    const [enc, sealed] = [one.subarray(8, 40), one.subarray(40)]
    return openHpke(key, { aad, enc, sealed })
  }
  return undefined
}

export function openSection(vault, key, { block, part, section, segment }, sealed) {
  const place = `${sized(vault.id)}${sized(segment)}${part}/${block}/${section}`
  const aad = Buffer.from(`holdfast section 1\n${place}`)
  const opened = open(key, nonceOf(section), aad, sealed)
  need(opened !== undefined, `A section of ${segment} does not open.`)
  return opened
}
