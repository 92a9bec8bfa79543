import type * as z from 'zod'
import type { Session } from '../session.ts'

/** A question to the system catalogue, and the form of one row of its answer. */
export type Question<Schema extends z.ZodType> = {
  readonly sql: string
  readonly row: Schema
}

/** @param values the query's parameters */
export async function ask<Schema extends z.ZodType>(
  session: Session,
  question: Question<Schema>,
  signal: AbortSignal,
  values: readonly unknown[] = [],
): Promise<z.output<Schema>[]> {
  // The server writes JSON, so that arrays and booleans need no parser of ours.
  const sql = `select pg_catalog.to_json(q)::text from (${question.sql}) q`
  const rows = await session.query(sql, signal, values)
  return rows.map(([json]) => question.row.parse(JSON.parse(json ?? 'null')))
}

/** Condition on a schema: not the system's own. */
export function isUserSchema(alias: string): string {
  return `${alias}.nspname !~ '^pg_' and ${alias}.nspname <> 'information_schema'`
}

/** Condition on an object: no extension brought it. */
export function isNotOfExtension(catalog: string, oid: string): string {
  return `not exists (select from pg_catalog.pg_depend e
    where e.classid = 'pg_catalog.${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`
}
