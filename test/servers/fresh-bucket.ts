import { randomBytes } from 'node:crypto'
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { describe, inject, test } from 'vitest'
import type { S3Account, S3Accounts } from './start-radosgw.ts'

export type FreshBucket = S3Accounts & {
  readonly bucket: string
  /** What `HOLDFAST_` and `AWS_` names a command needs to reach it. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Declares tests that need an S3 server. Without one they are skipped with a warning, and fail in
 * CI, where a test that could not have its server must not look like a pass.
 */
export function describeS3(title: string, body: () => void): void {
  if (inject('servers').hasS3) {
    describe(title, body)
    return
  }
  const missing = `${title}: no radosgw found (run npm run test:servers as root on Debian, or see test/servers/README.md)`
  if (process.env['CI'] === 'true') {
    test(`${title} has its server`, () => {
      throw new Error(missing)
    })
    return
  }
  console.warn(`\n!!! SKIPPED ${missing}\n`)
  test.skip(missing, () => {})
}

/** A new bucket on the shared server; it goes away with the server. */
export async function freshBucket({ isLockable = false } = {}): Promise<FreshBucket> {
  const response = await fetch(`${inject('servers').brokerUrl}/s3`)
  if (!response.ok) throw new Error(await response.text())
  const account: S3Accounts = JSON.parse(await response.text())
  const bucket = `test-${randomBytes(8).toString('hex')}`
  const client = bucketClient(account)
  await client.send(
    new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: isLockable }),
  )
  client.destroy()
  return {
    ...account,
    bucket,
    environment: environmentOf(account),
  }
}

/** What a command needs to speak as this account. */
export function environmentOf(account: S3Account): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: account.accessKeyId,
    AWS_SECRET_ACCESS_KEY: account.secretAccessKey,
    AWS_REGION: 'us-east-1',
    HOLDFAST_S3_ENDPOINT: account.endpoint,
  }
}

/** The SDK itself, for what a test does behind the product's back. */
export function bucketClient(account: S3Account, config: S3ClientConfig = {}): S3Client {
  const { accessKeyId, endpoint, secretAccessKey } = account
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    ...config,
  })
}
