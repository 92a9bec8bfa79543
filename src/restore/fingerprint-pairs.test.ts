import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import type { EntityAt } from '#history/entity-at'
import { describeSchema } from '#record/describe-schema'
import { atEntry } from '#record/stamp'
import {
  aRowBatch,
  aSchema,
  aVault,
  digestKey,
  scanText,
  writeBatches,
} from '#segment/testing/segment-fixture'
import { LARGE_VALUE_BYTES } from '#segment/version-batch'
import { systemRandom } from '#stdx/random'
import { fingerprintPairs } from './fingerprint-pairs.ts'

const schema = aSchema()
const described = describeSchema(schema)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function fingerprint(text: string, live: string) {
  const vault = aVault()
  const refs = await writeBatches(vault, schema, [scanText(schema, text)])
  const rows = text.split('\n').length - 1
  const counts = { rows, inserted: rows, updated: 0, deleted: 0, fingerprint: '' }
  const at: EntityAt = {
    facts: { entity: schema.entity, schema: 1, generation: 1, ...counts },
    schema,
    schemas: new Map([[1, schema]]),
    segments: refs.map((ref) => ({ seq: 1, ref })),
    asOf: atEntry(1),
  }
  const deps = {
    read: vault.readDeps,
    digestKey,
    random: systemRandom,
    tempDir: tmpdir(),
    progress: () => undefined,
  }
  const cut = {
    async *scan() {
      yield aRowBatch(live)
    },
  }
  const { signal } = new AbortController()
  const pairs = fingerprintPairs(deps, { at, cut, described }, signal)
  let differing = 0
  for (;;) {
    const next = await pairs.next()
    if (next.done === true) return { differing, ...next.value }
    differing += next.value.length
  }
}

test('a fingerprint is the SHA-256 of the rows in key order, whatever order they come in', async () => {
  const text = '1\ta\t\\N\n2\tb\\tc\t\\N\n10\td\t\n'
  const shuffled = '10\td\t\n2\tb\\tc\t\\N\n1\ta\t\\N\n'
  const found = await fingerprint(text, shuffled)
  expect(found).toMatchObject({ differing: 0, same: 3 })
  expect(found.fingerprints).toEqual({ left: sha256(text), right: sha256(text) })
  const other = await fingerprint(text, shuffled.replace('d', 'e'))
  expect(other).toMatchObject({ differing: 1, same: 2 })
  expect(other.fingerprints.left).toBe(sha256(text))
  expect(other.fingerprints.right).toBe(sha256(text.replace('d', 'e')))
})

test('what lies out of line has its part in the fingerprint', async () => {
  const text = `1\ta\t${'x'.repeat(LARGE_VALUE_BYTES + 1)}\n2\tb\t\\N\n`
  const found = await fingerprint(text, text)
  expect(found.fingerprints).toEqual({ left: sha256(text), right: sha256(text) })
})
