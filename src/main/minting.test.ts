import { sqliteHarness } from '#connector/testing/sqlite-system'
import { testMinting } from './testing/minting-contract.ts'

testMinting('sqlite', sqliteHarness)
testMinting('sqlite rowid', { ...sqliteHarness, numbered: 'INTEGER PRIMARY KEY' }, true)
