import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testMinting } from './testing/minting-contract.ts'
import { testMoving } from './testing/moving-contract.ts'

testMinting('sqlite', sqliteHarness)
testMoving('sqlite', sqliteHarness)
testMinting('sqlite rowid', { ...sqliteHarness, numbered: 'INTEGER PRIMARY KEY' }, true)
