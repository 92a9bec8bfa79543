import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testRestoring } from './testing/restoring-contract.ts'

testRestoring('sqlite', sqliteHarness)
