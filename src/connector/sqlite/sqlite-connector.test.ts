import { testConnector } from '../testing/connector-contract.ts'
import { sqliteHarness } from '../testing/sqlite-system.ts'

testConnector('sqlite', sqliteHarness)
