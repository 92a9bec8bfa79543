import { test } from 'vitest'
import { sqliteSide } from './testing/a-crossing.ts'
import { expectEveryShape, proveRestoring } from './testing/restoring-model.ts'

test('random tables of SQLite are what they were, after random damage and after an undo', async () => {
  const sides = { source: sqliteSide, target: sqliteSide }
  expectEveryShape(await proveRestoring(sides, { numRuns: 4, seed: 7 }))
}, 3_600_000)
