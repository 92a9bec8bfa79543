/** Credentials and who may sign: docs/format/keys.md, certificates.md. */
import { argon2Sync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical, hex, isSigned, need, open, sha256, unhex } from './basics.mjs'

function openSlot(text, passphrase) {
  const { check, sealed, ...header } = JSON.parse(text)
  need(header.format === 'holdfast slot 1', 'A slot of another format.')
  need(hex(sha256(canonical({ ...header, sealed }))) === check, 'A damaged slot.')
  const { lanes, memoryKib, passes, salt } = header.kdf
  need(memoryKib <= 1_048_576 && passes <= 16 && lanes <= 8, 'A slot that costs too much.')
  const key = argon2Sync('argon2id', {
    message: Buffer.from(passphrase.normalize('NFC')),
    nonce: unhex(salt),
    parallelism: lanes,
    tagLength: 32,
    memory: memoryKib,
    passes,
  })
  return open(key, Buffer.alloc(12), Buffer.from(canonical(header)), unhex(sealed))
}

export function readCredential({ keyring, options }) {
  if (options.key !== undefined) return JSON.parse(readFileSync(options.key, 'utf8'))
  const slots =
    options.slot === undefined
      ? readdirSync(join(keyring, 'slots')).map((name) => join(keyring, 'slots', name))
      : [options.slot]
  const texts = slots.map((path) => readFileSync(path, 'utf8'))
  const newest = texts.sort((a, b) => (JSON.parse(b).epoch ?? 1) - (JSON.parse(a).epoch ?? 1))
  for (const text of newest) {
    const opened = openSlot(text, options.passphrase ?? '')
    if (opened !== undefined) return JSON.parse(opened.toString('utf8'))
  }
  throw new Error('No slot opens with this passphrase.')
}

export function parseCertificate(vault, text) {
  const { certificate, signature } = JSON.parse(text)
  need(certificate.format === 'holdfast certificate 1', 'A certificate of another format.')
  const signed = Buffer.from(`holdfast certificate 1\n${canonical(certificate)}`)
  need(isSigned(vault.rootKey, signed, unhex(signature)), 'A certificate the root did not sign.')
  need(certificate.vaultId === vault.id, 'A certificate of another vault.')
  const key = unhex(certificate.publicKey)
  return { ...certificate, key, id: hex(sha256(key).subarray(0, 16)) }
}

const MAY = {
  capture: ['source', 'capture'],
  reconcile: ['source', 'capture'],
  gap: ['source', 'capture'],
  compact: ['source', 'keeper'],
  erase: ['source', 'keeper'],
  expire: ['source', 'keeper'],
  release: ['source', 'keeper'],
  hold: ['source', 'custodian'],
  fence: ['both', 'custodian'],
  repair: ['source', 'custodian', 'keeper'],
  label: ['source', 'root', 'capture', 'custodian', 'keeper', 'restore'],
  certificate: ['vault', 'root'],
  recipients: ['vault', 'root'],
  resealed: ['vault', 'root'],
  revoke: ['vault', 'root'],
  document: ['vault', 'root', 'restore', 'capture'],
  heads: ['vault', 'root', 'capture', 'custodian', 'keeper', 'restore'],
  'restore-begun': ['vault', 'restore'],
  restore: ['vault', 'restore'],
  'audit-head': ['vault', 'custodian'],
}
export const UNKNOWN = ['reconcile', 'erase', 'audit-head']

export function mayState(author, kind, timeline) {
  const place = timeline === '_vault' ? 'vault' : 'source'
  if (author.role === 'auditor') return false
  if (place === 'source' && ![null, timeline].includes(author.source)) return false
  if (kind === 'genesis') return author.role === (place === 'vault' ? 'root' : 'capture')
  const rule = MAY[kind]
  return rule === undefined || ([place, 'both'].includes(rule[0]) && rule.includes(author.role, 1))
}
