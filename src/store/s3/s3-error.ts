import { AppError, type AppErrorCode } from '#stdx/app-error'

/** What a failed request means for whoever made it. */
export type S3Failure =
  /** The key of a create is taken. */
  | 'exists'
  | 'missing'
  | 'beyond-end'
  /** Worth another try: overload, a fault inside the store or on the way to it, a race undecided. */
  | 'passing'
  | 'denied'
  | 'full'
  | 'unconditional'
  /** Trying again would change nothing. */
  | 'lasting'

const NAMED: Readonly<Record<string, S3Failure>> = {
  PreconditionFailed: 'exists',
  NoSuchBucket: 'lasting',
  QuotaExceeded: 'full',
  InsufficientCapacity: 'full',
  // Signed too early or too late: the SDK has learned the store's time from the refusal.
  RequestTimeTooSkewed: 'passing',
  RequestTimeout: 'passing',
  // Some stores say these with an unusual status.
  SlowDown: 'passing',
  ServiceUnavailable: 'passing',
  InternalError: 'passing',
  TooManyRequests: 'passing',
  // What arrived is not what was sent.
  XAmzContentSHA256Mismatch: 'passing',
  BadDigest: 'passing',
  IncompleteBody: 'passing',
  NotImplemented: 'unconditional',
  CredentialsProviderError: 'denied',
}

const BY_STATUS: Readonly<Record<number, S3Failure>> = {
  401: 'denied',
  403: 'denied',
  404: 'missing',
  // Another writer of the same key was at it; which of them won shows at the next try.
  409: 'passing',
  412: 'exists',
  416: 'beyond-end',
  429: 'passing',
  501: 'unconditional',
  507: 'full',
}

const CODES: Readonly<Record<S3Failure, AppErrorCode>> = {
  exists: 'store.unavailable',
  missing: 'store.not-found',
  'beyond-end': 'store.short-read',
  passing: 'store.unavailable',
  denied: 'store.denied',
  full: 'store.full',
  unconditional: 'store.not-conditional',
  lasting: 'store.unavailable',
}

/** Certificates do not become trusted by asking again. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/

export function judgeS3Failure(error: unknown): S3Failure {
  const { code, name, status } = readError(error)
  const named = NAMED[name]
  if (named !== undefined) return named
  if (status !== undefined) return BY_STATUS[status] ?? (status >= 500 ? 'passing' : 'lasting')
  if (CERTIFICATE.test(code)) return 'lasting'
  return /region is missing/i.test(textOf(error)) ? 'lasting' : 'passing'
}

/** `doing` reads "Cannot <what> <which>". */
export function translateS3Error(cause: unknown, doing: string): AppError {
  const failure = judgeS3Failure(cause)
  const { code, name, status } = readError(cause)
  const details = { status, answer: name === '' ? code : name }
  return new AppError(CODES[failure], `${doing}: ${found(cause)}`, details, { cause })
}

/** Whether a refusal speaks of a lock on the object. */
export function isLockRefusal(error: unknown): boolean {
  return readError(error).status === 403 && /object.?lock|retention|worm/i.test(textOf(error))
}

function found(error: unknown): string {
  const { code, name, status } = readError(error)
  if (name === 'CredentialsProviderError') {
    return 'found no credentials, wanted AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile'
  }
  if (name === 'NoSuchBucket') return 'the bucket does not exist'
  if (name === 'NotImplemented') return 'the store has no conditional create'
  if (name === 'TimeoutError') return 'the store did not answer in time'
  if (status === 301 || name === 'PermanentRedirect') return 'the bucket is in another region'
  if (status === 404) return 'it is not there'
  if (status !== undefined) {
    return `the store answered ${status}${isSpeaking(name) ? ` ${name}` : ''}`
  }
  if (/region is missing/i.test(textOf(error))) return 'found no region, wanted AWS_REGION'
  if (CERTIFICATE.test(code)) return `its certificate is not trusted (${code})`
  if (code === 'ECONNREFUSED') return 'nobody answers at that address'
  if (code === 'ENOTFOUND') return 'the name of the host is not known'
  return code === '' ? 'the connection failed' : `the connection failed with ${code}`
}

/** Answers without a body have a name that the SDK makes up. */
function isSpeaking(name: string): boolean {
  return name !== '' && name !== 'Unknown' && name !== 'Error' && !/^\d+$/.test(name)
}

type ReadError = {
  readonly name: string
  readonly code: string
  readonly status: number | undefined
}

function readError(error: unknown): ReadError {
  if (!(error instanceof Error)) return { name: '', code: '', status: undefined }
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: unknown } }
  const status = $metadata?.httpStatusCode
  return {
    name: error.name === 'Error' ? '' : error.name,
    code: typeof code === 'string' ? code : '',
    status: typeof status === 'number' ? status : undefined,
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}
