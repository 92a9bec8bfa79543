import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatKeyAddress } from '#record/address'
import { encodeKey } from '#record/key'
import { atEntry } from '#record/stamp'
import type { PlacedSegment } from '#segment/segment'
import {
  type AVersion,
  aBatch,
  aSchema,
  aVault,
  type Vault,
  writeBatches,
} from '#segment/testing/segment-fixture'
import { isAppError } from '#stdx/app-error'
import { aCaptureBody } from '#timeline/testing/a-timeline'
import type { Point } from '#timeline/timeline-state'
import { recordHistory } from './record-history.ts'

const schema = aSchema({ fields: ['id', 'name'] })
const { entity } = schema
const key = encodeKey(['1'], ['integer'])

/** What each transaction made of one record, step by step: a name, or `null`. */
type Entry = {
  readonly isFed: boolean
  readonly isKept: boolean
  readonly transactions: readonly (readonly (string | null)[])[]
}

function aPoint(seq: number, { isFed }: Entry): Point {
  const body = aCaptureBody(null)
  const counts = { rows: 0, inserted: 0, updated: 0, deleted: 0 }
  const facts = { entity, schema: 1, generation: 1, ...counts, fingerprint: null }
  return {
    seq,
    kind: isFed ? 'feed' : 'capture',
    labels: [],
    held: false,
    time: body.cut.time,
    body,
    catalogue: { definition: null, notRestored: [] },
    entities: [facts],
    factsOf: (name) => (name === entity ? facts : undefined),
    leftOut: [],
    sequences: {},
    asOf: atEntry(seq),
    cut: body.cut,
    transaction: null,
    unproven: null,
  }
}

/** Entries of one transaction each, unless a feed tells them. */
function transactionsOf({ isFed, transactions }: Entry) {
  return isFed ? transactions : [transactions.flat()]
}

async function writeEntry(vault: Vault, seq: number, entry: Entry): Promise<PlacedSegment[]> {
  const versions: AVersion[] = []
  for (const [t, steps] of transactionsOf(entry).entries()) {
    const name = steps.at(-1)
    if (name === undefined) continue
    const digest = BigInt(name === null ? 0 : 1 + name.charCodeAt(0))
    versions.unshift({ key, row: name === null ? null : `1\t${name}\n`, ordinal: t + 1, digest })
  }
  const refs = await writeBatches(vault, schema, [aBatch(versions)])
  return refs.map((ref) => ({ seq, ref }))
}

/** What is to be told: every change from one moment that can be looked at to the next. */
function tell(entries: readonly Entry[]) {
  const told: { seq: number; ordinal: number | null; op: string; name: string | null }[] = []
  let name: string | null = null
  let shown: string | null = null
  for (const [e, entry] of entries.entries()) {
    const all = transactionsOf(entry)
    for (const [t, steps] of all.entries()) {
      name = steps.at(-1) ?? name
      if (steps.length > 0 && steps.at(-1) === null) name = null
      if (!entry.isKept || name === shown) continue
      const op = name === null ? 'delete' : shown === null ? 'insert' : 'update'
      told.push({ seq: e + 1, ordinal: entry.isFed ? t + 1 : null, op, name })
      shown = name
    }
  }
  return told
}

const entries = fc.array(
  fc.record({
    isFed: fc.boolean(),
    isKept: fc.boolean(),
    transactions: fc.array(fc.array(fc.constantFrom('a', 'b', null), { maxLength: 2 }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 6 },
)

test('recordHistory() tells what became of a record from each moment to the next', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (life) => {
      const vault = aVault()
      const segments: PlacedSegment[] = []
      for (const [e, entry] of life.entries()) {
        segments.push(...(await writeEntry(vault, e + 1, entry)))
      }
      const points = life.flatMap((entry, e) => (entry.isKept ? [aPoint(e + 1, entry)] : []))
      const state = {
        source: 'erp',
        schemas: new Map([[entity, [schema]]]),
        segments: new Map([[entity, segments]]),
        points,
      }
      const address = formatKeyAddress(key, schema.key)
      const asked = { state, entity, address }
      const found = await recordHistory(vault.readDeps, asked, vault.signal).catch(
        (error: unknown) => {
          if (!isAppError(error, 'history.record-unknown')) throw error
          return { versions: [] }
        },
      )
      const versions = found.versions.map(({ fields, op, ordinal, seq }) => {
        return { seq, ordinal, op, name: fields['name'] ?? null }
      })
      expect(versions.toReversed()).toEqual(tell(life))
    }),
    { numRuns: 100 },
  )
})
