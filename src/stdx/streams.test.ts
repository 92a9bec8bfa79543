import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collect, mapConcurrent } from './streams.ts'

async function* countTo(n: number, seen: { pulled: number; closed: boolean }) {
  try {
    for (let i = 0; i < n; i++) {
      seen.pulled = i + 1
      yield i
    }
  } finally {
    seen.closed = true
  }
}

const nothingSeen = () => ({ pulled: 0, closed: false })

async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await Promise.resolve()
}

test('mapConcurrent() keeps the order and never runs more than max calls', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(20), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (delays, max) => {
        let running = 0
        let peak = 0
        const results = await collect(
          mapConcurrent(delays, max, async (delay) => {
            peak = Math.max(peak, ++running)
            await turns(delay)
            running--
            return delay
          }),
        )
        expect(results).toEqual(delays)
        expect(peak).toBeLessThanOrEqual(max)
      },
    ),
  )
})

test('mapConcurrent() does run max calls at once', async () => {
  let running = 0
  let peak = 0
  const call = async () => {
    peak = Math.max(peak, ++running)
    await turns(10)
    running--
  }
  await collect(mapConcurrent([1, 2, 3, 4, 5, 6], 3, call))
  expect(peak).toBe(3)
})

test('mapConcurrent() stops pulling, waits for what runs and closes the input when a call fails', async () => {
  const seen = nothingSeen()
  let running = 0
  const failing = mapConcurrent(countTo(100, seen), 3, async (i) => {
    running++
    await turns(i === 2 ? 1 : 50)
    running--
    if (i === 2) throw new Error(`call ${i}`)
    return i
  })
  await expect(collect(failing)).rejects.toThrow('call 2')
  expect(running).toBe(0)
  expect(seen.closed).toBe(true)
  expect(seen.pulled).toBeLessThanOrEqual(5)
})

test('mapConcurrent() closes the input when its consumer stops early', async () => {
  const seen = nothingSeen()
  for await (const i of mapConcurrent(countTo(100, seen), 2, async (x) => x)) {
    if (i === 4) break
  }
  expect(seen.closed).toBe(true)
  expect(seen.pulled).toBeLessThanOrEqual(7)
})

test('mapConcurrent() passes a failure of its input on, after the running calls', async () => {
  let finished = 0
  async function* broken() {
    yield 1
    yield 2
    throw new Error('source lost')
  }
  const mapping = mapConcurrent(broken(), 5, async () => {
    await turns(20)
    finished++
  })
  await expect(collect(mapping)).rejects.toThrow('source lost')
  expect(finished).toBe(2)
})

test('mapConcurrent() treats a call that throws at once like one that rejects', async () => {
  const mapping = mapConcurrent([1], 1, () => {
    throw new Error('at once')
  })
  await expect(collect(mapping)).rejects.toThrow('at once')
})

test.each([0, -1, 1.5])('mapConcurrent() refuses %d calls at a time', async (max) => {
  await expect(collect(mapConcurrent([1], max, async (x) => x))).rejects.toThrow('at least one')
})
