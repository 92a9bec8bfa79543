import { expect, test } from 'vitest'
import { isLockRefusal, judgeS3Failure, translateS3Error } from './s3-error.ts'

function failure(of: { status?: number; name?: string; code?: string; message?: string }): Error {
  const error = new Error(of.message ?? 'UnknownError')
  if (of.name !== undefined) error.name = of.name
  const more = {
    ...(of.code && { code: of.code }),
    ...(of.status && { $metadata: { httpStatusCode: of.status } }),
  }
  return Object.assign(error, more)
}

test.each([
  [{ status: 412, name: 'PreconditionFailed' }, 'exists'],
  [{ status: 409, name: 'ConditionalRequestConflict' }, 'passing'],
  [{ status: 404, name: 'NoSuchKey' }, 'missing'],
  [{ status: 404, name: 'NotFound' }, 'missing'],
  [{ status: 404, name: 'NoSuchBucket' }, 'lasting'],
  [{ status: 416, name: 'InvalidRange' }, 'beyond-end'],
  [{ status: 401 }, 'denied'],
  [{ status: 403, name: 'AccessDenied' }, 'denied'],
  [{ status: 403, name: 'RequestTimeTooSkewed' }, 'passing'],
  [{ status: 403, name: 'QuotaExceeded' }, 'full'],
  [{ status: 301, name: 'PermanentRedirect' }, 'lasting'],
  [{ status: 400, name: 'InvalidArgument' }, 'lasting'],
  [{ status: 400, name: 'XAmzContentSHA256Mismatch' }, 'passing'],
  [{ status: 400, name: 'BadDigest' }, 'passing'],
  [{ status: 429 }, 'passing'],
  [{ status: 500 }, 'passing'],
  [{ status: 501, name: 'NotImplemented' }, 'unconditional'],
  [{ status: 504 }, 'passing'],
  [{ status: 507 }, 'full'],
  [{ code: 'ECONNRESET' }, 'passing'],
  [{ code: 'ENOTFOUND' }, 'passing'],
  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'lasting'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'lasting'],
  [{ name: 'TimeoutError' }, 'passing'],
  [{ name: 'CredentialsProviderError' }, 'denied'],
  [{ message: 'Region is missing' }, 'lasting'],
] as const)('judgeS3Failure() of %j is %s', (of, wanted) => {
  expect(judgeS3Failure(failure(of))).toBe(wanted)
})

test.each([
  [{ name: 'CredentialsProviderError' }, 'store.denied', /found no credentials, wanted AWS_ACC/],
  [{ status: 404, name: 'NoSuchBucket' }, 'store.unavailable', /the bucket does not exist/],
  [{ status: 403 }, 'store.denied', /the store answered 403$/],
  [{ status: 403, name: 'Unknown' }, 'store.denied', /the store answered 403$/],
  [{ status: 301 }, 'store.unavailable', /the bucket is in another region/],
  [{ message: 'Region is missing' }, 'store.unavailable', /found no region, wanted AWS_REGION/],
  [{ code: 'ECONNREFUSED' }, 'store.unavailable', /nobody answers at that address/],
  [{ code: 'CERT_HAS_EXPIRED' }, 'store.unavailable', /not trusted \(CERT_HAS_EXPIRED\)/],
] as const)('translateS3Error() of %j is %s', (of, code, message) => {
  const cause = failure(of)
  const translated = translateS3Error(cause, 'Cannot list "" of "s3://bucket"')
  expect(translated).toMatchObject({ code, cause })
  expect(translated.message).toMatch(message)
  expect(translated.message).toMatch(/^Cannot list "" of "s3:\/\/bucket": /)
})

test('isLockRefusal() knows the words of Ceph and of Amazon', () => {
  for (const message of [
    'forbidden by object lock',
    'Access Denied because object protected by object lock.',
  ]) {
    expect(isLockRefusal(failure({ status: 403, name: 'AccessDenied', message }))).toBe(true)
  }
  expect(isLockRefusal(failure({ status: 403, name: 'AccessDenied' }))).toBe(false)
})
