import { type EntityName, parseEntityName } from '#record/entity-name'
import { isAppError } from '#stdx/app-error'
import type { CheckedYaml } from '#stdx/check-yaml'
import type { Path } from '#stdx/yaml-lines'

/** A customer map while it is read: what is wrong with it is gathered, not thrown. */
export type Reading = CheckedYaml & {
  /** Names of entities by source, also of those with problems of their own. */
  readonly named: Map<string, EntityName[]>
}

export function readName(
  { problems, yaml }: Reading,
  path: Path,
  name: string,
  isKey: boolean,
): EntityName | undefined {
  try {
    const entity = parseEntityName(name)
    if (entity === name) return entity
    problems.push({ line: yaml.lineOf(path, isKey), problem: `"${name}" is written ${entity}` })
  } catch (error) {
    if (!isAppError(error, 'record.entity-invalid')) throw error
    const need = 'need names joined by dots, quoted with " where they are not plain'
    problems.push({
      line: yaml.lineOf(path, isKey),
      problem: `"${name}" is no name of an entity: ${need}`,
    })
  }
  return undefined
}
