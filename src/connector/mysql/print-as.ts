import { baseType, isInteger } from './field-form.ts'
import { quoteName } from './quote.ts'

const TIMES = new Set(['date', 'datetime', 'timestamp'])

/**
 * SQL that prints a field in its canonical text, or as another type would, for comparing rows with
 * those of a point at which the field had that type. Only where the two print equal values
 * differently, and only values that the other type holds exactly: what it would round prints as it
 * is, and so differs.
 *
 * @param type of the column
 * @param wanted the type to print as
 */
export function printAs(field: string, type: string, wanted: string): string {
  const column = quoteName(field)
  const base = baseType(type)
  // The server prints a float with six digits, and ZEROFILL with zeros.
  if (base === 'float') return `CAST(${column} AS DOUBLE)`
  const plain = / zerofill\b/i.test(type) ? `(${column} + 0)` : column
  if (type === wanted) return plain
  const cast = castTo(wanted)
  const isAlike =
    (cast?.kind === 'number' && (base === 'decimal' || isInteger(type))) ||
    (cast?.kind === 'time' && (TIMES.has(base) || base === 'time'))
  if (cast === undefined || !isAlike) return plain
  const as = `CAST(${plain} AS ${cast.sql})`
  return `CASE WHEN ${as} = ${plain} THEN CAST(${as} AS CHAR) ELSE CAST(${plain} AS CHAR) END`
}

function castTo(wanted: string): { kind: 'number' | 'time'; sql: string } | undefined {
  const base = baseType(wanted)
  const [first, second] = /\(([\d,]+)\)/.exec(wanted)?.[1]?.split(',') ?? []
  if (base === 'decimal') return { kind: 'number', sql: `DECIMAL(65,${second ?? 0})` }
  if (base === 'date') return { kind: 'time', sql: 'DATE' }
  if (base === 'time') return { kind: 'time', sql: `TIME(${first ?? 0})` }
  if (TIMES.has(base)) return { kind: 'time', sql: `DATETIME(${first ?? 0})` }
  return undefined
}
