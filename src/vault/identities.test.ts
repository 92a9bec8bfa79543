import { expect, test } from 'vitest'
import type { Secret } from '#stdx/secret'
import { checkVault } from './check-vault.ts'
import { neededBy } from './needed-objects.ts'
import { addCredential } from './rotate-keys.ts'
import { RECOVERY_SLOT } from './split-keys.ts'
import { aFilledVault, folderIn, openWith, requestWith, split } from './testing/a-split-vault.ts'
import { aVault, signal } from './testing/a-vault.ts'

const text = (n: number) => JSON.stringify({ n })

test('decisions on who is one come back in the order in which they were said, with who said them', async () => {
  const { openAs, vault } = await aVault()
  const restoring = await openAs('restore')
  for (let n = 0; n < 20; n++) await restoring.identities.putIdentity(text(n), signal)
  const said = await vault.identities.readIdentities(signal)
  expect(said.map((one) => one.text)).toEqual(Array.from({ length: 20 }, (_, n) => text(n)))
  expect(new Set(said.map(({ author }) => author)).size).toBe(1)
  expect((await neededBy(vault, '_vault', signal)).objects).toHaveLength(20)
  expect(
    (await checkVault(vault, { depth: 'hashes', signal, onProgress: () => {} })).problems,
  ).toEqual([])
})

test('who may not restore may not decide, and who may not read sees nothing of it', async () => {
  const { openAs } = await aVault()
  const custodian = await openAs('custodian')
  // While nothing is decided nobody needs a key to know it.
  expect(await custodian.identities.readIdentities(signal)).toEqual([])
  await (await openAs('restore')).identities.putIdentity(text(1), signal)
  const missing = { code: 'vault.role-missing' }
  for (const role of ['custodian', 'keeper'] as const) {
    await expect(
      (await openAs(role)).identities.putIdentity(text(2), signal),
    ).rejects.toMatchObject(missing)
  }
  await expect(custodian.identities.readIdentities(signal)).rejects.toMatchObject(missing)
})

test('decisions are read after keys were split, and by who came after a rotation', async () => {
  const hand = await aFilledVault()
  await hand.vault.identities.putIdentity(text(1), signal)
  const files = await split(hand)
  const before = await openWith(hand, files, 'restore.key')
  await before.identities.putIdentity(text(2), signal)
  const made = new Map<string, Secret>()
  const request = requestWith(hand, files, RECOVERY_SLOT)
  const holder = { role: 'restore', source: null } as const
  await addCredential({ ...request, holder, folder: folderIn(made), isRotation: true })
  const after = await openWith(hand, made, 'restore.key')
  await after.identities.putIdentity(text(3), signal)
  const said = await after.identities.readIdentities(signal)
  expect(said.map((one) => one.text)).toEqual([text(1), text(2), text(3)])
  const checked = await checkVault(after, { depth: 'decoded', signal, onProgress: () => {} })
  expect(checked).toMatchObject({ verdict: 'whole', problems: [] })
  await expect(before.identities.putIdentity(text(4), signal)).rejects.toMatchObject({
    code: 'vault.certificate-revoked',
  })
})
