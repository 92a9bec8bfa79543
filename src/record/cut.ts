import * as z from 'zod'

/** Which system a source is, so that another one under the same name is noticed. */
export type SourceIdentity = {
  /** The system: PostgreSQL's system identifier, a file's device and inode. */
  readonly system: string
  /** The database inside it. */
  readonly database: string
}

export function isSameSystem(a: SourceIdentity, b: SourceIdentity): boolean {
  return a.system === b.system && a.database === b.database
}

/** One consistent moment of a source. */
export type Cut = {
  /** Where the source stood; opaque outside its connector. */
  readonly position: string
  /** ISO 8601, UTC, as precisely as the source tells. */
  readonly time: string
  readonly identity: SourceIdentity
}

export const cutSchema = z.strictObject({
  position: z.string(),
  time: z.string(),
  identity: z.strictObject({ system: z.string(), database: z.string() }),
})
