import { AppError } from '#stdx/app-error'
import type { LeftOut } from '../connector.ts'
import { attempt, isMissing, type RefusedStep, runSteps, type Step } from './attempt.ts'
import {
  collationSql,
  compositeSql,
  domainSql,
  enumSql,
  rangeSql,
  sequenceSql,
} from './create-sql.ts'
import type { SharedDefinition } from './definition.ts'
import { quoteLiteral, quoteName, quoteQualified } from './quote.ts'
import type { Session } from './session.ts'

/** Creates the schemas and extensions that are not there. */
export async function createSchemas(
  session: Session,
  shared: SharedDefinition,
  signal: AbortSignal,
): Promise<LeftOut[]> {
  for (const name of shared.schemas) {
    // IF NOT EXISTS would want the right to create schemas even where the schema is there.
    const sql = `select from pg_catalog.pg_namespace where nspname = ${quoteLiteral(name)}`
    const found = await session.query(sql, signal)
    if (found.length === 0) await session.query(`create schema ${quoteName(name)}`, signal)
  }
  const leftOut: LeftOut[] = []
  for (const { name, schema } of shared.extensions) {
    const sql = `create extension if not exists ${quoteName(name)} with schema ${quoteName(schema)}`
    const error = await attempt(session, sql, signal)
    if (error !== undefined) leftOut.push({ kind: 'extension', name, reason: error.text })
  }
  return leftOut
}

/**
 * Creates the types that are not there. A type that is there under the same name must be the same.
 *
 * @throws connector.create-refused when one of the same name is different
 */
export async function createTypes(
  session: Session,
  {
    wanted,
    present,
    version,
  }: {
    wanted: SharedDefinition
    present: SharedDefinition
    version: number
  },
  signal: AbortSignal,
): Promise<{ leftOut: LeftOut[]; refused: RefusedStep[] }> {
  const steps = [
    ...missing('collation', wanted.collations, present.collations).map((collation) =>
      step('collation', quoteQualified(collation.schema, collation.name), collationSql(collation)),
    ),
    ...missing('enum', wanted.enums, present.enums).map((type) =>
      step('enum', type.type, enumSql(type)),
    ),
    ...missing('domain', wanted.domains, present.domains).map((type) =>
      step('domain', type.type, domainSql(type)),
    ),
    ...missing('composite type', wanted.composites, present.composites).map((type) =>
      step('composite type', type.type, compositeSql(type)),
    ),
    ...missing('range type', wanted.ranges, present.ranges).map((type) =>
      step('range type', type.type, rangeSql(version < 140_000 ? withoutMultirange(type) : type)),
    ),
  ]
  const refused = await runSteps(session, steps, signal)
  const domains = missing('domain', wanted.domains, present.domains)
  return { leftOut: await finishDomains(session, domains, signal), refused }
}

/** Creates sequences that are not there and that no identity column brings. */
export async function createSequences(
  session: Session,
  sequences: SharedDefinition['sequences'],
  signal: AbortSignal,
): Promise<void> {
  for (const sequence of sequences) await session.query(sequenceSql(sequence), signal)
}

function step(kind: string, name: string, sql: string): Step {
  return { kind, name, sql }
}

function withoutMultirange<Type extends { multirange: string | null }>(type: Type): Type {
  return { ...type, multirange: null }
}

type Named = { readonly schema: string; readonly name: string }

function missing<Type extends Named>(
  kind: string,
  wanted: readonly Type[],
  present: readonly Type[],
): Type[] {
  const presentByName = new Map(
    present.map((type) => [quoteQualified(type.schema, type.name), type]),
  )
  return wanted.filter((type) => {
    const name = quoteQualified(type.schema, type.name)
    const there = presentByName.get(name)
    if (there === undefined) return true
    if (kind === 'collation' || isSame(type, there)) return false
    const message = `Cannot create the ${kind} ${name}: the target has another one of this name`
    throw new AppError('connector.create-refused', message, { kind, name })
  })
}

/** Further labels of an enum do no harm, nor does the name of a multirange. */
function isSame(wanted: object, there: object): boolean {
  const labels: unknown = Reflect.get(wanted, 'labels')
  const thereLabels: unknown = Reflect.get(there, 'labels')
  if (Array.isArray(labels) && Array.isArray(thereLabels)) {
    return labels.every((label) => thereLabels.includes(label))
  }
  const ignored = { multirange: null, constraints: null }
  return JSON.stringify({ ...wanted, ...ignored }) === JSON.stringify({ ...there, ...ignored })
}

/** Adds defaults and checks; those that need a missing function are left out. */
async function finishDomains(
  session: Session,
  domains: SharedDefinition['domains'],
  signal: AbortSignal,
): Promise<LeftOut[]> {
  const steps = domains.flatMap((domain) => [
    ...(domain.default === null
      ? []
      : [
          step('default', domain.type, `alter domain ${domain.type} set default ${domain.default}`),
        ]),
    ...domain.constraints.map(({ name, definition }) =>
      step(
        'check',
        `${quoteName(name)} on ${domain.type}`,
        `alter domain ${domain.type} add constraint ${quoteName(name)} ${definition}`,
      ),
    ),
  ])
  const leftOut: LeftOut[] = []
  for (const { step: refused, error } of await runSteps(session, steps, signal)) {
    if (!isMissing(error)) continue
    leftOut.push({ kind: refused.kind, name: refused.name, reason: error.text })
  }
  return leftOut
}
