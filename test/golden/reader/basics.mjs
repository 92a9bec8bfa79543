/** Hashes, seals and signatures: docs/format/README.md and RFC 9180. */
import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  verify,
} from 'node:crypto'

export const hex = (bytes) => Buffer.from(bytes).toString('hex')
export const unhex = (text) => Buffer.from(text, 'hex')
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest()
export const hkdf = (secret, salt, info, size) =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, size))
export const sized = (text) => `${text.length}:${text}`

export function need(isSo, what) {
  if (!isSo) throw new Error(what)
}

/** Strings as JSON.stringify writes them, names sorted by code units, no white space. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

/** AES-256-GCM, tag behind; `undefined` when it does not open. */
export function open(key, nonce, aad, sealed) {
  if (sealed.length < 16) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(aad)
  decipher.setAuthTag(sealed.subarray(-16))
  const plain = decipher.update(sealed.subarray(0, -16))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** Eight zero bytes and a number, big-endian. */
export function nonceOf(number) {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(number, 8)
  return nonce
}

export function isSigned(publicKey, bytes, signature) {
  const der = Buffer.concat([unhex('302a300506032b6570032100'), publicKey])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return verify(null, bytes, key, signature)
}

// --- HPKE, RFC 9180: base mode, X25519, HKDF-SHA256, AES-256-GCM

const KEM = Buffer.concat([Buffer.from('KEM'), unhex('0020')])
const HPKE = Buffer.concat([Buffer.from('HPKE'), unhex('002000010002')])

const extract = (suite, salt, label, ikm) =>
  createHmac('sha256', salt)
    .update(Buffer.concat([Buffer.from('HPKE-v1'), suite, Buffer.from(label), ikm]))
    .digest()

/** At most 32 bytes, so one round of HKDF-Expand. */
function expand({ key, suite }, label, info, size) {
  const length = Buffer.from([0, size])
  const labelled = [length, Buffer.from('HPKE-v1'), suite, Buffer.from(label), info]
  const mac = createHmac('sha256', key).update(Buffer.concat([...labelled, Buffer.of(1)]))
  return mac.digest().subarray(0, size)
}

const privateKeyOf = (raw) =>
  createPrivateKey({
    key: Buffer.concat([unhex('302e020100300506032b656e04220420'), raw]),
    format: 'der',
    type: 'pkcs8',
  })

export const publicKeyOf = (raw) =>
  createPublicKey(privateKeyOf(raw)).export({ format: 'der', type: 'spki' }).subarray(-32)

export function openHpke(privateKey, { aad, enc, sealed }) {
  const der = Buffer.concat([unhex('302a300506032b656e032100'), enc])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const dh = diffieHellman({ privateKey: privateKeyOf(privateKey), publicKey })
  const context = Buffer.concat([enc, publicKeyOf(privateKey)])
  const whole = { suite: KEM, key: extract(KEM, '', 'eae_prk', dh) }
  const shared = expand(whole, 'shared_secret', context, 32)
  const none = Buffer.alloc(0)
  const scheduled = Buffer.concat([
    Buffer.of(0),
    extract(HPKE, '', 'psk_id_hash', none),
    extract(HPKE, '', 'info_hash', Buffer.from('holdfast hpke 1')),
  ])
  const secret = { suite: HPKE, key: extract(HPKE, shared, 'secret', none) }
  const key = expand(secret, 'key', scheduled, 32)
  return open(key, expand(secret, 'base_nonce', scheduled, 12), aad, sealed)
}
