import { expect, test } from 'vitest'
import type { CaptureBody } from '#timeline/entry'
import { checkVault } from './check-vault.ts'
import { aCapture } from './testing/a-capture.ts'
import { aVault, signal, type VaultInHand } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

async function capture(vault: Vault, source: string, change: Partial<CaptureBody> = {}) {
  const state = await vault.readTimeline(source, signal)
  const base = state.points.at(-1)?.seq
  const body = await aCapture(vault, source, base === undefined ? change : { base, ...change })
  await vault.append(state, body, signal)
}

/** Sources with two points each, a document, heads. */
async function aFullVault(sources = ['crm', 'erp']): Promise<VaultInHand> {
  const hand = await aVault()
  for (const source of sources) {
    await hand.vault.addSource(source, signal)
    await capture(hand.vault, source)
    await capture(hand.vault, source)
  }
  await hand.vault.putDocument('config', 'sources: {}', signal)
  await hand.vault.putHeads(signal)
  return hand
}

async function check(vault: Vault) {
  return await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })
}

test('a whole vault is whole, and everything in it was looked at', async () => {
  const { vault, store, keyring } = await aFullVault()
  const report = await check(vault)
  expect(report).toMatchObject({ verdict: 'whole', depth: 'hashes', problems: [], incidents: [] })
  expect(report.garbage).toEqual({ objects: 0, bytes: 0 })
  expect(report.objects).toBe(store.objects.size + keyring.objects.size)
  const sizes = [...store.objects.values(), ...keyring.objects.values()].map(
    (one) => one.byteLength,
  )
  expect(report.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
})

test('any object that is removed, emptied or cut short is named, by the name of it or its timeline', async () => {
  const { store, keyring, vault } = await aFullVault(['erp'])
  for (const objects of [store.objects, keyring.objects]) {
    for (const [name, bytes] of [...objects]) {
      for (const damaged of [undefined, new Uint8Array(), bytes.slice(0, -1)]) {
        if (damaged === undefined) objects.delete(name)
        else objects.set(name, damaged)
        const isUnused = /^(roles|slots)\//.test(name) && damaged === undefined
        const report = await check(vault)
        if (!isUnused) {
          expect(report, name).toMatchObject({ verdict: 'damaged' })
          const named = report.problems.map(({ object }) => object).join(' ')
          const timeline = name.startsWith('timelines/') ? name.split('/')[1] : undefined
          expect(named).toContain(timeline ?? name)
        }
        objects.set(name, bytes)
      }
    }
  }
  expect(await check(vault)).toMatchObject({ verdict: 'whole' })
}, 30_000)

test('any byte that differs is found', async () => {
  const { store, keyring, open } = await aFullVault(['erp'])
  for (const objects of [store.objects, keyring.objects]) {
    for (const [name, bytes] of [...objects]) {
      // Four bytes of each object here; `test/crash` takes every one.
      for (let i = 0; i < 4; i++) {
        const at = Math.round(((bytes.byteLength - 1) * i) / 3)
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ 0x20
        objects.set(name, changed)
        const report = await open().then(check, (error) => ({ verdict: error.code }))
        // A slot's sealed bytes are tried with its passphrase alone, which a check does not have.
        if (!name.startsWith('slots/')) expect(report.verdict, `${name} ${at}`).not.toBe('whole')
      }
      objects.set(name, bytes)
    }
  }
}, 30_000)

test('objects of two sources that were exchanged are both named', async () => {
  const { vault, store } = await aFullVault()
  const [crm = '', erp = ''] = ['crm', 'erp'].map(
    (source) =>
      [...store.objects.keys()].find((name) => name.startsWith(`segments/${source}/`)) ?? '',
  )
  const bytes = store.objects.get(crm) ?? new Uint8Array()
  store.objects.set(crm, store.objects.get(erp) ?? bytes)
  store.objects.set(erp, bytes)
  const { problems } = await check(vault)
  expect(problems.map(({ object }) => object).sort()).toEqual([crm, erp])
})

test('damage of one source does not hide that the other is whole', async () => {
  const { vault, store } = await aFullVault()
  store.objects.delete('timelines/crm/0000000001.entry')
  const { problems } = await check(vault)
  expect(problems).toEqual([
    { object: 'timelines/crm/0000000001.entry', problem: 'Entry 1 is missing' },
  ])
  const only = { depth: 'hashes', sources: ['erp'], signal, onProgress: () => {} } as const
  expect(await checkVault(vault, only)).toMatchObject({ verdict: 'whole' })
})

test('what an interrupted run left is garbage and no damage', async () => {
  const { vault } = await aFullVault()
  await aCapture(vault, 'erp', { base: 2 })
  const report = await check(vault)
  expect(report).toMatchObject({ verdict: 'whole', garbage: { objects: 3 } })
})

test('a custodian checks hashes without being able to open anything', async () => {
  const { openAs } = await aFullVault()
  expect(await check(await openAs('custodian'))).toMatchObject({ verdict: 'whole', problems: [] })
})
