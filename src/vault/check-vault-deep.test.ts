import { expect, test } from 'vitest'
import { type CheckDepth, checkVault } from './check-vault.ts'
import { aRealCapture } from './testing/a-real-capture.ts'
import { aVault, signal, type VaultInHand } from './testing/a-vault.ts'
import type { Vault } from './vault.ts'

const TEXT = '1\tAda\tfirst\n2\tBob\t\\N\n3\tCyd\tthird\n'

async function aVaultOfRows(): Promise<VaultInHand> {
  const hand = await aVault()
  await hand.vault.addSource('erp', signal)
  const first = await hand.vault.readTimeline('erp', signal)
  await hand.vault.append(first, await aRealCapture(hand.vault, 'erp', { text: TEXT }), signal)
  const second = await hand.vault.readTimeline('erp', signal)
  const body = await aRealCapture(hand.vault, 'erp', { text: '2\tBob\tnow\n', base: 1 })
  await hand.vault.append(second, body, signal)
  return hand
}

async function check(vault: Vault, depth: CheckDepth) {
  return await checkVault(vault, { depth, signal, onProgress: () => {} })
}

test.each(['hashes', 'authenticated', 'decoded'] as const)(
  'real segments are whole to depth %s',
  async (depth) => {
    const { vault } = await aVaultOfRows()
    expect(await check(vault, depth)).toMatchObject({ verdict: 'whole', depth, problems: [] })
  },
)

test('a damaged segment is named to depth decoded, and the other is still looked at', async () => {
  const { store, vault } = await aVaultOfRows()
  const [name = ''] = [...store.objects.keys()].filter((one) => one.endsWith('.rows'))
  const bytes = store.objects.get(name) ?? new Uint8Array()
  bytes[10] = (bytes[10] ?? 0) ^ 1
  const { problems, verdict } = await check(vault, 'decoded')
  expect(verdict).toBe('damaged')
  expect(new Set(problems.map(({ object }) => object))).toEqual(new Set([name]))
})

test('a key that was destroyed is damage that only the keyring shows', async () => {
  const { keyring, vault } = await aVaultOfRows()
  const [name = ''] = [...keyring.objects.keys()].filter((one) => one.startsWith('erp/'))
  const bytes = keyring.objects.get(name) ?? new Uint8Array()
  bytes.fill(0, bytes.byteLength - 6 - 48, bytes.byteLength - 6)
  const { problems } = await check(vault, 'hashes')
  expect(problems.map(({ object }) => object)).toContain(`keyring:${name}`)
})

test('whoever may not read rows is told so instead of a verdict', async () => {
  const { openAs } = await aVaultOfRows()
  for (const role of ['custodian', 'auditor'] as const) {
    const checking = check(await openAs(role), 'decoded')
    await expect(checking).rejects.toMatchObject({ code: 'vault.role-missing' })
  }
})
