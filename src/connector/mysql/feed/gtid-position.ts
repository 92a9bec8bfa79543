import { AppError } from '#stdx/app-error'

/** One transaction of MariaDB: the stream it is in, who wrote it first, and its number there. */
export type Gtid = { readonly domain: number; readonly text: string; readonly sequence: bigint }

/**
 * Where a feed stands: behind the last transaction of every stream (`0-1-100,7-2-5`), and, of the
 * server that was read, the file and where in it: `0-1-100 (binlog.000007:4711)`. A cut is named in
 * the same way.
 */
export type GtidPosition = {
  readonly gtids: ReadonlyMap<number, Gtid>
  readonly file: string | null
  readonly offset: number
}

const POSITION = /^(?:(\d+-\d+-\d+(?:,\d+-\d+-\d+)*) \((.+):(\d+)\)|(\S+\.\d+):(\d+))$/

/** @throws connector.feed-unreadable */
export function parsePosition(text: string): GtidPosition {
  const [, gtids = '', file, offset, firstFile, firstOffset] = POSITION.exec(text) ?? []
  const place = file ?? firstFile
  if (place === undefined) {
    const message = `Cannot read the position "${text}": it is none of a feed of MariaDB`
    throw new AppError('connector.feed-unreadable', message)
  }
  return { gtids: parseGtids(gtids), file: place, offset: Number(offset ?? firstOffset) }
}

/** A list as the server prints it. */
export function parseGtids(list: string): Map<number, Gtid> {
  const gtids = list.split(/,\s*/).filter((text) => text !== '')
  return new Map(
    gtids.map((text) => {
      const [domain, , sequence] = text.split('-')
      return [Number(domain), { domain: Number(domain), text, sequence: BigInt(sequence ?? 0) }]
    }),
  )
}

/** As the server takes it for where to begin. */
export function formatGtids(gtids: GtidPosition['gtids']): string {
  return [...gtids.values()]
    .toSorted((a, b) => a.domain - b.domain)
    .map(({ text }) => text)
    .join(',')
}

export function formatPosition({ file, gtids, offset }: GtidPosition): string {
  const list = formatGtids(gtids)
  return list === '' ? `${file}:${offset}` : `${list} (${file}:${offset})`
}

/** Whether everything up to `position` is among what lies up to `other`. */
export function isUpTo(position: GtidPosition['gtids'], other: GtidPosition['gtids']): boolean {
  return [...position.values()].every(({ domain, sequence }) => {
    const there = other.get(domain)
    return there !== undefined && sequence <= there.sequence
  })
}
