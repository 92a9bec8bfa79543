import { beforeAll, expect, test } from 'vitest'
import { systemRandom } from '#stdx/random'
import { collect } from '#stdx/streams'
import { describeS3, type FreshBucket, freshBucket } from '#test/servers/fresh-bucket'
import { type FrontAction, type FrontRequest, startS3Front } from '#test/servers/s3-front'
import { parseObjectName } from '../object-name.ts'
import { probeStore } from '../probe-store.ts'
import { openBucket } from './testing/open-bucket.ts'

const { signal } = new AbortController()
const forward: FrontAction = { kind: 'forward' }
const slow: FrontAction = { kind: 'refuse', status: 503, code: 'SlowDown' }
let names = 0
const aName = () => parseObjectName(`o/${names++}`)

describeS3('s3 store, when requests fail', () => {
  let bucket: FreshBucket
  beforeAll(async () => {
    bucket = await freshBucket()
  })

  /** A store whose requests meet `decide` first. Only what never answers need be waited for briefly. */
  async function openBehind(
    decide: (request: FrontRequest) => FrontAction | Promise<FrontAction>,
    timeoutMs = 30_000,
  ) {
    const front = await startS3Front(bucket, decide)
    const place = { prefix: 'faults' }
    const limits = { attemptsMax: 4, timeoutMs }
    const store = openBucket({ ...bucket, endpoint: front.endpoint }, place, { limits })
    return { store, front, [Symbol.asyncDispose]: () => front[Symbol.asyncDispose]() }
  }
  const direct = () => openBucket(bucket, { prefix: 'faults' })

  test.each([
    [500, 'InternalError'],
    [502, 'BadGateway'],
    [503, 'SlowDown'],
    [429, 'TooManyRequests'],
    [409, 'ConditionalRequestConflict'],
    [400, 'RequestTimeout'],
    [403, 'RequestTimeTooSkewed'],
  ])('every call is made again after %d %s', async (status, code) => {
    const refuse: FrontAction = { kind: 'refuse', status, code }
    await using behind = await openBehind(({ number }) => (number % 2 === 1 ? refuse : forward))
    const name = aName()
    const { store } = behind
    expect(await store.put(name, Uint8Array.of(1, 2), signal)).toBe('stored')
    expect(await store.get(name, { signal })).toEqual(Uint8Array.of(1, 2))
    const listed = (await collect(store.list('o/', signal))).map((one) => one.name)
    expect(listed).toContain(name)
    // HEAD has no body to say more in, which its status alone has to.
    if (status === 400 || status === 403) return
    expect(await store.stat(name, signal)).toMatchObject({ sizeBytes: 2 })
    await store.delete(name, signal)
    expect(await direct().stat(name, signal)).toBeUndefined()
  })

  test('retries are bounded, and what is not passing is not tried again', async () => {
    await using busy = await openBehind(() => slow)
    const put = busy.store.put(aName(), new Uint8Array(1), signal)
    await expect(put).rejects.toMatchObject({
      code: 'store.unavailable',
      message: expect.stringContaining('the store answered 503 SlowDown'),
    })
    expect(busy.front.requests).toHaveLength(4)
    const lasting: [number, string, string][] = [
      [403, 'AccessDenied', 'store.denied'],
      [403, 'QuotaExceeded', 'store.full'],
      [400, 'InvalidArgument', 'store.unavailable'],
      [501, 'NotImplemented', 'store.not-conditional'],
      [507, 'InsufficientStorage', 'store.full'],
    ]
    for (const [status, code, wanted] of lasting) {
      await using refusing = await openBehind(() => ({ kind: 'refuse', status, code }))
      const attempt = refusing.store.put(aName(), new Uint8Array(1), signal)
      await expect(attempt).rejects.toMatchObject({ code: wanted })
      expect(refusing.front.requests).toHaveLength(1)
    }
  })

  test.each<FrontAction>([
    { kind: 'cut', isApplied: true },
    { kind: 'hang', isApplied: true },
    { kind: 'refuse', status: 500, code: 'InternalError', isApplied: true },
    { kind: 'cut', isApplied: false },
    { kind: 'hang', isApplied: false },
  ])('put() stores once though the answer was lost: %j', async (action) => {
    const decide = ({ number }: FrontRequest) => (number === 1 ? action : forward)
    await using behind = await openBehind(decide, action.kind === 'hang' ? 1500 : undefined)
    const name = aName()
    const bytes = new Uint8Array(100_000).fill(names)
    expect(await behind.store.put(name, bytes, signal)).toBe('stored')
    expect(await direct().get(name, { signal })).toEqual(bytes)
  })

  test('commit() of a large object stores once though the answer was lost', async () => {
    const lost: FrontAction = { kind: 'cut', isApplied: true }
    await using behind = await openBehind(({ method, number }) =>
      method === 'PUT' && number === 1 ? lost : forward,
    )
    const name = aName()
    await using writer = await behind.store.create(name, signal)
    for (let i = 0; i < 8; i++) await writer.write(new Uint8Array(400_000).fill(i))
    expect(await writer.commit()).toBe('stored')
    expect(await direct().stat(name, signal)).toMatchObject({ sizeBytes: 3_200_000 })
  })

  test.each([1, 3])(
    'put() has lost when somebody stored %d bytes before its retry',
    async (size) => {
      const name = aName()
      const theirs = new Uint8Array(size).fill(7)
      await using behind = await openBehind(async ({ number }) => {
        if (number > 1) return forward
        await direct().put(name, theirs, signal)
        return { kind: 'cut', isApplied: false }
      })
      expect(await behind.store.put(name, Uint8Array.of(1), signal)).toBe('already-present')
      expect(await direct().get(name, { signal })).toEqual(theirs)
    },
  )

  test('get() reads again what was cut off', async () => {
    await using behind = await openBehind(({ method, number }) =>
      method === 'GET' && number === 2 ? { kind: 'cut-answer' } : forward,
    )
    const name = aName()
    const bytes = new Uint8Array(300_000).fill(3)
    await behind.store.put(name, bytes, signal)
    expect(await behind.store.get(name, { signal })).toEqual(bytes)
    expect(behind.front.requests).toHaveLength(3)
  })

  test('an abort ends a call that waits for its answer', async () => {
    await using behind = await openBehind(() => ({ kind: 'hang', isApplied: false }))
    const aborting = new AbortController()
    const put = behind.store.put(aName(), new Uint8Array(1), aborting.signal)
    setTimeout(() => aborting.abort(new Error('enough')), 100)
    await expect(put).rejects.toThrow('enough')
  })

  test('probeStore() refuses a store that ignores the condition of a create', async () => {
    await using behind = await openBehind(() => ({ kind: 'forget-condition' }))
    const probe = probeStore(behind.store, systemRandom, { signal })
    await expect(probe).rejects.toMatchObject({ code: 'store.not-conditional' })
    expect(await collect(direct().list('probe/', signal))).toEqual([])
  })
})
