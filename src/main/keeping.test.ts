import { test } from 'vitest'
import { proveKeeping } from './testing/keeping.ts'

test('every kept point holds what it held, whatever was let go, merged and collected (I1, I2, I4)', async () => {
  await proveKeeping(3)
}, 60_000)
