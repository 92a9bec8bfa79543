import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import { giveWay } from './give-way.ts'

const lostRace = () => new AppError('timeline.lost-race', 'Cannot commit entry 1: it is taken')

test('giveWay() attempts again as long as others are first, and says how often they were', async () => {
  const seen: number[] = []
  const done = await giveWay(async (lost) => {
    seen.push(lost)
    if (lost < 3) throw lostRace()
    return 'done'
  })
  expect(done).toBe('done')
  expect(seen).toEqual([0, 1, 2, 3])
})

test('giveWay() gives up one day, and at once where something else is wrong', async () => {
  let attempts = 0
  const always = giveWay(async () => {
    attempts += 1
    throw lostRace()
  })
  await expect(always).rejects.toMatchObject({ code: 'timeline.lost-race' })
  expect(attempts).toBe(21)
  const other = new Error('something else')
  await expect(giveWay(() => Promise.reject(other))).rejects.toBe(other)
})
