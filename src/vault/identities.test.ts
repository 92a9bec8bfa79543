import { expect, test } from 'vitest'
import { checkVault } from './check-vault.ts'
import { neededBy } from './needed-objects.ts'
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
