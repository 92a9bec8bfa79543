import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
} from 'node:crypto'
import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke'
import { expect, test } from 'vitest'
import { openHpke, sealHpke } from './hpke.ts'
import { importPrivateKey, publicKeyOf } from './sealing-pair.ts'

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** RFC 9180, appendix A.1.1, first encryption. */
const VECTOR = {
  info: hex('4f6465206f6e2061204772656369616e2055726e'),
  privateKey: hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
  publicKey: hex('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
  enc: hex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
  aad: hex('436f756e742d30'),
  plaintext: hex('4265617574792069732074727574682c20747275746820626561757479'),
  sealed: hex(
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  ),
}

test('the library opens the vector of RFC 9180 A.1.1', async () => {
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM)
  const { aad, enc, info, plaintext, sealed } = VECTOR
  const pair = {
    privateKey: await suite.DeserializePrivateKey(VECTOR.privateKey, false),
    publicKey: await suite.DeserializePublicKey(VECTOR.publicKey),
  }
  expect(await suite.Open(pair, enc, sealed, { aad, info })).toEqual(plaintext)
})

test('publicKeyOf() gives the public key of RFC 9180 A.1.1', () => {
  expect(publicKeyOf(VECTOR.privateKey)).toEqual(VECTOR.publicKey)
})

test('openHpkePlainly() below opens the vector of RFC 9180 A.1.1', () => {
  expect(openHpkePlainly({ ...VECTOR, aeadId: 1 })).toEqual(VECTOR.plaintext)
})

test('what sealHpke() seals, a second reading of RFC 9180 opens with AES-256-GCM', async () => {
  const plaintext = new Uint8Array(32).fill(9)
  const { publicKey, aad } = VECTOR
  const privateKey = importPrivateKey(VECTOR.privateKey)
  const { enc, sealed } = await sealHpke({ publicKey, aad, plaintext })
  const info = new TextEncoder().encode('holdfast hpke 1')
  expect(openHpkePlainly({ ...VECTOR, info, enc, sealed, aeadId: 2 })).toEqual(plaintext)
  expect(openHpke({ privateKey, publicKey, enc, aad, sealed })).toEqual(plaintext)
})

test('openHpke() opens nothing for another key, other data or changed bytes', async () => {
  const { publicKey, aad } = VECTOR
  const privateKey = importPrivateKey(VECTOR.privateKey)
  const { enc, sealed } = await sealHpke({ publicKey, aad, plaintext: new Uint8Array(32) })
  const other = new Uint8Array(32).fill(5)
  expect(
    openHpke({
      privateKey: importPrivateKey(other),
      publicKey: publicKeyOf(other),
      enc,
      aad,
      sealed,
    }),
  ).toBeUndefined()
  expect(openHpke({ privateKey, publicKey, enc, aad: hex('00'), sealed })).toBeUndefined()
  expect(openHpke({ privateKey, publicKey, enc: new Uint8Array(32), aad, sealed })).toBeUndefined()
  expect(openHpke({ privateKey, publicKey, enc, aad, sealed: sealed.subarray(1) })).toBeUndefined()
})

type PlainRequest = {
  readonly info: Uint8Array
  readonly privateKey: Uint8Array
  readonly enc: Uint8Array
  readonly aad: Uint8Array
  readonly sealed: Uint8Array
  readonly aeadId: 1 | 2
}

/** Base mode of RFC 9180, sections 4.1 and 5.1, written from its text with node:crypto alone. */
function openHpkePlainly({ info, privateKey, enc, aad, sealed, aeadId }: PlainRequest) {
  const kemSuite = Buffer.from('KEM\x00\x20', 'latin1')
  const suite = Buffer.from([...Buffer.from('HPKE'), 0, 0x20, 0, 1, 0, aeadId])
  const extract = (id: Buffer, salt: Uint8Array, label: string, ikm: Uint8Array) => {
    const labeled = Buffer.concat([Buffer.from('HPKE-v1'), id, Buffer.from(label), ikm])
    return createHmac('sha256', salt).update(labeled).digest()
  }
  const expand = (id: Buffer, prk: Uint8Array, labelled: [string, Uint8Array], size: number) => {
    const [label, context] = labelled
    const length = Buffer.from([0, size])
    const labeled = [length, Buffer.from('HPKE-v1'), id, Buffer.from(label), context]
    const infoBytes = Buffer.concat([...labeled, Buffer.of(1)])
    return createHmac('sha256', prk).update(infoBytes).digest().subarray(0, size)
  }
  const dh = diffieHellman({ privateKey: importPrivate(privateKey), publicKey: importPublic(enc) })
  const kemContext = Buffer.concat([enc, publicKeyOf(privateKey)])
  const none = Buffer.alloc(0)
  const eaePrk = extract(kemSuite, none, 'eae_prk', dh)
  const shared = expand(kemSuite, eaePrk, ['shared_secret', kemContext], 32)
  const context = Buffer.concat([
    Buffer.of(0),
    extract(suite, none, 'psk_id_hash', none),
    extract(suite, none, 'info_hash', info),
  ])
  const secret = extract(suite, shared, 'secret', none)
  const key = expand(suite, secret, ['key', context], aeadId === 1 ? 16 : 32)
  const nonce = expand(suite, secret, ['base_nonce', context], 12)
  const cipher = aeadId === 1 ? 'aes-128-gcm' : 'aes-256-gcm'
  const decipher = createDecipheriv(cipher, key, nonce)
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(-16))
  const opened = decipher.update(sealed.subarray(0, -16))
  decipher.final()
  return new Uint8Array(opened)
}

function importPrivate(raw: Uint8Array) {
  const key = Buffer.concat([hex('302e020100300506032b656e04220420'), raw])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function importPublic(raw: Uint8Array) {
  const key = Buffer.concat([hex('302a300506032b656e032100'), raw])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}
