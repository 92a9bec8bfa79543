import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatKeyAddress, parseKeyAddress } from '#record/address'
import { parseEntityName } from '#record/entity-name'
import { aSchema } from '#segment/testing/segment-fixture'
import { systemRandom } from '#stdx/random'
import type { Origin } from './map-point.ts'
import { OriginKeys } from './origin-keys.ts'

const schema = aSchema()
const from = parseEntityName('public.customer')
const { signal } = new AbortController()
const deps = { random: systemRandom, tempDir: tmpdir() }

test('the record that a record comes from is found in key order, whatever order they came in', async () => {
  const ids = fc.uniqueArray(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), { maxLength: 50 })
  await fc.assert(
    fc.asyncProperty(ids, ids, async (known, asked) => {
      async function* origins(): AsyncGenerator<Origin> {
        for (const id of known) yield { key: String(id), from, fromKey: `"a\t${id}"` }
      }
      await using keys = new OriginKeys(deps, { mapped: { origins }, schema }, signal)
      for (const id of asked.concat(known.slice(0, 5)).sort((a, b) => a - b)) {
        const key = parseKeyAddress(String(id), schema.key)
        const found = known.includes(id) ? { entity: from, key: `"a\t${id}"` } : null
        expect(await keys.find(key), formatKeyAddress(key, schema.key)).toEqual(found)
      }
    }),
    { numRuns: 50 },
  )
})
