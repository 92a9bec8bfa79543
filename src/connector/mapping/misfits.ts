import type { RowBatch } from '#record/row-batch'
import { type TranslateValue, translateRows } from '#record/translate-rows'
import { AppError, isAppError } from '#stdx/app-error'
import { fieldOf, type ResolvedEntity, toTargetText } from './resolve-entity.ts'

/**
 * Rows as the other platform has them. Where it does not hold a value, none of the rows after that is
 * handed on; they are only looked through, so that all fields with such values are named, and how many.
 *
 * @throws connector.value-refused once all rows were seen
 */
export async function* translateOrRefuse(
  resolved: ResolvedEntity,
  { entity, fields }: { readonly entity: string; readonly fields: readonly string[] },
  rows: AsyncIterable<RowBatch>,
): AsyncGenerator<RowBatch, void, undefined> {
  const misfits = new Map<string, { readonly found: AppError; count: number }>()
  const values = fields.map((field): TranslateValue => {
    const value = toTargetText(fieldOf(resolved, field), { entity, field })
    return value && ((text) => translateOrCount(value, text, { field, misfits }))
  })
  for await (const batch of translateRows(rows, values)) if (misfits.size === 0) yield batch
  const [first] = misfits.values()
  if (first === undefined) return
  const named = [...misfits].map(([field, { count }]) => `${count} of "${field}"`).join(', ')
  const message = `${first.found.message}; of such values there are ${named}`
  const counts = Object.fromEntries([...misfits].map(([field, { count }]) => [field, count]))
  throw new AppError(first.found.code, message, { ...first.found.details, counts })
}

type Counting = {
  readonly field: string
  readonly misfits: Map<string, { readonly found: AppError; count: number }>
}

function translateOrCount(
  value: NonNullable<TranslateValue>,
  text: string,
  { field, misfits }: Counting,
): string | null {
  try {
    return value(text)
  } catch (error) {
    if (!isAppError(error, 'connector.value-refused')) throw error
    const known = misfits.get(field)
    if (known === undefined) misfits.set(field, { found: error, count: 1 })
    else known.count += 1
    return null
  }
}
