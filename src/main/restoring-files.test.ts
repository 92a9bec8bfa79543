import { filesHarness } from '#connector/testing/files-system'
import { testRestoring } from './testing/restoring-contract.ts'

testRestoring('files', filesHarness)
