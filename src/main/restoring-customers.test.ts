import { test } from 'vitest'
import { sqliteSide } from './testing/a-crossing.ts'
import { expectEveryCustomerShape, proveCustomers } from './testing/restoring-customers-model.ts'

test('a customer of random tables of SQLite is what it was, and nothing else is touched', async () => {
  expectEveryCustomerShape(await proveCustomers(sqliteSide, { numRuns: 3, seed: 360 }))
}, 3_600_000)
