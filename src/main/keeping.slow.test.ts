import { test } from 'vitest'
import { proveKeeping } from './testing/keeping.ts'

test('every kept point holds what it held, in many histories (I1, I2, I4, I6)', async () => {
  await proveKeeping(150)
})
