import { HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { beforeAll, expect, test } from 'vitest'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { bucketClient, describeS3, type FreshBucket, freshBucket } from '#test/servers/fresh-bucket'
import { startS3Front } from '#test/servers/s3-front'
import { parseObjectName } from '../object-name.ts'
import type { ObjectStore } from '../object-store.ts'
import { probeStore } from '../probe-store.ts'
import { testObjectStore } from '../testing/object-store-contract.ts'
import { openBucket } from './testing/open-bucket.ts'

const { signal } = new AbortController()
const DAY_MS = 86_400_000
const prefix = 'locked'
const name = () => parseObjectName(`o/${Buffer.from(systemRandom.bytes(6)).toString('hex')}`)

describeS3('s3 store with Object Lock', () => {
  let bucket: FreshBucket
  beforeAll(async () => {
    bucket = await freshBucket({ isLockable: true })
  })
  const locking = (mode: 'governance' | 'compliance') =>
    openBucket(bucket, { prefix, lock: { mode, days: 2 } })
  const headOf = async (object: string) => {
    const command = new HeadObjectCommand({ Bucket: bucket.bucket, Key: `${prefix}/${object}` })
    return await bucketClient(bucket).send(command)
  }

  test.each(['governance', 'compliance'] as const)(
    'put() and commit() lock for the days set, by %s, and delete() says until when',
    async (mode) => {
      const store = locking(mode)
      const [one, two] = [name(), name()]
      await store.put(one, Uint8Array.of(1), signal)
      await using writer = await store.create(two, signal)
      await writer.write(Uint8Array.of(2))
      await writer.commit()
      for (const object of [one, two]) {
        const head = await headOf(object)
        const untilMs = head.ObjectLockRetainUntilDate?.getTime() ?? 0
        expect(head.ObjectLockMode).toBe(mode.toUpperCase())
        expect(Math.abs(untilMs - Date.now() - 2 * DAY_MS)).toBeLessThan(60_000)
        await expect(store.delete(object, signal)).rejects.toMatchObject({
          code: 'store.locked',
          message: expect.stringMatching(/locked, pending until 20\d\d-/),
          details: { untilMs },
        })
        expect(await store.stat(object, signal)).toMatchObject({ sizeBytes: 1 })
      }
    },
  )

  test('extendRetention() lengthens a lock and never shortens one', async () => {
    const store = locking('compliance')
    const object = name()
    await store.put(object, Uint8Array.of(1), signal)
    const extend = (untilMs: number) => store.lock?.extendRetention(object, untilMs, signal)
    const untilMs = Date.now() + 5 * DAY_MS
    await extend(untilMs)
    await extend(untilMs - DAY_MS)
    await extend(untilMs)
    const head = await headOf(object)
    expect(head.ObjectLockMode).toBe('COMPLIANCE')
    expect(head.ObjectLockRetainUntilDate?.getTime()).toBe(untilMs)
    await expect(store.lock?.extendRetention(name(), untilMs, signal)).rejects.toMatchObject({
      code: 'store.not-found',
    })
  })

  test('a lock that has run out lets go, and no version is left', async () => {
    const store = locking('governance')
    const object = name()
    const unlocked = store.lock?.unlocked
    await unlocked?.put(object, Uint8Array.of(1), signal)
    await store.lock?.extendRetention(object, Date.now() + 3000, signal)
    await expect(store.delete(object, signal)).rejects.toMatchObject({ code: 'store.locked' })
    await systemClock.sleep(4000, signal)
    await store.delete(object, signal)
    const Prefix = `${prefix}/${object}`
    const command = new ListObjectVersionsCommand({ Bucket: bucket.bucket, Prefix })
    const left = await bucketClient(bucket).send(command)
    expect([...(left.Versions ?? []), ...(left.DeleteMarkers ?? [])]).toEqual([])
  })

  test('a bucket that cannot lock refuses what should be locked', async () => {
    const plain = await freshBucket()
    const store = openBucket(plain, { lock: { mode: 'governance', days: 1 } })
    const put = store.put(name(), Uint8Array.of(1), signal)
    await expect(put).rejects.toMatchObject({ code: 'store.unavailable' })
  })

  test('probeStore() refuses this server where there are versions: it ignores the condition', async () => {
    const probe = probeStore(locking('governance'), systemRandom, { signal })
    await expect(probe).rejects.toMatchObject({ code: 'store.not-conditional' })
  })

  const behindGuard = async (): Promise<ObjectStore & AsyncDisposable> => {
    const front = await startS3Front(bucket, () => ({ kind: 'keep-condition' }))
    const store = openBucket({ ...bucket, endpoint: front.endpoint })
    return { ...store, [Symbol.asyncDispose]: () => front[Symbol.asyncDispose]() }
  }
  testObjectStore('s3 with versions, behind what keeps the condition', behindGuard)
})
