import type { NeutralField } from '#connector/neutral-fields'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { didYouMean } from '#stdx/did-you-mean'
import { formatProblems, type Problem } from '#stdx/yaml-lines'
import { openPart, type PartReader } from './open-part.ts'
import type { PartRule, TotalRule } from './read-totals.ts'

/** Fields of the entities of one side, by name; `name` is for messages. */
export type TotalSide = {
  readonly name: string
  readonly entities: ReadonlyMap<EntityName, ReadonlyMap<string, NeutralField>>
}

/**
 * How the parts of totals are read.
 * @throws migrate.mapping-unfit with every entity, field and expression that fits nothing
 */
export function openTotals(
  totals: readonly TotalRule[],
  sides: { readonly source: TotalSide; readonly target: TotalSide },
  label: string,
): ReadonlyMap<PartRule, PartReader> {
  const problems: Problem[] = []
  const readers = new Map<PartRule, PartReader>()
  for (const total of totals) {
    for (const side of ['source', 'target'] as const) {
      for (const part of total[side]) {
        const opened = openIn(part, sides[side])
        if ('read' in opened) readers.set(part, opened)
        else problems.push(...opened.map((problem) => ({ line: part.line, problem })))
      }
    }
  }
  if (problems.length === 0) return readers
  const message = `Cannot sum up the totals of "${label}": ${formatProblems(problems)}`
  throw new AppError('migrate.mapping-unfit', message, { problems })
}

function openIn(part: PartRule, { entities, name }: TotalSide): PartReader | readonly string[] {
  const fields = entities.get(part.entity)
  if (fields !== undefined) return openPart(part, fields)
  return [`${name} has no entity "${part.entity}"${didYouMean(part.entity, [...entities.keys()])}`]
}
