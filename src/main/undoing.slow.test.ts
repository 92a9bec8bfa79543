import { test } from 'vitest'
import { proveUndoing } from './testing/undoing-model.ts'

test('a random transaction of many random lives is undone as a plain map says', async () => {
  await proveUndoing(60)
})
