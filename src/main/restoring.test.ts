import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testRestoring } from './testing/restoring-contract.ts'
import { testRestoringSince } from './testing/restoring-since.ts'

testRestoring('sqlite', sqliteHarness)
testRestoringSince('sqlite', sqliteHarness)
