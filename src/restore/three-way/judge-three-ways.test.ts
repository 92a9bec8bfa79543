import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POLICIES, type Policy, parsePolicies, policyOf } from '../policy.ts'
import { decide, judgeAdded, judgeThreeWays, type Outcome, type Since } from './judge-three-ways.ts'

const aRow = fc.array(fc.constantFrom('a', 'b', 'c', '\\N'), { minLength: 3, maxLength: 3 })
const aPolicy = fc.constantFrom(...POLICIES)

/** The record once the verdict was carried out. */
function carryOut(
  states: Parameters<typeof judgeThreeWays>[0],
  policyAt: (index: number) => Policy,
): string[] {
  const judged = judgeThreeWays(states, policyAt)
  return states.live.map((value, i) => {
    const isWritten = judged.some(({ index, outcome }) => index === i && outcome === 'write')
    return isWritten ? (states.point[i] ?? '') : value
  })
}

test('decide() follows the table of policies', () => {
  const table: Record<Policy, Record<Since, Outcome>> = {
    ours: { known: 'write', unseen: 'write', conflict: 'write' },
    theirs: { known: 'write', unseen: 'stay', conflict: 'stay' },
    newer: { known: 'stay', unseen: 'stay', conflict: 'stay' },
    ask: { known: 'write', unseen: 'write', conflict: 'ask' },
  }
  for (const policy of POLICIES) {
    for (const since of ['known', 'unseen', 'conflict'] as const) {
      expect(decide(since, policy), `${policy} ${since}`).toBe(table[policy][since])
    }
  }
})

test('judgeThreeWays() speaks of exactly the fields that differ from the point', () => {
  fc.assert(
    fc.property(aRow, fc.option(aRow), aRow, aPolicy, (point, captured, live, policy) => {
      const judged = judgeThreeWays({ point, captured, live }, () => policy)
      const differ = [0, 1, 2].filter((i) => point[i] !== live[i])
      expect(judged.map(({ index }) => index)).toEqual(differ)
      for (const { index, since } of judged) {
        const values = new Set([point[index], captured?.[index], live[index]])
        expect(since === 'conflict').toBe(values.size === 3)
      }
    }),
  )
})

test('judgeThreeWays() by ours ends at the point, by newer where it was, and repeats to nothing', () => {
  fc.assert(
    fc.property(aRow, fc.option(aRow), aRow, aPolicy, (point, captured, live, policy) => {
      const states = { point, captured, live }
      expect(carryOut(states, () => 'ours')).toEqual(point)
      expect(carryOut(states, () => 'newer')).toEqual(live)
      const done = carryOut(states, () => policy)
      const again = judgeThreeWays({ ...states, live: done }, () => policy)
      expect(again.filter(({ outcome }) => outcome === 'write')).toEqual([])
    }),
  )
})

test('judgeThreeWays() without a newer capture has no conflict', () => {
  fc.assert(
    fc.property(aRow, aRow, aPolicy, (point, live, policy) => {
      const judged = judgeThreeWays({ point, captured: point, live }, () => policy)
      expect(judged.every(({ since }) => since === 'unseen')).toBe(true)
    }),
  )
})

test('judgeAdded() asks about a record that was changed after it was captured', () => {
  const live = ['1', 'b']
  expect(judgeAdded({ captured: ['1', 'a'], live }, 'ask').outcome).toBe('ask')
  expect(judgeAdded({ captured: live, live }, 'ask').outcome).toBe('write')
  expect(judgeAdded({ captured: null, live }, 'ask').outcome).toBe('write')
  expect(judgeAdded({ captured: null, live }, 'theirs').outcome).toBe('stay')
  expect(judgeAdded({ captured: live, live }, 'newer').outcome).toBe('stay')
})

test('parsePolicies() reads one policy for each class and one for the rest', () => {
  const policies = parsePolicies(['theirs', 'bank=ours'])
  expect(policyOf(policies, 'bank')).toBe('ours')
  expect(policyOf(policies, 'default')).toBe('theirs')
  expect(policyOf(policies, 'constructor')).toBe('theirs')
  expect(policyOf(parsePolicies([]), 'bank')).toBe('ask')
  for (const wrong of [['mine'], ['bank='], ['=ours'], ['ours', 'theirs'], ['a=ours', 'a=ask']]) {
    expect(() => parsePolicies(wrong), wrong.join(' ')).toThrow('Cannot decide conflicts by')
  }
})
