/**
 * What a system gives new records of an entity their numbers from: a sequence, AUTO_INCREMENT. Rows that come
 * with their numbers may leave it behind; then it gives a number that is taken, and the record is refused.
 */
export type Counter = {
  /** That gets the number where a record does not say one. */
  readonly field: string
  /** As the system calls it. */
  readonly name: string
  /** By how much the number after the next is greater; below zero where it counts down. */
  readonly step: bigint
  /** It gives none before this one; `null` where the user may not look. */
  readonly next: bigint | null
  /** How it is moved. `null`: rows that are added move it, and nothing is left to do. */
  readonly moving: CounterMoving | null
}

export type CounterMoving = {
  /** The last number that it can give. */
  readonly end: bigint
  /** What the user lacks to move it, as SQL; `null` where it may. */
  readonly missingGrant: string | null
  /** The statement that moves it past a number, and never back, for a person who may. */
  sql(to: bigint): string
}

/** Whether it may give `number`, or one before it, to a new record. */
export function mayGive({ next, step }: Pick<Counter, 'next' | 'step'>, number: bigint): boolean {
  return next === null || isUpTo(step, next, number)
}

/** Why it cannot be moved past a number, or `null`. */
export function findEnd({ moving, step }: Counter, number: bigint): string | null {
  if (moving === null || isUpTo(step, number + step, moving.end)) return null
  return `it ends at ${moving.end}`
}

function isUpTo(step: bigint, number: bigint, last: bigint): boolean {
  return step > 0n ? number <= last : number >= last
}
