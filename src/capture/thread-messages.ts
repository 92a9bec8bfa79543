import type { RowBatch } from '#record/row-batch'
import type { BlobRef } from '#segment/version-batch'
import { AppError } from '#stdx/app-error'
import type { EntityJob, EntityResult } from './capture-entity.ts'

/**
 * What the main thread says to a capture thread, in this order: one job, its batches, the end; and in
 * between, where the large values lie that it asks for.
 */
export type ToThread =
  | { readonly kind: 'job'; readonly job: EntityJob }
  | { readonly kind: 'batch'; readonly batch: RowBatch }
  | { readonly kind: 'end' }
  /** Where a large value lies that was claimed; `null`: the thread is to store it. */
  | { readonly kind: 'claimed'; readonly claim: number; readonly ref: BlobRef | null }
  /** Reading failed or was interrupted: give the job up. */
  | { readonly kind: 'abort' }

/** What a capture thread answers: it asks for each batch, tells what it read, says how the job ended. */
export type FromThread =
  | { readonly kind: 'want' }
  | { readonly kind: 'read'; readonly rows: number; readonly bytes: number }
  /** Large values are known to the main thread alone, which is asked by a number. */
  | { readonly kind: 'claim'; readonly claim: number; readonly hash: Uint8Array }
  | { readonly kind: 'announce'; readonly ref: BlobRef }
  | { readonly kind: 'done'; readonly result: EntityResult }
  | { readonly kind: 'failed'; readonly failure: Failure }

/** An error as plain data; what is not an `AppError` keeps its message only. */
export type Failure = {
  readonly code: string | null
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly stack: string
}

/** Batches a thread may have in hand and in flight: one at work, the next ones waiting. */
export const BATCHES_IN_FLIGHT = 4

export function formatFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const stack = (error instanceof Error ? error.stack : undefined) ?? message
  if (error instanceof AppError) return { code: error.code, message, details: error.details, stack }
  return { code: null, message, details: {}, stack }
}

/** The error again; one that was no `AppError` is a fault of ours and says where it came from. */
export function parseFailure({ code, details, message, stack }: Failure): Error {
  const at = code?.indexOf('.') ?? -1
  if (code === null || at < 0) return new Error(`A capture thread failed: ${stack}`)
  return new AppError(`${code.slice(0, at)}.${code.slice(at + 1)}`, message, { ...details })
}
