import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { postgresHarness } from './testing/postgres-harness.ts'
import { testUndoing } from './testing/undoing-contract.ts'

describePostgres('undoing', (major) => {
  // What differs between majors is the connector's, and tested there.
  if (major === newestMajor()) testUndoing(`postgres ${major}`, postgresHarness(major))
})
