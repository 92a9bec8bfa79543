import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareSteps } from './compare-steps.ts'
import type { PlannedStep } from './plan-file.ts'

async function* stepsOf(lineByKey: ReadonlyMap<number, string>) {
  const keys = [...lineByKey.keys()].sort((a, b) => a - b)
  for (const key of keys) {
    const step: PlannedStep = {
      name: `erp main.t:${key}`,
      isWrite: true,
      target: 'erp',
      line: lineByKey.get(key) ?? '',
    }
    yield step
  }
}

const planArb = fc
  .array(fc.tuple(fc.nat(30), fc.constantFrom('a', 'b')))
  .map((entries) => new Map(entries))

test('compareSteps() counts what two maps differ in, and names the first', async () => {
  await fc.assert(
    fc.asyncProperty(planArb, planArb, async (before, after) => {
      const keys = [...new Set([...before.keys(), ...after.keys()])]
      const differing = keys.filter((key) => before.get(key) !== after.get(key))
      const { count, names } = await compareSteps(stepsOf(before), stepsOf(after))
      expect(count).toBe(differing.length)
      expect(names).toHaveLength(Math.min(5, count))
      expect(differing.map((key) => `erp main.t:${key}`)).toEqual(
        expect.arrayContaining([...names]),
      )
    }),
  )
})

test('compareSteps() stops where two plans have nothing in common', async () => {
  const many = (from: number) =>
    new Map(Array.from({ length: 20_000 }, (_, i) => [from + i, 'a'] as const))
  const { count } = await compareSteps(stepsOf(many(0)), stepsOf(many(50_000)))
  expect(count).toBeGreaterThan(10_000)
  expect(count).toBeLessThan(20_000)
})
