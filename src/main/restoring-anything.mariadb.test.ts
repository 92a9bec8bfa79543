import { test } from 'vitest'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { mariadbSide, postgresSide, sqliteSide } from './testing/a-crossing.ts'
import { expectEveryCustomerShape, proveCustomers } from './testing/restoring-customers-model.ts'
import { expectEveryShape, type MakeSide, proveRestoring } from './testing/restoring-model.ts'

const postgres: MakeSide = () => postgresSide(newestMajor())

/** Three runs of each of these seeds have every shape. */
const PAIRS: readonly (readonly [string, MakeSide, MakeSide, number])[] = [
  ['PostgreSQL are what they were', postgres, postgres, 609],
  ['MariaDB are what they were', mariadbSide, mariadbSide, 256],
  ['PostgreSQL are the same in MariaDB', postgres, mariadbSide, 29],
  ['MariaDB are the same in SQLite', mariadbSide, sqliteSide, 819],
  ['SQLite are the same in PostgreSQL', sqliteSide, postgres, 360],
]

const CUSTOMERS: readonly (readonly [string, MakeSide, number])[] = [
  ['PostgreSQL', postgres, 768],
  ['MariaDB', mariadbSide, 733],
]

describePostgres('restoring anything', (major) => {
  const testOnce = test.runIf(major === newestMajor())
  for (const [title, side, seed] of CUSTOMERS) {
    testOnce(
      `a customer of random tables of ${title} is what it was, and nothing else is touched`,
      async () => {
        expectEveryCustomerShape(await proveCustomers(side, { numRuns: 3, seed }))
      },
      3_600_000,
    )
  }
  for (const [title, source, target, seed] of PAIRS) {
    testOnce(
      `random tables of ${title}, after random damage and after an undo`,
      async () => {
        expectEveryShape(await proveRestoring({ source, target }, { numRuns: 3, seed }))
      },
      3_600_000,
    )
  }
})
