import { vi } from 'vitest'
import { testConnector } from '../testing/connector-contract.ts'
import { filesHarness } from '../testing/files-system.ts'

// Values of megabytes go through files and a database of the tests' own.
vi.setConfig({ testTimeout: 30_000 })

testConnector('files', filesHarness)
