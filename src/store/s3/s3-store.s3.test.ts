import { beforeAll, expect, test } from 'vitest'
import { collect } from '#stdx/streams'
import { describeS3, type FreshBucket, freshBucket } from '#test/servers/fresh-bucket'
import { parseObjectName } from '../object-name.ts'
import { testObjectStore } from '../testing/object-store-contract.ts'
import { openBucket } from './testing/open-bucket.ts'

const { signal } = new AbortController()

describeS3('s3 store', () => {
  let bucket: FreshBucket
  beforeAll(async () => {
    bucket = await freshBucket()
  })

  testObjectStore('s3', async () => openBucket(bucket))
  testObjectStore('s3 without prefix, in small pages', async () =>
    openBucket(await freshBucket(), { prefix: '' }, { pageMax: 2 }),
  )

  test('create() and get() carry more than fits in memory, whole', async () => {
    const store = openBucket(bucket)
    const name = parseObjectName('large')
    await using writer = await store.create(name, signal)
    for (let i = 0; i < 40; i++) await writer.write(new Uint8Array(500_000).fill(i))
    expect(await writer.commit()).toBe('stored')
    const bytes = await store.get(name, { signal })
    expect(bytes.byteLength).toBe(20_000_000)
    for (let i = 0; i < 40; i++) expect(bytes[i * 500_000 + 499_999]).toBe(i)
    const range = { offset: 499_999, length: 2 }
    expect(await store.get(name, { signal, range })).toEqual(Uint8Array.of(0, 1))
  })

  test('a bucket that is not there makes the store unavailable, and is not an empty one', async () => {
    const store = openBucket(bucket, { bucket: 'there-is-none' })
    const name = parseObjectName('a')
    const missing = { code: 'store.unavailable', message: /the bucket does not exist/ }
    const asExpected = expect.objectContaining({
      code: missing.code,
      message: expect.stringMatching(missing.message),
    })
    await expect(store.put(name, new Uint8Array(1), signal)).rejects.toEqual(asExpected)
    await expect(store.get(name, { signal })).rejects.toEqual(asExpected)
    await expect(store.stat(name, signal)).rejects.toEqual(asExpected)
    await expect(store.delete(name, signal)).rejects.toEqual(asExpected)
    await expect(collect(store.list('', signal))).rejects.toEqual(asExpected)
  })

  test('wrong credentials are denied at once, and none of them is told', async () => {
    const secretAccessKey = 'not-the-secret-of-this-account'
    const store = openBucket({ ...bucket, secretAccessKey })
    const failure = await store.list('', signal)[Symbol.asyncIterator]().next().catch(String)
    expect(failure).toMatch(/Cannot list .*answered 403 SignatureDoesNotMatch/)
    expect(failure).not.toContain(secretAccessKey)
    const name = parseObjectName('a')
    const denied = { code: 'store.denied' }
    await expect(store.stat(name, signal)).rejects.toMatchObject(denied)
    await expect(store.put(name, new Uint8Array(1), signal)).rejects.toMatchObject(denied)
  })

  test('an address where nobody answers is tried a few times, then unavailable', async () => {
    const limits = { attemptsMax: 3, delayMs: 1 }
    const store = openBucket(bucket, { endpoint: 'http://127.0.0.1:9' }, { limits })
    const stat = store.stat(parseObjectName('a'), signal)
    await expect(stat).rejects.toMatchObject({ code: 'store.unavailable' })
  })
})
