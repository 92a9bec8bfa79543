import { expect, test } from 'vitest'
import { narrowCredential } from '#seal/credential'
import { aVault, signal } from './testing/a-vault.ts'

test('an index lies where something is remembered, and only who reads rows can open it', async () => {
  const { credential, open, vault } = await aVault()
  await vault.addSource('erp', signal)
  const placeOf = async (role: 'restore' | 'keeper' | 'capture' | 'auditor') => {
    const narrowed = narrowCredential(credential, role, role === 'capture' ? 'erp' : undefined)
    return (await open({ stateDir: '/state', credential: narrowed })).indexPlace
  }
  const own = (await open({ stateDir: '/state' })).indexPlace
  expect(own).toMatchObject({ folder: `/state/${vault.id}/index`, bytesMax: 4_294_967_296 })
  expect((await placeOf('restore'))?.key).toEqual(own?.key)
  expect((await placeOf('keeper'))?.key).toEqual(own?.key)
  expect(await placeOf('capture')).toBeUndefined()
  expect(await placeOf('auditor')).toBeUndefined()
  expect(vault.indexPlace).toBeUndefined()
  expect(own?.key).toHaveLength(32)
  expect(Buffer.from(own?.key ?? []).equals(credential.read ?? Buffer.alloc(0))).toBe(false)

  const other = await aVault()
  const elsewhere = (await other.open({ stateDir: '/state' })).indexPlace
  expect(elsewhere?.key).not.toEqual(own?.key)
})
