import { expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { BatchQueue } from './batch-queue.ts'

test('a queue hands everything over, in order, and holds one item', async () => {
  const queue = new BatchQueue<number>()
  let pushed = 0
  let taken = 0
  let ahead = 0
  const pushing = (async () => {
    for (; pushed < 100; pushed++) {
      await queue.push(pushed)
      ahead = Math.max(ahead, pushed + 1 - taken)
    }
    queue.end()
  })()
  const items: number[] = []
  for await (const item of queue.read()) {
    taken += 1
    items.push(item)
    if (item % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await pushing
  expect(items).toEqual(Array.from({ length: 100 }, (_, i) => i))
  expect(ahead).toBeLessThanOrEqual(2)
})

test('a queue that failed ends both sides', async () => {
  const queue = new BatchQueue<number>()
  const failure = new Error('failed')
  await queue.push(1)
  const pushing = queue.push(2)
  queue.fail(failure)
  await expect(pushing).rejects.toBe(failure)
  await expect(collect(queue.read())).rejects.toBe(failure)
})
