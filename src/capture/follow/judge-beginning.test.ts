import { expect, test } from 'vitest'
import type { Gap, Point, TimelineState } from '#timeline/timeline-state'
import { judgeBeginning } from './judge-beginning.ts'

/** A timeline whose points are of these feeds, oldest first; `null`: of none. */
function after(feeds: readonly (string | null)[], gaps: readonly Partial<Gap>[] = []) {
  const points = feeds.map((feed, i) => {
    const body = feed === null ? {} : { follow: { feed, part: 'transactions' } }
    return { seq: i + 1, body } as unknown as Point
  })
  return { points, gaps } as unknown as TimelineState
}

test('judgeBeginning() goes on from a point that the feed told', () => {
  expect(judgeBeginning(after([null, 'ours', 'ours']), 'ours')).toMatchObject({
    kind: 'resume',
    point: { seq: 3 },
  })
})

test('judgeBeginning() joins a point that somebody else wrote', () => {
  expect(judgeBeginning(after(['ours', null]), 'ours')).toEqual({ kind: 'rejoin' })
})

test('judgeBeginning() begins where nothing was followed, and takes no feed of others for ours', () => {
  const begin = { kind: 'begin', mayReplace: false }
  expect(judgeBeginning(after([]), 'ours')).toEqual(begin)
  expect(judgeBeginning(after([null, null]), 'ours')).toEqual(begin)
  expect(judgeBeginning(after([null, 'theirs']), 'ours')).toEqual(begin)
})

test('judgeBeginning() begins anew behind a hole, until a scan has closed it', () => {
  const hole = { entities: null, until: null }
  const anew = { kind: 'begin', mayReplace: true }
  expect(judgeBeginning(after(['ours'], [hole]), 'ours')).toEqual(anew)
  const closed = { entities: null, until: 3 }
  expect(judgeBeginning(after(['ours'], [closed]), 'ours')).toMatchObject({ kind: 'resume' })
  const ofOne = { entities: [], until: null }
  expect(judgeBeginning(after(['ours'], [ofOne]), 'ours')).toMatchObject({ kind: 'resume' })
})
