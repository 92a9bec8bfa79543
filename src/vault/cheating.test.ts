import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { formatCertificate } from '#seal/certificate'
import { type Credential, parseCredential, sourceKeysOf } from '#seal/credential'
import { openKeyring } from '#seal/keyring'
import { sealLogged, unsealLogged } from '#seal/seal-logged'
import { publicKeyOf } from '#seal/sealing-pair'
import { type SigningSeed, signingKeyId, signingPublicKeyOf } from '#seal/signing-pair'
import { checkSegment } from '#segment/check-segment'
import { systemRandom } from '#stdx/random'
import { appendEntry } from '#timeline/append-entry'
import type { EntryBody } from '#timeline/entry'
import { formatEntryName } from '#timeline/entry-name'
import { createHeadMemory } from '#timeline/head-memory'
import { checkVault } from './check-vault.ts'
import { revokeCertificate } from './rotate-keys.ts'
import { RECOVERY_SLOT } from './split-keys.ts'
import { aRealCapture } from './testing/a-real-capture.ts'
import {
  aFilledVault,
  captureText,
  type Files,
  openWith,
  requestWith,
  split,
} from './testing/a-split-vault.ts'
import { signal, stillClock, type VaultInHand } from './testing/a-vault.ts'
import { formatHeader } from './vault-header.ts'

/** What somebody can try who holds one file and may write to both stores. */
async function aCheat(file: string) {
  const hand = await aFilledVault()
  const files = await split(hand)
  const credential = parseCredential(files.get(file)?.reveal() ?? '')
  return { hand, files, credential, vault: await openWith(hand, files, file) }
}

/** Puts an entry into the next slot without asking the vault whether it may be there. */
async function force(
  hand: VaultInHand,
  { author: name, body, credential, seed, source }: Forgery,
): Promise<number> {
  const reader = await hand.open({ credential })
  const after = await reader.readChain(source, signal)
  const { logKey, vaultId } = credential
  const memory = createHeadMemory()
  const deps = {
    vaultId,
    logKey,
    store: hand.store,
    memory,
    clock: stillClock,
    random: systemRandom,
  }
  const author = { certificateId: name ?? signingKeyId(signingPublicKeyOf(seed)), seed }
  return (await appendEntry(deps, { after, body, author }, signal)).seq
}

type Forgery = {
  readonly credential: Credential
  readonly seed: SigningSeed
  /** Id of the certificate named; absent: the seed's own. */
  readonly author?: string
  readonly source: string
  readonly body: EntryBody
}

async function expectPoints(hand: VaultInHand, files: Files, seqs: readonly number[]) {
  const vault = await openWith(hand, files, 'auditor.key')
  const { points } = await vault.readTimeline('erp', signal)
  expect(points.map(({ seq }) => seq)).toEqual(seqs)
}

function seedOf({ signing, sources }: Credential): SigningSeed {
  const seeds = [...Object.values(signing), ...Object.values(sources).map((keys) => keys.signing)]
  const seed = seeds.find((one) => one !== undefined)
  if (seed === undefined) throw new Error('Every file signs.')
  return seed
}

test.each([
  ['custodian.key', []],
  ['auditor.key', []],
  ['capture-erp.key', ['keys']],
  ['capture-crm.key', []],
  ['keeper.key', ['keys', 'rows']],
  ['restore.key', ['keys', 'rows']],
] as const)('%s opens of a segment of erp: %s (I11)', async (file, parts) => {
  const { credential, hand, vault } = await aCheat(file)
  const state = await vault.readTimeline('erp', signal)
  const [placed] = [...state.segments.values()].flat()
  if (placed === undefined) throw new Error('A point has a segment.')
  const { keyring: name } = placed.ref
  const bytes = await vault.keyring.get(name, { signal })
  // With every secret in the file, whatever it is called there.
  const { logKey, masters, read, signing, sources } = credential
  const secrets = [
    logKey,
    read,
    ...Object.values(masters),
    ...Object.values(signing),
    ...Object.values(sources).flatMap((keys) => Object.values(keys)),
    ...['crm', 'erp'].flatMap((source) => Object.values(sourceKeysOf(credential, source))),
  ].filter((secret) => secret !== undefined)
  const openers = { past: secrets }
  const opened = await openKeyring({ vaultId: vault.id, name, bytes, openers })
  const opening = (['keys', 'rows'] as const).filter((part) => opened[part] !== undefined)
  expect(opening).toEqual(parts)
  const schemas = new Map(state.schemas.get(placed.ref.entity)?.map((one) => [one.version, one]))
  const digestKey = await (await hand.open()).digestKey('erp', signal)
  const { id: vaultId, keyring, store } = vault
  const options = { schemas, depth: 'decoded', digestKey, signal } as const
  const checking = checkSegment({ vaultId, store, keyring, openers }, placed, options)
  const problems = await checking.catch((error: unknown) => [error])
  expect(problems.length === 0).toBe(opening.includes('rows'))
})

test.each(['capture-erp.key', 'custodian.key', 'auditor.key', 'restore.key', 'capture-crm.key'])(
  "who holds %s cannot put a maintenance or another role's entry there that counts",
  async (file) => {
    const { credential, files, hand } = await aCheat(file)
    const seed = seedOf(credential)
    const signature = '0'.repeat(128)
    const cosigned = { author: signingKeyId(signingPublicKeyOf(seed)), signature }
    const body = { kind: 'expire' as const, points: [1], basis: null, cosigned } satisfies EntryBody
    const seq = await force(hand, { credential, seed, source: 'erp', body })
    const { incidents } = await (await openWith(hand, files, 'auditor.key')).readTimeline(
      'erp',
      signal,
    )
    expect(incidents).toMatchObject([{ seq }])
    await expectPoints(hand, files, [1])
    // Whoever may goes on behind it.
    await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
    await expectPoints(hand, files, [1, 3])
  },
)

test('the keeper and a custodian of his own making let no point go', async () => {
  const { credential, files, hand } = await aCheat('keeper.key')
  const seed = seedOf(credential)
  const own = { author: signingKeyId(signingPublicKeyOf(seed)), signature: '0'.repeat(128) }
  const body = {
    kind: 'expire' as const,
    points: [1],
    basis: null,
    cosigned: own,
  } satisfies EntryBody
  await force(hand, { credential, seed, source: 'erp', body })
  await expectPoints(hand, files, [1])
})

test.each(['custodian.key', 'keeper.key', 'capture-erp.key'])(
  'who holds %s names no recipients, certifies nobody and revokes nobody',
  async (file) => {
    const { credential, files, hand } = await aCheat(file)
    const seed = seedOf(credential)
    const mine = systemRandom.bytes(32)
    const recipient = {
      certificate: signingKeyId(signingPublicKeyOf(seed)),
      key: Buffer.from(publicKeyOf(mine)).toString('hex'),
    }
    const bodies: EntryBody[] = [
      { kind: 'recipients', epoch: 9, read: [recipient], capture: { erp: [recipient] } },
      { kind: 'revoke', certificates: [{ certificate: recipient.certificate, last: {} }] },
    ]
    for (const body of bodies) await force(hand, { credential, seed, source: '_vault', body })
    const { recipients } = await (await openWith(hand, files, 'capture-erp.key')).writeDeps(
      'erp',
      signal,
    )
    const all = [...recipients.read, ...recipients.capture].map((key) =>
      Buffer.from(key).toString('hex'),
    )
    expect(all).toHaveLength(4)
    expect(all).not.toContain(recipient.key)
    await captureText(await openWith(hand, files, 'capture-erp.key'), 'erp', '1\terp\ty\n')
  },
)

test('a certificate that the root did not sign makes nobody an author', async () => {
  const { credential, files, hand } = await aCheat('custodian.key')
  const seed = systemRandom.bytes(32)
  const forged = formatCertificate(seed, {
    vaultId: credential.vaultId,
    role: 'capture',
    source: 'erp',
    epoch: 2,
    publicKey: signingPublicKeyOf(seed),
    sealingKey: publicKeyOf(seed),
  })
  const id = signingKeyId(signingPublicKeyOf(seed))
  hand.store.objects.set(`roles/${id}.json`, new Uint8Array(Buffer.from(forged)))
  const body = { kind: 'label', label: 'mine', point: 1 } as const
  await force(hand, { credential, seed, source: 'erp', body })
  const reading = (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  await expect(reading).rejects.toMatchObject({ code: 'seal.certificate-invalid' })
})

test("an entry in the custodian's name, signed by another, is void", async () => {
  const { credential, files, hand } = await aCheat('keeper.key')
  const custodian = parseCredential(files.get('custodian.key')?.reveal() ?? '')
  const author = signingKeyId(signingPublicKeyOf(seedOf(custodian)))
  const body: EntryBody = { kind: 'hold', points: [1], reason: 'mine' }
  const seed = seedOf(credential)
  const seq = await force(hand, { credential, seed, author, source: 'erp', body })
  const state = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  expect([...state.points]).toMatchObject([{ seq: 1, held: false }])
  expect(state.incidents).toMatchObject([{ seq }])
})

test('an entry that a reader of the log opened, edited and sealed again is damage', async () => {
  const { credential, files, hand } = await aCheat('auditor.key')
  const name = formatEntryName('erp', 1)
  const bytes = hand.store.objects.get(name) ?? new Uint8Array()
  const { logKey, vaultId } = credential
  const aad = Buffer.from(`holdfast entry 1 0\n${vaultId}/erp/1`)
  const place = { logKey, salt: bytes.slice(6, 38), aad }
  const frame = unsealLogged(place, bytes.subarray(38)) ?? new Uint8Array()
  const said = zstdDecompressSync(frame)
  const edited = Buffer.from(said.toString('latin1').replace('"rows":1', '"rows":9'), 'latin1')
  expect(edited.equals(said)).toBe(false)
  const sealed = sealLogged(place, zstdCompressSync(edited))
  hand.store.objects.set(name, new Uint8Array(Buffer.concat([bytes.subarray(0, 38), sealed])))
  const state = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  expect(state.points).toHaveLength(0)
  expect(state).toMatchObject({ damagedFrom: 1 })
})

test('a capture of one source commits no segment of another', async () => {
  const { credential, files, hand, vault } = await aCheat('capture-crm.key')
  const erp = await (await openWith(hand, files, 'auditor.key')).readTimeline('erp', signal)
  const segments = [...erp.segments.values()].flat().map(({ ref }) => ref)
  const own = await aRealCapture(vault, 'crm', { base: 1, text: '1\tcrm\ty\n' })
  const body = { ...own, segments } as EntryBody
  const seq = await force(hand, { credential, seed: seedOf(credential), source: 'crm', body })
  const crm = await (await openWith(hand, files, 'auditor.key')).readTimeline('crm', signal)
  expect(crm.points.map(({ seq }) => seq)).toEqual([1])
  expect(crm).toMatchObject({ incidents: [{ seq }] })
})

test('a vault.json with other recipients is refused by every file', async () => {
  const { credential, files, hand } = await aCheat('capture-erp.key')
  const seed = systemRandom.bytes(32)
  const { vaultId } = credential
  const mine = { vaultId, readPublicKey: publicKeyOf(seed) }
  const header = formatHeader(seed, { ...mine, rootPublicKey: signingPublicKeyOf(seed) })
  hand.store.objects.set('vault.json', new Uint8Array(Buffer.from(header)))
  for (const file of files.keys()) {
    const opening = openWith(hand, files, file)
    await expect(opening).rejects.toMatchObject({ code: 'vault.not-authentic' })
  }
})

test('a rolled-back vault seals nothing to the keys of before', async () => {
  const whole = await aFilledVault()
  const before = new Map(whole.store.objects)
  const files = await split(whole)
  for (const name of whole.store.objects.keys()) {
    if (name.startsWith('timelines/') && !before.has(name)) whole.store.objects.delete(name)
  }
  // Nobody of them has ever been there, so they remember no head: their own files tell.
  for (const name of ['auditor.key', 'custodian.key', 'restore.key']) {
    const vault = await openWith(whole, files, name)
    const found = await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
    const problem = expect.stringMatching(/epoch 1, .* epoch 2/)
    expect(found.problems).toContainEqual({ object: 'timelines/_vault', problem })
  }
  const capture = await openWith(whole, files, 'capture-erp.key')
  await expect(capture.writeDeps('erp', signal)).rejects.toMatchObject({
    code: 'timeline.rolled-back',
  })
})

test('what a revoked holder states after its last entry is void, and what it stated before stays', async () => {
  const { credential, files, hand, vault } = await aCheat('capture-erp.key')
  await captureText(vault, 'erp', '1\terp\ty\n')
  const seed = seedOf(credential)
  const body = await aRealCapture(vault, 'erp', { base: 2, text: '1\terp\tz\n' })
  const id = signingKeyId(signingPublicKeyOf(seed))
  await revokeCertificate({ ...requestWith(hand, files, RECOVERY_SLOT), id })
  await force(hand, { credential, seed, source: 'erp', body })
  await expectPoints(hand, files, [1, 2])
  const heads = { kind: 'heads', heads: { erp: { seq: 99, hash: 'f'.repeat(64) } } } as const
  await force(hand, { credential, seed, source: '_vault', body: heads })
  await expectPoints(hand, files, [1, 2])
})

test('a certificate whose file was taken away still counts, by the word of the root', async () => {
  const { files, hand } = await aCheat('custodian.key')
  for (const name of [...hand.store.objects.keys()]) {
    if (name.startsWith('roles/')) hand.store.objects.delete(name)
  }
  await expectPoints(hand, files, [1])
})

test('a certificate whose file was damaged still counts, by the word of the root, and is named', async () => {
  const { files, hand } = await aCheat('custodian.key')
  const names = [...hand.store.objects.keys()].filter((name) => name.startsWith('roles/'))
  for (const name of names) {
    const bytes = hand.store.objects.get(name) ?? new Uint8Array()
    hand.store.objects.set(
      name,
      Uint8Array.from(bytes, (byte, i) => (i % 37 === 30 ? byte ^ 1 : byte)),
    )
  }
  await expectPoints(hand, files, [1])
  const vault = await openWith(hand, files, 'restore.key')
  const found = await checkVault(vault, { depth: 'decoded', signal, onProgress: () => {} })
  expect(found.problems.map(({ object }) => object).sort()).toEqual(names.sort())
})

test('a truncated timeline and a replayed entry are noticed by every file', async () => {
  const { files, hand, vault } = await aCheat('capture-erp.key')
  await captureText(vault, 'erp', '1\terp\ty\n')
  await vault.putHeads(signal)
  const last = formatEntryName('erp', 2)
  const bytes = hand.store.objects.get(last) ?? new Uint8Array()
  hand.store.objects.set(formatEntryName('erp', 3), bytes)
  hand.store.objects.set(formatEntryName('crm', 2), bytes)
  await expectPoints(hand, files, [1, 2])
  const crm = await (await openWith(hand, files, 'auditor.key')).readTimeline('crm', signal)
  expect(crm.points.map(({ seq }) => seq)).toEqual([1])
  expect(crm).toMatchObject({ incidents: [{ seq: 2 }] })
  hand.store.objects.delete(formatEntryName('erp', 3))
  hand.store.objects.delete(last)
  for (const file of ['auditor.key', 'capture-erp.key', 'restore.key']) {
    const reading = (await openWith(hand, files, file)).readTimeline('erp', signal)
    await expect(reading).rejects.toMatchObject({ code: 'timeline.rolled-back' })
  }
})
