import { assert } from '#stdx/assert'
import { readServerError, type ServerError } from './pg-error.ts'
import type { Session } from './session.ts'

/**
 * Runs a statement behind a savepoint: when the server refuses it, the transaction goes on without
 * it and the refusal is returned. Other failures are thrown.
 */
export async function attempt(
  session: Session,
  sql: string,
  signal: AbortSignal,
): Promise<ServerError | undefined> {
  try {
    await session.query(`savepoint attempt; ${sql}; release savepoint attempt`, signal)
    return undefined
  } catch (error) {
    const server = readServerError(error)
    if (server === undefined) throw error
    await session.query('rollback to savepoint attempt; release savepoint attempt', signal)
    return server
  }
}

/** Something to be created, and what it is called in messages. */
export type Step = { readonly kind: string; readonly name: string; readonly sql: string }

export type RefusedStep = { readonly step: Step; readonly error: ServerError }

/**
 * Runs steps that may need each other in an order that works: those that fail because something is
 * not there yet are tried again after the others. Returns those that never succeeded.
 */
export async function runSteps(
  session: Session,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<RefusedStep[]> {
  let waiting = [...steps]
  for (;;) {
    const refused: RefusedStep[] = []
    for (const step of waiting) {
      const error = await attempt(session, step.sql, signal)
      if (error !== undefined) refused.push({ step, error })
    }
    if (refused.length === 0 || refused.length === waiting.length) return refused
    assert(refused.length < waiting.length, 'Every round creates something.')
    waiting = refused.map(({ step }) => step)
  }
}

const MISSING = new Set(['42883', '42704', '42P01', '3F000', '42703'])

/** Whether a statement failed for want of something: a function, a type, a table, a schema. */
export function isMissing(error: ServerError): boolean {
  return MISSING.has(error.sqlState)
}
