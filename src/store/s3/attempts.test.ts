import { expect, test } from 'vitest'
import { AppError } from '#stdx/app-error'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { ATTEMPT_LIMITS, attempt } from './attempts.ts'

const { signal } = new AbortController()
const doing = 'Cannot read object "a" of "s3://bucket"'

/** A clock whose sleeps take no time and are written down. */
function aClock(): Clock & { readonly sleptMs: number[] } {
  const sleptMs: number[] = []
  return {
    sleptMs,
    nowMs: () => 0,
    passedMs: () => 0,
    async sleep(ms, during) {
      during.throwIfAborted()
      sleptMs.push(ms)
    },
  }
}

/** As the SDK fails. */
function answered(httpStatusCode: number, name = 'Unknown'): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })
}

test('attempt() waits longer from try to try, never longer than a bound, never the same', async () => {
  const clock = aClock()
  const limits = { ...ATTEMPT_LIMITS, attemptsMax: 12, delayMs: 100, delayMaxMs: 1000 }
  let tries = 0
  const failing = attempt({ clock, random: systemRandom, limits }, { doing, signal }, async () => {
    tries += 1
    throw answered(503, 'SlowDown')
  })
  await expect(failing).rejects.toMatchObject({
    code: 'store.unavailable',
    message: `${doing}: the store answered 503 SlowDown`,
  })
  expect(tries).toBe(12)
  expect(clock.sleptMs).toHaveLength(11)
  for (const [index, ms] of clock.sleptMs.entries()) {
    expect(ms).toBeLessThanOrEqual(Math.min(1000, 100 * 2 ** index))
  }
  expect(new Set(clock.sleptMs).size).toBeGreaterThan(8)
})

test('attempt() gives back what came in the end, and stops at what lasts', async () => {
  const clock = aClock()
  const deps = { clock, random: systemRandom, limits: ATTEMPT_LIMITS }
  const answers: (Error | string)[] = [answered(500), answered(429), 'bytes']
  const next = async () => {
    const answer = answers.shift()
    if (answer instanceof Error) throw answer
    return answer
  }
  expect(await attempt(deps, { doing, signal }, next)).toBe('bytes')
  answers.push(answered(403, 'AccessDenied'), 'never asked for')
  const denied = { code: 'store.denied', details: { status: 403, answer: 'AccessDenied' } }
  await expect(attempt(deps, { doing, signal }, next)).rejects.toMatchObject(denied)
  expect(answers).toEqual(['never asked for'])
})

test('attempt() lets failures that are translated through, and ends a try that takes too long', async () => {
  const deps = { clock: aClock(), random: systemRandom }
  const known = new AppError('store.locked', 'Cannot delete: it is locked')
  const limits = { ...ATTEMPT_LIMITS, attemptsMax: 2, timeoutMs: 20 }
  const failing = attempt({ ...deps, limits }, { doing, signal }, () => Promise.reject(known))
  await expect(failing).rejects.toBe(known)
  const hanging = attempt({ ...deps, limits }, { doing, signal }, hang)
  await expect(hanging).rejects.toThrow('the store did not answer in time')
})

test('attempt() rejects with the reason of an abort', async () => {
  const deps = { clock: aClock(), random: systemRandom, limits: ATTEMPT_LIMITS }
  const aborting = new AbortController()
  const reason = new Error('enough')
  const hanging = attempt(deps, { doing, signal: aborting.signal }, (during) => {
    aborting.abort(reason)
    return hang(during)
  })
  await expect(hanging).rejects.toBe(reason)
})

function hang(during: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' }))
    if (during.aborted) fail()
    during.addEventListener('abort', fail)
  })
}
