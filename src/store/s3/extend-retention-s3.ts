import { AppError } from '#stdx/app-error'
import type { ObjectName } from '../object-store.ts'
import { headS3 } from './read-s3.ts'
import type { S3Deps } from './s3-store.ts'

/** Keeps an object at least until `untilMs`, in the mode it has; what lasts longer is left alone. */
export async function extendRetentionS3(
  deps: S3Deps,
  name: ObjectName,
  { signal, untilMs }: { readonly untilMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const doing = `Cannot extend the lock of object "${name}" of "${deps.label}"`
  const head = await headS3(deps, name, signal)
  if (head === undefined) {
    throw new AppError('store.not-found', `${doing}: it is not there`, { name })
  }
  const { retention, versionId } = head
  if (retention !== undefined && retention.untilMs >= untilMs) return
  const calls = await deps.calls()
  const configured = deps.place.lock?.mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE'
  const mode = retention?.mode ?? configured
  await deps.attempt({ doing, signal }, (tried) =>
    calls.retain({ key: deps.keyOf(name), versionId }, { mode, untilMs }, tried),
  )
}
