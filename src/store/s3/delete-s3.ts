import { AppError } from '#stdx/app-error'
import type { ObjectName } from '../object-store.ts'
import { headS3 } from './read-s3.ts'
import type { S3Calls, S3Head } from './s3-calls.ts'
import { isLockRefusal, judgeS3Failure } from './s3-error.ts'
import type { S3Deps } from './s3-store.ts'

/** More than anybody has by accident; whoever makes more of them makes them without end. */
const VERSIONS_MAX = 100

/**
 * Removes an object and every version of it, each by its id: in a bucket that keeps versions, a
 * delete without one would only hide the object, whose bytes stay and are paid for.
 *
 * @throws store.locked
 */
export async function deleteS3(deps: S3Deps, name: ObjectName, signal: AbortSignal): Promise<void> {
  const calls = await deps.calls()
  for (let count = 0; count < VERSIONS_MAX; count++) {
    const head = await headS3(deps, name, signal)
    if (head === undefined) return
    await deleteVersion(deps, calls, { name, head, signal })
    if (head.versionId === undefined) return
  }
  const message = `Cannot delete object "${name}" of "${deps.label}": found more than ${VERSIONS_MAX} versions of it`
  throw new AppError('store.unavailable', message, { name })
}

type Doomed = { readonly name: ObjectName; readonly head: S3Head; readonly signal: AbortSignal }

async function deleteVersion(
  deps: S3Deps,
  calls: S3Calls,
  { head, name, signal }: Doomed,
): Promise<void> {
  const doing = `Cannot delete object "${name}" of "${deps.label}"`
  await deps.attempt({ doing, signal }, async (tried) => {
    try {
      await calls.delete(deps.keyOf(name), head.versionId, tried)
    } catch (error) {
      const nowMs = calls.storeNowMs() ?? deps.clock.nowMs()
      const isRetained = head.retention !== undefined && head.retention.untilMs > nowMs
      const isRefused = isLockRefusal(error) || (isDenied(error) && (isRetained || head.isHeld))
      throw isRefused ? locked(doing, head, error) : error
    }
  })
}

function isDenied(error: unknown): boolean {
  return judgeS3Failure(error) === 'denied'
}

function locked(doing: string, { isHeld, retention }: S3Head, cause: unknown): AppError {
  const untilMs = isHeld ? undefined : retention?.untilMs
  const until =
    untilMs === undefined
      ? 'its legal hold is released'
      : new Date(untilMs).toISOString().replace('.000Z', 'Z')
  const message = `${doing}: it is locked, pending until ${until}`
  return new AppError('store.locked', message, { untilMs }, { cause })
}
