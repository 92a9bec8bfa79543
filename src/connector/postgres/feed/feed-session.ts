import { AppError } from '#stdx/app-error'
import { readServerError, withoutValues } from '../pg-error.ts'
import { quoteName } from '../quote.ts'
import type { Session } from '../session.ts'
import { parseLsn } from './lsn.ts'

/** Where the log of a server stands. */
export type LogIdentity = {
  readonly timeline: number
  /** Where earlier timelines were left, by timeline. */
  readonly timelineEnds: ReadonlyMap<number, bigint>
}

/** @param log a session that may read the log */
export async function readLogIdentity(log: Session, signal: AbortSignal): Promise<LogIdentity> {
  const [[, timeline] = []] = await log.query('IDENTIFY_SYSTEM', signal)
  if (Number(timeline) === 1) return { timeline: 1, timelineEnds: new Map() }
  const [[, history] = []] = await log.query(`TIMELINE_HISTORY ${Number(timeline)}`, signal)
  return { timeline: Number(timeline), timelineEnds: readTimelineEnds(history ?? '') }
}

/** The history of a timeline: a line for each one before it, `<timeline> TAB <lsn> TAB <reason>`. */
export function readTimelineEnds(history: string): Map<number, bigint> {
  const lines = history.split('\n').map((line) => /^\s*(\d+)\s+([0-9A-F]+\/[0-9A-F]+)/.exec(line))
  return new Map(
    lines.flatMap((found) => {
      const [, timeline = '', lsn = ''] = found ?? []
      return found === null ? [] : [[Number(timeline), parseLsn(lsn)] as const]
    }),
  )
}

export type MadeSlot = { readonly lsn: bigint; readonly snapshot: string }

/** @throws connector.feed-waiting | connector.feed-exists */
export async function makeSlot(log: Session, name: string, signal: AbortSignal): Promise<MadeSlot> {
  try {
    return await createSlot(log, quoteName(name), signal)
  } catch (error) {
    const sqlState = readServerError(error)?.sqlState
    const cause = withoutValues(error)
    if (sqlState === '55P03') throw slotWaited(`begin the feed "${name}"`, cause)
    if (sqlState === '42710') throw slotExists(name, cause)
    throw error
  }
}

/**
 * A slot that goes with the session, and that nobody reads.
 * @throws connector.feed-waiting | connector.feed-not-ready
 */
export async function makePassingSlot(log: Session, signal: AbortSignal): Promise<MadeSlot> {
  try {
    const [[pid] = []] = await log.query('select pg_catalog.pg_backend_pid()', signal)
    return await createSlot(log, `holdfast_cut_${Number(pid)} TEMPORARY`, signal)
  } catch (error) {
    const sqlState = readServerError(error)?.sqlState
    const cause = withoutValues(error)
    if (sqlState === '55P03') throw slotWaited(OPENING_CUT, cause)
    if (sqlState === '53400') throw noRoom('max_replication_slots', cause)
    throw error
  }
}

/** The server has no slot, or no connection that may read its log, left for a cut. */
export function noRoom(setting: 'max_replication_slots' | 'max_wal_senders', cause: unknown) {
  const found = `all that ${setting} allows are in use, and a cut needs one more for a moment`
  const remedy = `raise ${setting} by one and restart the server`
  const message = `Cannot ${OPENING_CUT}: ${found}; ${remedy}`
  return new AppError('connector.feed-not-ready', message, { setting }, { cause })
}

export const OPENING_CUT = 'open a cut that the feed can be compared with'

/**
 * Makes a slot and a snapshot that shows exactly what was committed before it begins. The snapshot
 * lives until the session runs something else or ends.
 *
 * The server first waits for every transaction that is open. `lock_timeout` bounds that: a client
 * that simply went away would leave an active slot behind that nobody reads.
 */
async function createSlot(log: Session, slot: string, signal: AbortSignal): Promise<MadeSlot> {
  await log.query(`set lock_timeout = '${SLOT_WAIT_MS}ms'`, signal)
  // The spelling of 13 and 14, which later majors still take.
  const sql = `CREATE_REPLICATION_SLOT ${slot} LOGICAL pgoutput EXPORT_SNAPSHOT`
  const [[, position, snapshot] = []] = await log.query(sql, signal)
  if (!position || !snapshot) throw new Error('The server told no position of the slot.')
  return { lsn: parseLsn(position), snapshot }
}

function slotWaited(doing: string, cause: unknown): AppError {
  const found = `a transaction that is open since before was waited for ${SLOT_WAIT_MS / 1000} s`
  return new AppError('connector.feed-waiting', `Cannot ${doing}: ${found}`, {}, { cause })
}

const SLOT_WAIT_MS = 10_000

export function slotExists(name: string, cause?: unknown): AppError {
  const found = 'there is a slot of this name'
  const message = `Cannot begin the feed "${name}": ${found}`
  return new AppError('connector.feed-exists', message, { name }, { cause })
}
