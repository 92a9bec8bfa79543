import { expect, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

test('systemClock.sleep() resolves when its time has passed', async () => {
  await expect(systemClock.sleep(1, new AbortController().signal)).resolves.toBeUndefined()
})

test('systemClock.sleep() rejects with the reason when aborted before', async () => {
  const reason = new Error('stop')
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('systemClock.sleep() rejects with the reason when aborted meanwhile', async () => {
  const controller = new AbortController()
  const reason = new Error('stop')
  const sleeping = systemClock.sleep(60_000, controller.signal)
  controller.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
})

test('systemClock.passedMs() goes on whatever is made of the time of day', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 5_000_000 })
  const before = systemClock.passedMs()
  vi.setSystemTime(1000)
  expect(systemClock.nowMs()).toBe(1000)
  expect(systemClock.passedMs() - before).toBeGreaterThanOrEqual(0)
  expect(systemClock.passedMs() - before).toBeLessThan(1_000_000)
  vi.useRealTimers()
})

test('systemClock.nowMs() is in milliseconds of this century', () => {
  const centuryMs = 100 * 365.25 * 86_400_000
  expect(systemClock.nowMs()).toBeGreaterThan(25 * 365 * 86_400_000)
  expect(systemClock.nowMs()).toBeLessThan(2 * centuryMs)
})
