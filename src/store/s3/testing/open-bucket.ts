import { tmpdir } from 'node:os'
import { systemClock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import type { ObjectStore } from '../../object-store.ts'
import type { S3Place } from '../s3-place.ts'
import { openS3Store, type S3StoreOptions } from '../s3-store.ts'

type Bucket = {
  readonly bucket: string
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

let prefixes = 0

/** A store below a prefix of its own, which retries without delay. */
export function openBucket(
  { accessKeyId, bucket, endpoint, secretAccessKey }: Bucket,
  place: Partial<S3Place> = {},
  options: Partial<S3StoreOptions> = {},
): ObjectStore & AsyncDisposable {
  const whole: S3Place = {
    bucket,
    prefix: `backup/${prefixes++}`,
    endpoint,
    region: 'us-east-1',
    profile: undefined,
    isPathStyle: true,
    lock: undefined,
    ...place,
  }
  const credentials = { accessKeyId, secretAccessKey }
  const deps = { clock: systemClock, random: systemRandom, tempDir: tmpdir(), credentials }
  const limits = { delayMs: 1, ...options.limits }
  const store = openS3Store({ place: whole, ...deps, ...options, limits })
  return { ...store, [Symbol.asyncDispose]: async () => {} }
}
