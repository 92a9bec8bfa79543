import { expectTypeOf, test } from 'vitest'
import type { Brand } from './brand.ts'

type RowId = Brand<string, 'RowId'>
type KeyId = Brand<string, 'KeyId'>

test('Brand is usable as what it stands on, but not the other way round', () => {
  expectTypeOf<RowId>().toExtend<string>()
  expectTypeOf<string>().not.toExtend<RowId>()
  expectTypeOf<RowId>().not.toExtend<KeyId>()
})
