import { expect, test } from 'vitest'
import { systemClock } from '#stdx/clock'
import { TimedReader } from './timed-reader.ts'

test('next() gives items in order, says when it waited long enough, and loses nothing', async () => {
  const gate = Promise.withResolvers<void>()
  async function* items() {
    yield 1
    yield 2
    await gate.promise
    yield 3
  }
  await using reader = new TimedReader(systemClock, items())
  expect(await reader.next(undefined)).toBe(1)
  expect(await reader.next(systemClock.nowMs() + 10_000)).toBe(2)
  expect(await reader.next(systemClock.nowMs() + 20)).toBe('late')
  expect(await reader.next(systemClock.nowMs() - 1)).toBe('late')
  gate.resolve()
  expect(await reader.next(systemClock.nowMs() + 10_000)).toBe(3)
  expect(await reader.next(undefined)).toBe('end')
})

test('next() throws what the stream throws', async () => {
  const failure = new Error('broken')
  async function* items() {
    yield 1
    throw failure
  }
  await using reader = new TimedReader(systemClock, items())
  expect(await reader.next(undefined)).toBe(1)
  await expect(reader.next(systemClock.nowMs() + 1000)).rejects.toBe(failure)
})

test('disposing closes the stream', async () => {
  let isClosed = false
  async function* items() {
    try {
      for (let i = 0; ; i++) yield i
    } finally {
      isClosed = true
    }
  }
  {
    await using reader = new TimedReader(systemClock, items())
    await reader.next(undefined)
  }
  expect(isClosed).toBe(true)
})
