import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeUndo } from './judge-undo.ts'

const aRow = fc.array(fc.constantFrom('a', 'b', '\\N'), { minLength: 3, maxLength: 3 })
const maybe = fc.option(aRow)

/** The record as it is once the verdict was carried out; as it is where there is a conflict. */
function carryOut(before: string[] | null, after: string[] | null, live: string[] | null) {
  const verdict = judgeUndo({ before, after, live })
  switch (verdict.kind) {
    case 'insert':
      return before
    case 'delete':
      return null
    case 'update':
      return (live ?? []).map((value, i) =>
        verdict.indexes.includes(i) ? (before?.[i] ?? '') : value,
      )
    default:
      return live
  }
}

test('judgeUndo() takes back right after, and does nothing the second time', () => {
  fc.assert(
    fc.property(maybe, maybe, (before, after) => {
      expect(carryOut(before, after, after)).toEqual(before)
      expect(judgeUndo({ before, after, live: before })).toEqual({ kind: 'same' })
    }),
  )
})

test('judgeUndo() leaves every value alone that the transaction did not leave there', () => {
  fc.assert(
    fc.property(aRow, aRow, aRow, (before, after, live) => {
      const undone = carryOut(before, after, live) ?? []
      for (const [i, value] of undone.entries()) {
        const isTaken = value !== live[i]
        if (isTaken) expect([before[i], live[i]]).toEqual([value, after[i]])
      }
      const { kind } = judgeUndo({ before, after, live })
      const strange = before.some((value, i) => {
        return value !== after[i] && live[i] !== value && live[i] !== after[i]
      })
      expect(kind === 'conflict').toBe(strange)
    }),
  )
})

test('judgeUndo() deletes an inserted record only while it is as inserted', () => {
  expect(judgeUndo({ before: null, after: ['1', 'a'], live: ['1', 'b'] })).toEqual({
    kind: 'conflict',
    found: 'changed',
    indexes: [1],
  })
  expect(judgeUndo({ before: ['1', 'a'], after: null, live: ['1', 'b'] })).toEqual({
    kind: 'conflict',
    found: 'back',
    indexes: [1],
  })
  expect(judgeUndo({ before: ['1', 'a'], after: ['1', 'b'], live: null })).toEqual({
    kind: 'conflict',
    found: 'gone',
    indexes: [1],
  })
})
