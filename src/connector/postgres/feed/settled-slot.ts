import { assert } from '#stdx/assert'
import type { Clock } from '#stdx/clock'
import { quoteLiteral } from '../quote.ts'
import type { Session } from '../session.ts'
import { dropSlot } from './drop-slot.ts'
import { type MadeSlot, makeSlot } from './feed-session.ts'

export type SlotMaking = {
  readonly clock: Clock
  /** Of the replication protocol: it makes the slot, and keeps its snapshot. */
  readonly log: Session
  /** Asks the catalogue. */
  readonly session: Session
}

/**
 * Makes a slot while no table changes, as far as that can be had.
 *
 * A server waits twice while it makes a slot: for the transactions that it finds at first, and then
 * for those that began meanwhile. What is committed during the first wait it does not note
 * (`xact_decode` passes over commits until `SNAPBUILD_FULL_SNAPSHOT`; 13 to 18). A transaction that
 * begins during the second wait and goes on after it is decoded with the tables as they were before:
 * after a TRUNCATE that is an error each time, and the slot is of no use. So a slot during whose
 * making tables changed is made once more. A few times, that is: on a server whose tables change all
 * the time most slots are good nevertheless, and one that is not is told of when it is read.
 *
 * @throws connector.feed-waiting | connector.feed-exists | connector.feed-busy
 */
export async function makeSettledSlot(
  making: SlotMaking,
  name: string,
  signal: AbortSignal,
): Promise<MadeSlot> {
  const { log, session } = making
  for (let attempt = 1; ; attempt++) {
    const [[next] = []] = await session.query(NEXT_TRANSACTION, signal)
    assert(next, 'A server has a next transaction.')
    const slot = await makeSlot(log, name, signal)
    try {
      const [[hasChanged] = []] = await session.query(hasChangedSince(next), signal)
      if (hasChanged !== 't' || attempt >= ATTEMPTS_MAX) return slot
    } catch (error) {
      await dropSlot(making, name, new AbortController().signal)
      throw error
    }
    await dropSlot(making, name, signal)
  }
}

const ATTEMPTS_MAX = 5

const NEXT_TRANSACTION = `select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::xid`

/** Whether a transaction from `next` on has made or changed a table that others see. */
function hasChangedSince(next: string): string {
  const isSince = (row: string) =>
    `pg_catalog.age(${row}.xmin) between 0 and pg_catalog.age(${quoteLiteral(next)}::xid)`
  return `select exists (
    select from pg_catalog.pg_class c
    where c.relpersistence <> 't' and c.relkind in ('r', 'p') and (${isSince('c')} or exists (
      select from pg_catalog.pg_attribute a where a.attrelid = c.oid and ${isSince('a')})))`
}
