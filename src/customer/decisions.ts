import * as z from 'zod'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { formatCanonicalJson } from '#stdx/canonical-json'
import { type EntityPlace, formatPlace } from './customer-map.ts'

/**
 * What people decided on who is one: that two records of parties are the same, whatever the map finds, or
 * that they are not. It stands until somebody decides otherwise on the same two; nothing is ever removed.
 */
export type Decision = {
  readonly decision: 'same' | 'apart'
  readonly a: DecidedRecord
  readonly b: DecidedRecord
  readonly because: string
  /** By the clock of who decided, ISO 8601. */
  readonly time: string
  /** Id of the certificate of who decided. */
  readonly by: string
}

/** A record of a party, by its key as an address prints it. */
export type DecidedRecord = EntityPlace & { readonly key: string }

/** What is decided anew. */
export type DecisionToMake = Pick<Decision, 'a' | 'b' | 'because' | 'decision'>

const place = z.strictObject({
  source: z.string(),
  entity: z.string().transform((text) => text as EntityName),
  key: z.string(),
})
const textSchema = z.strictObject({
  decision: z.enum(['same', 'apart']),
  a: place,
  b: place,
  because: z.string(),
})

/** As the vault keeps it: what is said of two records is the same whichever comes first. */
export function formatDecision({ because, decision, ...records }: DecisionToMake): string {
  const [a, b] = [records.a, records.b].sort((x, y) => (nameOf(x) < nameOf(y) ? -1 : 1))
  return formatCanonicalJson({ decision, a, b, because })
}

/** @throws customer.decision-unreadable when a later version wrote it */
export function parseDecision({
  author,
  text,
  time,
}: {
  readonly author: string
  readonly text: string
  readonly time: string
}): Decision {
  const read = textSchema.safeParse(parseJson(text))
  if (read.success) return { ...read.data, time, by: author }
  const message = `Cannot read the decision of ${time}: found another form than this version writes`
  throw new AppError('customer.decision-unreadable', message, { time }, { cause: read.error })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Of each two records the newest decision, in the order in which they were made. Pure. */
export function standingOf(decisions: readonly Decision[]): Decision[] {
  const newest = new Map<string, Decision>()
  for (const one of decisions) {
    const pair = pairOf(one)
    newest.delete(pair)
    newest.set(pair, one)
  }
  return [...newest.values()]
}

/**
 * Holds what is to be decided against what stands. Pure.
 * @returns whether it is news; what is decided already need not be said again
 * @throws customer.decision-itself | customer.decision-contradicts naming who is in the way
 */
export function judgeDecision(standing: readonly Decision[], made: DecisionToMake): boolean {
  const { a, b, decision } = made
  if (nameOf(a) === nameOf(b)) {
    const message = `Cannot decide on ${describe(a)}: found the same record twice, need two`
    throw new AppError('customer.decision-itself', message)
  }
  const known = standing.find((one) => pairOf(one) === pairOf(made))
  if (known?.decision === decision) return false
  const others = standing.filter((one) => one !== known)
  if (decision === 'apart') refuseTied(others, made)
  else refuseParted(others, made)
  return true
}

function refuseTied(standing: readonly Decision[], { a, b }: DecisionToMake): void {
  const tied = unitedWith(standing, a)
  if (!tied.has(nameOf(b))) return
  const between = [...tied.values()].filter((one) => nameOf(one) !== nameOf(b)).slice(0, 3)
  const found = between.length === 0 ? describe(b) : between.map(describe).join(', ')
  const message = `Cannot keep ${describe(a)} and ${describe(b)} apart: found that both are decided to be the same as ${found}`
  throw new AppError('customer.decision-contradicts', message)
}

function refuseParted(standing: readonly Decision[], { a, b }: DecisionToMake): void {
  const left = new Map([...unitedWith(standing, a), [nameOf(a), a] as const])
  const right = new Map([...unitedWith(standing, b), [nameOf(b), b] as const])
  for (const one of standing) {
    if (one.decision !== 'apart') continue
    const [x, y] = [nameOf(one.a), nameOf(one.b)]
    const isBetween = (left.has(x) && right.has(y)) || (left.has(y) && right.has(x))
    if (!isBetween) continue
    const found = `${describe(one.a)} and ${describe(one.b)} are decided to be apart`
    const message = `Cannot make ${describe(a)} and ${describe(b)} one: found that ${found}`
    throw new AppError('customer.decision-contradicts', message)
  }
}

/** All that decisions make one with a record, directly or by way of others; itself not among them. */
export function unitedWith(
  standing: readonly Decision[],
  record: DecidedRecord,
): Map<string, DecidedRecord> {
  const same = standing.filter(({ decision }) => decision === 'same')
  const found = new Map<string, DecidedRecord>([[nameOf(record), record]])
  for (let before = 0; before < found.size; ) {
    before = found.size
    for (const { a, b } of same) {
      if (found.has(nameOf(a))) found.set(nameOf(b), b)
      if (found.has(nameOf(b))) found.set(nameOf(a), a)
    }
  }
  found.delete(nameOf(record))
  return found
}

function pairOf({ a, b }: Pick<Decision, 'a' | 'b'>): string {
  return [nameOf(a), nameOf(b)].sort().join('\n')
}

/** Tells records apart over all systems. */
export function nameOf({ entity, key, source }: DecidedRecord): string {
  return `${source}\t${entity}\t${key}`
}

function describe(record: DecidedRecord): string {
  return `${formatPlace(record)} ${record.key}`
}
