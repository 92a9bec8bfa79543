import { expect, test } from 'vitest'
import { sealLogged, unsealLogged } from './seal-logged.ts'

const bytes = (n: number, size = 32) => new Uint8Array(size).fill(n)
const place = { logKey: bytes(1), salt: bytes(2), aad: bytes(3) }

test('unsealLogged() opens what sealLogged() sealed, at its place alone', () => {
  const sealed = sealLogged(place, bytes(4, 100))
  expect(Uint8Array.from(unsealLogged(place, sealed) ?? [])).toEqual(bytes(4, 100))
  expect(unsealLogged({ ...place, logKey: bytes(9) }, sealed)).toBeUndefined()
  expect(unsealLogged({ ...place, salt: bytes(9) }, sealed)).toBeUndefined()
  expect(unsealLogged({ ...place, aad: bytes(9) }, sealed)).toBeUndefined()
  expect(unsealLogged(place, sealed.subarray(1))).toBeUndefined()
  expect(unsealLogged(place, bytes(0, 15))).toBeUndefined()
})

test('sealLogged() gives another key for another salt', () => {
  const other = sealLogged({ ...place, salt: bytes(9) }, bytes(0, 64))
  expect(Buffer.compare(other, sealLogged(place, bytes(0, 64)))).not.toBe(0)
})
