import fc from 'fast-check'
import { expect } from 'vitest'
import { aLife, type Life, SOURCE } from '#capture/testing/a-life'
import { runCollect } from '#retention/run-collect'
import { runCompaction } from '#retention/run-compaction'
import { systemRandom } from '#stdx/random'
import type { TimelineState } from '#timeline/timeline-state'
import { checkVault } from '#vault/check-vault'
import { signal, stillClock } from '#vault/testing/a-vault'

const TABLES = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, photo BLOB);
  CREATE TABLE note (said TEXT)`
const ENTITIES = ['main.customer', 'main.note']
/** Large enough to lie out of line, and the same for some of the customers. */
const photoOf = (id: number) => `CAST(printf('%070000d', ${id % 3}) AS BLOB)`

type Step =
  | { readonly kind: 'capture'; readonly ids: readonly number[]; readonly photo: boolean }
  | { readonly kind: 'expire' | 'hold' | 'release'; readonly picks: readonly number[] }
  | { readonly kind: 'compact' | 'collect' | 'abandon' }

const ids = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 })
const picks = fc.array(fc.nat(20), { maxLength: 6 })
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('capture' as const), ids, photo: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('expire' as const), picks }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('hold' as const, 'release'), picks }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('compact' as const, 'collect', 'abandon') }),
    },
  ),
  { minLength: 8, maxLength: 24 },
)

/** What the source held at each point that was made, whatever became of it. */
type Truth = Map<number, string>

async function read(life: Life, seq: number): Promise<string> {
  const rows = []
  for (const entity of ENTITIES) rows.push(await life.rowsAt(seq, entity))
  return JSON.stringify(rows)
}

async function take(life: Life, truth: Truth, step: Step): Promise<void> {
  const { vault } = life.inHand
  switch (step.kind) {
    case 'capture': {
      for (const id of step.ids) await change(life, id, step.photo)
      const { seq } = await life.capture()
      truth.set(seq, await read(life, seq))
      return
    }
    case 'compact':
      await runCompaction(
        { vault, clock: stillClock, random: systemRandom, progress: () => {} },
        SOURCE,
        signal,
      )
      return
    case 'collect':
      await collect(life)
      return
    case 'abandon': {
      const failing = life.capture({
        request: { isFull: true },
        captureEntity: (plain) => async (job, rows, watch) => {
          const result = await plain(job, rows, watch)
          if (job.schema.entity === 'main.note') throw new Error('died')
          return result
        },
      })
      await expect(failing).rejects.toThrow('died')
      return
    }
    default:
      await mark(life, step)
  }
}

async function mark(life: Life, step: Extract<Step, { readonly picks: unknown }>): Promise<void> {
  const { vault } = life.inHand
  const state = await life.state()
  const points = picked(state, step)
  if (points.length === 0) return
  if (step.kind === 'hold') {
    await vault.append(state, { kind: 'hold', points, reason: '' }, signal)
    return
  }
  const proposal = { kind: step.kind, basis: state.basis, points }
  await vault.append(state, await vault.cosign(SOURCE, proposal, signal), signal)
}

function picked({ points }: TimelineState, step: Extract<Step, { readonly picks: unknown }>) {
  const candidates =
    step.kind === 'expire' ? points.slice(0, -1).filter(({ held }) => !held) : [...points]
  const chosen = step.picks.flatMap(
    (pick) => candidates[pick % Math.max(1, candidates.length)] ?? [],
  )
  return [...new Set(chosen.map(({ seq }) => seq))].sort((a, b) => a - b)
}

async function change(life: Life, id: number, photo: boolean): Promise<void> {
  const value = photo ? photoOf(id) : 'NULL'
  await life.exec(
    id % 5 === 0
      ? `DELETE FROM customer WHERE id = ${id - 1}; DELETE FROM note WHERE rowid = 1`
      : `INSERT INTO customer VALUES (${id}, 'a', ${value})
           ON CONFLICT DO UPDATE SET name = name || 'b', photo = ${photo ? value : 'photo'};
         INSERT INTO note VALUES ('${id}')`,
  )
}

async function collect(life: Life) {
  const request = { source: SOURCE, graceMs: 0, isDryRun: false }
  return await runCollect({ vault: life.inHand.vault, random: systemRandom }, request, signal)
}

/**
 * Whatever is let go, merged and collected: every kept point holds what it held, and nothing is left
 * that nothing needs (I1, I2, I4, I6).
 */
export async function proveKeeping(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      await using life = await aLife(TABLES)
      const truth: Truth = new Map()
      for (const step of given) await take(life, truth, step)
      const { incidents, points } = await life.state()
      expect(incidents).toEqual([])
      for (const { seq } of points)
        expect(await read(life, seq), `point ${seq}`).toBe(truth.get(seq))
      await collect(life)
      for (const { seq } of points)
        expect(await read(life, seq), `point ${seq}`).toBe(truth.get(seq))
      const { vault } = life.inHand
      const report = await checkVault(vault, { depth: 'decoded', signal, onProgress: () => {} })
      expect(report).toMatchObject({
        problems: [],
        garbage: { objects: 0 },
        replaced: { objects: 0 },
      })
    }),
    { numRuns },
  )
}
