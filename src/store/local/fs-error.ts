import { AppError, type AppErrorCode } from '#stdx/app-error'

const CODES: Readonly<Record<string, AppErrorCode>> = {
  ENOSPC: 'store.full',
  EDQUOT: 'store.full',
  EFBIG: 'store.full',
  EACCES: 'store.denied',
  EPERM: 'store.denied',
  EROFS: 'store.denied',
  ENOTSUP: 'store.not-conditional',
  ENOSYS: 'store.not-conditional',
}

const FOUND: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'the rights of this user do not suffice',
  EPERM: 'the file system does not permit it',
  EROFS: 'the file system is mounted read-only',
  EIO: 'the disk reported an I/O error',
  EMFILE: 'too many files are open',
}

/** `doing` reads "Cannot <what> <which>". What is not known otherwise makes the store unavailable. */
export function translateFsError(cause: unknown, doing: string): AppError {
  const errno = errnoOf(cause)
  const found = FOUND[errno] ?? `the system answered ${errno}`
  const code = CODES[errno] ?? 'store.unavailable'
  return new AppError(code, `${doing}: ${found}`, { errno }, { cause })
}

export function isFsError(error: unknown, ...errnos: readonly string[]): boolean {
  return errnos.includes(errnoOf(error))
}

function errnoOf(error: unknown): string {
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string'
  return isCoded ? String(error.code) : 'something unknown'
}
