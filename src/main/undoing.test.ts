import { test } from 'vitest'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testUndoing } from './testing/undoing-contract.ts'
import { proveUndoing } from './testing/undoing-model.ts'

testUndoing('sqlite', sqliteHarness)

test('a random transaction of a random life is undone as a plain map says', async () => {
  await proveUndoing(6)
})
