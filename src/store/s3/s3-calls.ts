import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import type { Clock } from '#stdx/clock'
import type { S3Place } from './s3-place.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** What went wrong is thrown; without this the SDK writes some of it to the console. */
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** What is stored, in whatever form it can be sent again. */
export type S3Body = {
  readonly sizeBytes: number
  /** Lower-case hex. The store compares it with what arrives and refuses a difference. */
  readonly sha256: string
  /** Bytes, or a fresh stream of them at every call. */
  open(): Uint8Array | Readable
}

export type S3Retention = { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly untilMs: number }

export type S3Head = {
  readonly sizeBytes: number
  /** In whole seconds: that is all that this answer says. */
  readonly modifiedMs: number
  /** `undefined` in a bucket without versions. */
  readonly versionId: string | undefined
  readonly retention: S3Retention | undefined
  readonly isHeld: boolean
}

export type S3Page = {
  readonly objects: readonly S3Listed[]
  /** What stands for all keys up to a slash, that included, when only one folder is listed. */
  readonly folders: readonly string[]
  readonly next: string | undefined
}

export type S3Listed = {
  readonly key: string
  readonly sizeBytes: number
  /** As in `S3Head`. */
  readonly modifiedMs: number
}

/** The requests that the store makes: each once, without retrying, failing as the SDK fails. */
export type S3Calls = {
  /** Creates; fails with status 412 when the key is taken. */
  create(
    key: string,
    body: S3Body,
    retention: S3Retention | undefined,
    signal: AbortSignal,
  ): Promise<void>
  get(key: string, range: string | undefined, signal: AbortSignal): Promise<S3Answer>
  head(key: string, signal: AbortSignal): Promise<S3Head>
  headBucket(signal: AbortSignal): Promise<void>
  list(request: S3ListRequest, signal: AbortSignal): Promise<S3Page>
  delete(key: string, versionId: string | undefined, signal: AbortSignal): Promise<void>
  retain(at: S3Version, retention: S3Retention, signal: AbortSignal): Promise<void>
  /** The time at the store as of its last answer, which decides how long a lock lasts. */
  storeNowMs(): number | undefined
}

/** `body` is read to its end or destroyed. */
export type S3Answer = { readonly sizeBytes: number; readonly body: Readable }
export type S3ListRequest = {
  readonly prefix: string
  readonly from: string | undefined
  readonly pageMax: number
  /** Keys with a slash behind the prefix are told by what precedes it, once each. */
  readonly isOneFolder?: boolean
}
export type S3Version = { readonly key: string; readonly versionId: string | undefined }

export type S3Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

/** No I/O. Without `credentials` they come from where the SDK looks for them: environment, files, the machine. */
export function openS3Calls(
  place: S3Place,
  clock: Clock,
  credentials: S3Credentials | undefined,
): S3Calls {
  const { bucket: Bucket } = place
  const client = new S3Client({ ...clientConfig(place), ...(credentials && { credentials }) })
  let aheadMs: number | undefined
  client.middlewareStack.add(
    (next) => async (args) => {
      const answer = await next(args)
      aheadMs = dateOf(answer.response) ?? aheadMs
      return answer
    },
    { step: 'deserialize', priority: 'low' },
  )
  function dateOf(response: unknown): number | undefined {
    const headers = isObject(response) && isObject(response['headers']) ? response['headers'] : {}
    const timeMs = Date.parse(String(headers['date']))
    return Number.isNaN(timeMs) ? undefined : timeMs - clock.nowMs()
  }

  return {
    storeNowMs: () => (aheadMs === undefined ? undefined : clock.nowMs() + aheadMs),
    async create(Key, body, retention, abortSignal) {
      const command = new PutObjectCommand({
        Bucket,
        Key,
        Body: body.open(),
        ContentLength: body.sizeBytes,
        IfNoneMatch: '*',
        // Kept with the object where the store does that; others ignore it.
        ChecksumSHA256: Buffer.from(body.sha256, 'hex').toString('base64'),
        ...(retention && {
          ObjectLockMode: retention.mode,
          ObjectLockRetainUntilDate: new Date(retention.untilMs),
        }),
      })
      // Part of the signature, so every store compares it; streams would go unsigned otherwise.
      command.middlewareStack.add(
        (next) => (args) => {
          const { request } = args
          if (isObject(request) && isObject(request['headers'])) {
            request['headers']['x-amz-content-sha256'] = body.sha256
          }
          return next(args)
        },
        { step: 'build', priority: 'low' },
      )
      await client.send(command, { abortSignal })
    },
    async get(Key, Range, abortSignal) {
      const answer = await client.send(new GetObjectCommand({ Bucket, Key, Range }), {
        abortSignal,
      })
      const { Body, ContentLength } = answer
      if (!(Body instanceof Readable) || ContentLength === undefined) {
        throw new Error('The store answered without a body or its length.')
      }
      return { body: Body, sizeBytes: ContentLength }
    },
    async head(Key, abortSignal) {
      const answer = await client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal })
      const { ContentLength, ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = answer
      if (ContentLength === undefined) throw new Error('The store answered without a length.')
      return {
        sizeBytes: ContentLength,
        modifiedMs: inSeconds(answer.LastModified),
        // "null" is the version of what was written before the bucket kept versions.
        versionId: answer.VersionId,
        retention: mode && until ? { mode, untilMs: until.getTime() } : undefined,
        isHeld: answer.ObjectLockLegalHoldStatus === 'ON',
      }
    },
    async headBucket(abortSignal) {
      await client.send(new HeadBucketCommand({ Bucket }), { abortSignal })
    },
    async list(request, abortSignal) {
      const command = new ListObjectsV2Command(listInput(Bucket, request))
      return pageOf(await client.send(command, { abortSignal }))
    },
    async delete(Key, VersionId, abortSignal) {
      await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }), { abortSignal })
    },
    async retain({ key, versionId }, { mode, untilMs }, abortSignal) {
      const command = new PutObjectRetentionCommand({
        Bucket,
        Key: key,
        VersionId: versionId,
        Retention: { Mode: mode, RetainUntilDate: new Date(untilMs) },
      })
      await client.send(command, { abortSignal })
    },
  }
}

function listInput(Bucket: string, { from, isOneFolder, pageMax, prefix }: S3ListRequest) {
  const page = { Bucket, Prefix: prefix, ContinuationToken: from, MaxKeys: pageMax }
  return isOneFolder === true ? { ...page, Delimiter: '/' } : page
}

function pageOf(answer: ListObjectsV2CommandOutput): S3Page {
  const objects = (answer.Contents ?? []).map(({ Key = '', LastModified, Size = 0 }) => ({
    key: Key,
    sizeBytes: Size,
    modifiedMs: inSeconds(LastModified),
  }))
  const folders = (answer.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
  return { objects, folders, next: answer.IsTruncated ? answer.NextContinuationToken : undefined }
}

function clientConfig({ endpoint, isPathStyle, profile, region }: S3Place): S3ClientConfig {
  return {
    forcePathStyle: isPathStyle,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
    // The store room retries, as only it knows what a lost answer to a create means.
    maxAttempts: 1,
    logger: SILENT,
    // Newer checksums travel in ways that other servers than Amazon's do not read.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS },
  }
}

function inSeconds(time: Date | undefined): number {
  return Math.floor((time?.getTime() ?? 0) / 1000) * 1000
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
