import { quoteName } from './quote.ts'

const TIME = /^(?:date|timestamp(?:\(\d+\))? with(?:out)? time zone)$/
const WHOLE_OR_NUMERIC = /^(?:smallint|integer|bigint|numeric(?:\(.*\))?)$/
const SCALED = /^numeric\(\d+,(-?\d+)\)$/
const PADDED = /^character\(\d+\)$/
const TEXT = /^(?:text|character varying(?:\(\d+\))?)$/

/**
 * SQL that prints a field as another type would, for comparing rows with those of a point at which
 * the field had that type. Only where the two print equal values differently, and only values that
 * the other type holds exactly: what it would round prints as it is, and so differs.
 *
 * @param type of the column
 * @param wanted the type to print as
 */
export function printAs(field: string, type: string, wanted: string): string {
  const column = quoteName(field)
  if (type === wanted) return column
  if (TIME.test(type) && TIME.test(wanted)) {
    return exactly(column, `(${column}::${wanted})`, `(${column}::${wanted})::${type}`)
  }
  const [, scale] = SCALED.exec(wanted) ?? []
  if (scale !== undefined && WHOLE_OR_NUMERIC.test(type)) {
    const rounded = `pg_catalog.round(${column}::numeric, ${scale})`
    return exactly(column, rounded, rounded)
  }
  // A cast takes off the padding.
  return PADDED.test(type) && TEXT.test(wanted) ? `${column}::text` : column
}

function exactly(column: string, printed: string, back: string): string {
  return `case when ${back} = ${column} then ${printed}::text else ${column}::text end`
}
