import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testUndoing } from './testing/undoing-contract.ts'

testUndoing('sqlite', sqliteHarness)
