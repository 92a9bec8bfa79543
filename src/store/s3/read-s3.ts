import type { Readable } from 'node:stream'
import { AppError, isAppError } from '#stdx/app-error'
import type { GetOptions, ObjectName, ObjectStat } from '../object-store.ts'
import type { S3Calls, S3Head } from './s3-calls.ts'
import { judgeS3Failure } from './s3-error.ts'
import type { S3Deps } from './s3-store.ts'

/** The object's bytes or a part of them, as the contract says. Holds them once. */
export async function readS3(
  deps: S3Deps,
  name: ObjectName,
  { range, signal }: GetOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // A range without bytes cannot be asked for.
  if (range?.length === 0) return await readNothing(deps, name, signal)
  const doing = `Cannot read object "${name}" of "${deps.label}"`
  const endByte = range === undefined ? 0 : range.offset + range.length
  const header = range === undefined ? undefined : `bytes=${range.offset}-${endByte - 1}`
  const sizeBytes = range?.length ?? 0
  const calls = await deps.calls()
  return await deps.attempt({ doing, sizeBytes, signal }, async (tried) => {
    try {
      const answer = await calls.get(deps.keyOf(name), header, tried)
      if (range !== undefined && answer.sizeBytes !== range.length) {
        answer.body.destroy()
        throw shortRead(name, range.offset + answer.sizeBytes, endByte)
      }
      return await readAll(answer.body, answer.sizeBytes)
    } catch (error) {
      const isBeyond = !tried.aborted && judgeS3Failure(error) === 'beyond-end'
      if (isBeyond && !isAppError(error)) throw shortRead(name, range?.offset ?? 0, endByte)
      throw error
    }
  })
}

/** What is known of an object, or `undefined` when there is no such object. */
export async function statS3(
  deps: S3Deps,
  name: ObjectName,
  signal: AbortSignal,
): Promise<ObjectStat | undefined> {
  const head = await headS3(deps, name, signal)
  if (head === undefined) return undefined
  return { name, sizeBytes: head.sizeBytes, modifiedMs: head.modifiedMs }
}

/** What the store says of an object; `undefined` when there is none. A missing bucket is an error. */
export async function headS3(
  deps: S3Deps,
  name: ObjectName,
  signal: AbortSignal,
): Promise<S3Head | undefined> {
  const doing = `Cannot look for object "${name}" in "${deps.label}"`
  const calls = await deps.calls()
  return await deps.attempt({ doing, signal }, async (tried) => {
    try {
      return await calls.head(deps.keyOf(name), tried)
    } catch (error) {
      if (tried.aborted || judgeS3Failure(error) !== 'missing') throw error
      await checkBucket(deps, calls, tried)
      return undefined
    }
  })
}

/** An answer without a body does not say whether the object is missing or the bucket. */
async function checkBucket(deps: S3Deps, calls: S3Calls, signal: AbortSignal): Promise<void> {
  try {
    await calls.headBucket(signal)
  } catch (error) {
    if (signal.aborted || judgeS3Failure(error) !== 'missing') throw error
    const message = `Cannot use "${deps.label}" as a store: the bucket does not exist`
    throw new AppError(
      'store.unavailable',
      message,
      { bucket: deps.place.bucket },
      { cause: error },
    )
  }
}

async function readNothing(
  deps: S3Deps,
  name: ObjectName,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if ((await headS3(deps, name, signal)) !== undefined) return new Uint8Array(0)
  const message = `Cannot read object "${name}" of "${deps.label}": it is not there`
  throw new AppError('store.not-found', message, { name })
}

async function readAll(body: Readable, sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes)
  let filled = 0
  for await (const piece of body) {
    if (!(piece instanceof Uint8Array) || filled + piece.byteLength > sizeBytes) break
    bytes.set(piece, filled)
    filled += piece.byteLength
  }
  // The connection broke: a passing failure.
  if (filled !== sizeBytes) throw new Error('The store sent fewer bytes than it announced.')
  return bytes
}

function shortRead(name: ObjectName, endsAt: number, need: number): AppError {
  const message = `Cannot read object "${name}": it ends before byte ${endsAt + 1}, need ${need}`
  return new AppError('store.short-read', message, { name })
}
