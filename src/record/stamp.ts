/**
 * When a version of a record was made: by which entry of the timeline, and by which of the source's
 * transactions in it, from 1 in the order of commits. A snapshot and a scan are one transaction.
 */
export type Stamp = { readonly seq: number; readonly ordinal: number }

/** That of no transaction: after all of an entry. */
export const LAST_ORDINAL = 0xffff_ffff

/** After all transactions of an entry. */
export function atEntry(seq: number): Stamp {
  return { seq, ordinal: LAST_ORDINAL }
}

/** Whether a version, by its seq and ordinal, is there at a moment. */
export function isUpTo(asOf: Stamp, seq: number, ordinal: number): boolean {
  return seq < asOf.seq || (seq === asOf.seq && ordinal <= asOf.ordinal)
}

/** As addresses have it: `12` is all of an entry, `12.5` its first five transactions. */
export function formatStamp({ ordinal, seq }: Stamp): string {
  return ordinal === LAST_ORDINAL ? String(seq) : `${seq}.${ordinal}`
}

/** Of a transaction in an entry; `null`: of all of it. */
export function stampOf(at: { readonly seq: number; readonly ordinal: number | null }): Stamp {
  return { seq: at.seq, ordinal: at.ordinal ?? LAST_ORDINAL }
}
