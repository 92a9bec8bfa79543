import { test } from 'vitest'
import { proveUndoing } from './testing/undoing-model.ts'
import { proveUndoingRestores } from './testing/undoing-restores-model.ts'

test('a random restore of many random stories is undone as a plain map says', async () => {
  await proveUndoingRestores(80)
})

test('a random transaction of many random lives is undone as a plain map says', async () => {
  await proveUndoing(60)
})
