import { expect, test } from 'vitest'
import { systemClock } from '#stdx/clock'
import { TimedReader } from './timed-reader.ts'

const AHEAD = { bytesOf: (item: number) => item, bytesMax: 10 }

test('next() gives items in order, says when it waited long enough, and loses nothing', async () => {
  const gate = Promise.withResolvers<void>()
  async function* items() {
    yield 1
    yield 2
    await gate.promise
    yield 3
  }
  await using reader = new TimedReader(systemClock, items(), AHEAD)
  expect(await reader.next(undefined)).toBe(1)
  expect(await reader.next(systemClock.passedMs() + 10_000)).toBe(2)
  expect(await reader.next(systemClock.passedMs() + 20)).toBe('late')
  expect(await reader.next(systemClock.passedMs() - 1)).toBe('late')
  gate.resolve()
  expect(await reader.next(systemClock.passedMs() + 10_000)).toBe(3)
  expect(await reader.next(undefined)).toBe('end')
})

test('what is there is taken without waiting, and no more is read ahead than allowed', async () => {
  let made = 0
  async function* items() {
    for (;;) yield ++made
  }
  await using reader = new TimedReader(systemClock, items(), AHEAD)
  expect(reader.take()).toBeUndefined()
  expect(await reader.next(undefined)).toBe(1)
  expect(made).toBe(5)
  const taken = [reader.take(), reader.take(), reader.take(), reader.take(), reader.take()]
  expect(taken).toEqual([2, 3, 4, 5, undefined])
  expect(await reader.next(undefined)).toBe(6)
})

test('next() throws what the stream throws', async () => {
  const failure = new Error('broken')
  async function* items() {
    yield 1
    throw failure
  }
  await using reader = new TimedReader(systemClock, items(), AHEAD)
  expect(await reader.next(undefined)).toBe(1)
  await expect(reader.next(systemClock.passedMs() + 1000)).rejects.toBe(failure)
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
    await using reader = new TimedReader(systemClock, items(), AHEAD)
    await reader.next(undefined)
  }
  expect(isClosed).toBe(true)
})
