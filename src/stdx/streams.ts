import { assert } from './assert.ts'

/**
 * Calls `fn` for every input, at most `max` at a time, and yields the results in the order of the
 * inputs.
 *
 * Holds at most `max` inputs and results. After a failure, or when the consumer stops early, it
 * pulls no further input, waits for the calls that are running, and closes the input; then the
 * earliest failure in input order is thrown. The only helper for concurrency: nobody writes a pool.
 *
 * @param max at least 1
 */
export async function* mapConcurrent<In, Out>(
  inputs: AsyncIterable<In> | Iterable<In>,
  max: number,
  fn: (input: In) => Promise<Out>,
): AsyncGenerator<Out, void, undefined> {
  assert(Number.isInteger(max) && max >= 1, 'mapConcurrent runs at least one call at a time.')
  const running: Promise<Out>[] = []
  try {
    for await (const input of inputs) {
      running.push(startQuietly(fn, input))
      if (running.length >= max) yield await takeFirst(running)
    }
    while (running.length > 0) yield await takeFirst(running)
  } finally {
    await Promise.allSettled(running)
  }
}

/** Gathers a stream that is known to be small. */
export async function collect<T>(inputs: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const input of inputs) all.push(input)
  return all
}

function startQuietly<In, Out>(fn: (input: In) => Promise<Out>, input: In): Promise<Out> {
  const call = Promise.try(fn, input)
  // A call that fails while an earlier one is awaited is reported when its turn comes.
  call.catch(() => {})
  return call
}

function takeFirst<Out>(running: Promise<Out>[]): Promise<Out> {
  const first = running.shift()
  assert(first !== undefined, 'A call is running when its result is awaited.')
  return first
}
