import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'

export function canaryMissing(table: EntityName, found: string, cause?: unknown): AppError {
  const message = `Cannot update the canary ${table}: found ${found}, wanted its row`
  return new AppError('connector.canary-missing', message, { table }, { cause })
}
