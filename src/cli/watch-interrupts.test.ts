import { expect, test } from 'vitest'
import { watchInterrupts } from './watch-interrupts.ts'

test('watchInterrupts() aborts at the first interrupt and ends at the second', () => {
  const said: string[] = []
  const exits: number[] = []
  let interrupt = () => {}
  const interrupts = {
    listen(listener: () => void) {
      interrupt = listener
      return { [Symbol.dispose]() {} }
    },
    exitNow: (exit: number) => exits.push(exit),
  }
  using watching = watchInterrupts(interrupts, (text) => said.push(text))
  expect(watching.signal.aborted).toBe(false)
  interrupt()
  expect(watching.signal.reason).toMatchObject({ code: 'cli.interrupted' })
  expect(said).toHaveLength(1)
  expect(exits).toEqual([])
  interrupt()
  expect(exits).toEqual([130])
})
