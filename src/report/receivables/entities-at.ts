import type { SourceAt } from '#customer/map-at'
import { type EntityAt, entityAt } from '#history/entity-at'
import type { EntityName } from '#record/entity-name'
import type { SegmentReadDeps } from '#segment/segment'
import { AppError, isAppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { formatProblems, type Problem } from '#stdx/yaml-lines'

/** An entity that a report reads, as a point holds it. */
export type EntityInReport = { readonly at: EntityAt; readonly deps: SegmentReadDeps }

/** What a section of the map names, with all of its fields. */
export type Named = {
  readonly source: string
  readonly entity: EntityName
  readonly line: number
  readonly fields: readonly string[]
}

/**
 * Looks up all that a report reads.
 * @throws report.finance-unfit with every line that names what the points do not hold
 */
export function entitiesAt<T extends Named>(
  named: readonly T[],
  sources: readonly SourceAt[],
): ReadonlyMap<T, EntityInReport> {
  const { found, problems } = findEntities(named, sources)
  if (problems.length === 0) return found
  const message = `Cannot report by the customer map: ${formatProblems(problems)}`
  throw new AppError('report.finance-unfit', message, { problems })
}

/** The same, with what is not there as an answer. */
export function findEntities<T extends Named>(named: readonly T[], sources: readonly SourceAt[]) {
  const problems: Problem[] = []
  const found = new Map<T, EntityInReport>()
  for (const one of named) {
    const result = findEntity(one, sources)
    if (typeof result === 'string') problems.push({ line: one.line, problem: result })
    else {
      found.set(one, result)
      for (const problem of judgeFields(one, result)) problems.push({ line: one.line, problem })
    }
  }
  return { found, problems }
}

function findEntity({ entity, source }: Named, sources: readonly SourceAt[]) {
  const found = sources.find((one) => one.source === source)
  if (found === undefined) return `the vault has no point of source ${source}`
  try {
    return { at: entityAt(found.state, found.point, entity), deps: found.deps }
  } catch (error) {
    if (!isAppError(error, 'history.entity-unknown')) throw error
    return error.message.replace(/^Cannot find /, 'nothing is known of ')
  }
}

function judgeFields({ entity, fields, source }: Named, { at }: EntityInReport): string[] {
  const names = at.schema.fields.map(({ name }) => name)
  const missing = fields.filter((field) => !names.includes(field))
  return missing.map((field) => {
    return `${source} ${entity} has no field ${field}${didYouMean(field, names)}`
  })
}
