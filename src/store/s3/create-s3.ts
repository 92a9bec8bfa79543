import { createHash } from 'node:crypto'
import type { ObjectName, PutResult } from '../object-store.ts'
import type { S3Body, S3Calls, S3Retention } from './s3-calls.ts'
import { judgeS3Failure } from './s3-error.ts'
import type { S3Deps } from './s3-store.ts'

export const DAY_MS = 24 * 60 * 60 * 1000

export type CreateOptions = { readonly body: S3Body; readonly signal: AbortSignal }

/**
 * Creates an object unless its name is taken.
 *
 * A try that fails in passing may have been carried out, or may be later, so the same bytes are sent
 * again until the store says who holds the name; finding our own bytes there is having stored them.
 */
export async function createS3(
  deps: S3Deps,
  name: ObjectName,
  { body, signal }: CreateOptions,
): Promise<PutResult> {
  const doing = `Cannot write object "${name}" to "${deps.label}"`
  const calls = await deps.calls()
  const key = deps.keyOf(name)
  let mayBeOurs = false
  return await deps.attempt({ doing, sizeBytes: body.sizeBytes, signal }, async (tried) => {
    try {
      await calls.create(key, body, await retentionOf(deps, calls, tried), tried)
      return 'stored'
    } catch (error) {
      const failure = tried.aborted ? 'passing' : judgeS3Failure(error)
      if (failure === 'passing') mayBeOurs = true
      if (failure !== 'exists') throw error
      return mayBeOurs && (await isOurs(calls, key, body, tried)) ? 'stored' : 'already-present'
    }
  })
}

async function isOurs(
  calls: S3Calls,
  key: string,
  body: S3Body,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await calls.get(key, undefined, signal)
  if (found.sizeBytes !== body.sizeBytes) {
    found.body.destroy()
    return false
  }
  const hash = createHash('sha256')
  for await (const piece of found.body) hash.update(piece)
  return hash.digest('hex') === body.sha256
}

/** Counted from the store's time: with a clock that is years ahead nobody could ever delete. */
async function retentionOf(
  { place }: S3Deps,
  calls: S3Calls,
  signal: AbortSignal,
): Promise<S3Retention | undefined> {
  const { lock } = place
  if (lock === undefined) return undefined
  if (calls.storeNowMs() === undefined) await calls.headBucket(signal)
  const nowMs = calls.storeNowMs()
  if (nowMs === undefined) throw new Error('The store answered without a date.')
  const mode = lock.mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE'
  return { mode, untilMs: nowMs + lock.days * DAY_MS }
}
