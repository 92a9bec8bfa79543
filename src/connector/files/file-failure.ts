import { AppError, type AppErrorCode } from '#stdx/app-error'

/** @param label the file, as messages name it */
export function invalidFile(label: string, found: string): AppError {
  return new AppError('connector.file-invalid', `Cannot read "${label}": found ${found}`, {
    file: label,
  })
}

/** @param record from 1, the header not counted */
export function invalidRecord(label: string, record: number, found: string): AppError {
  return invalidFile(label, `${found} in record ${record}`)
}

export function truncatedRecord(label: string, record: number, found: string): AppError {
  const message = `Cannot read "${label}": found ${found} in record ${record}, the last one`
  return new AppError('connector.file-truncated', message, { file: label })
}

/** What changed under the hands of whoever was reading it. */
export function changedFile(label: string): AppError {
  const message = `Cannot read "${label}": it changed while it was read, need it at rest`
  return new AppError('connector.scan-failed', message, { file: label })
}

const CODE_BY_SYSTEM_CODE: Readonly<Record<string, AppErrorCode>> = {
  EACCES: 'connector.denied',
  EPERM: 'connector.denied',
  EROFS: 'connector.read-only',
  ENOSPC: 'connector.write-failed',
  EDQUOT: 'connector.write-failed',
  EIO: 'connector.write-failed',
}

/** A failure of the file system as the room's own; others pass unchanged. */
export function translateFailure(error: unknown, doing: string, otherwise: AppErrorCode): unknown {
  const found = systemCode(error)
  if (found === undefined) return error
  const code = CODE_BY_SYSTEM_CODE[found] ?? otherwise
  return new AppError(code, `Cannot ${doing}: the system reports ${found}`, {}, { cause: error })
}

export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof AppError || !('syscall' in error)) return
  return 'code' in error ? String(error.code) : undefined
}
