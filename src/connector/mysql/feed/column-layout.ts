import { AppError } from '#stdx/app-error'
import { type ColumnMap, TYPE } from './table-map.ts'
import { decimalBytes, fractionBytesOf } from './value-text.ts'

/** How long a value is: `size` bytes, or as many as a number of `size` bytes before it says. */
export type ColumnLayout = { readonly isFixed: boolean; readonly size: number }

const FIXED: ReadonlyMap<number, number> = new Map([
  [TYPE.tiny, 1],
  [TYPE.short, 2],
  [TYPE.int24, 3],
  [TYPE.long, 4],
  [TYPE.longlong, 8],
  [TYPE.float, 4],
  [TYPE.double, 8],
  [TYPE.year, 1],
  [TYPE.date, 3],
  [TYPE.newdate, 3],
  [TYPE.time, 3],
  [TYPE.datetime, 8],
  [TYPE.timestamp, 4],
  [TYPE.null, 0],
])

/**
 * MariaDB, "Rows_event: column data".
 *
 * @throws connector.feed-unreadable for a type that is not known: what follows it cannot be found
 */
export function layoutOf({ meta, name, type }: ColumnMap): ColumnLayout {
  const size = FIXED.get(type)
  if (size !== undefined) return { isFixed: true, size }
  switch (type) {
    case TYPE.decimal:
      return { isFixed: true, size: decimalBytes(meta & 0xff, meta >> 8) }
    case TYPE.bit:
      return { isFixed: true, size: (meta >> 8) + ((meta & 0xff) > 0 ? 1 : 0) }
    case TYPE.enum:
    case TYPE.set:
      return { isFixed: true, size: meta }
    case TYPE.timestamp2:
      return { isFixed: true, size: 4 + fractionBytesOf(meta) }
    case TYPE.datetime2:
      return { isFixed: true, size: 5 + fractionBytesOf(meta) }
    case TYPE.time2:
      return { isFixed: true, size: 3 + fractionBytesOf(meta) }
    case TYPE.string:
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.varcharCompressed:
      return { isFixed: false, size: meta > 255 ? 2 : 1 }
    case TYPE.blob:
    case TYPE.blobCompressed:
    case TYPE.geometry:
      return { isFixed: false, size: meta }
    default: {
      const found = `a column of type ${type} ("${name}")`
      throw new AppError('connector.feed-unreadable', `Cannot read the feed: found ${found}`)
    }
  }
}
