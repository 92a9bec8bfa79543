import type { CaptureBody, EntityAtPoint, Follow, Transaction } from '#timeline/entry'
import type { Vault } from '../vault.ts'
import { aCapture } from './a-capture.ts'
import { signal } from './a-vault.ts'

const FEED = { feed: 'holdfast_erp', notFollowed: [] }

/** Makes `erp` a source that a feed follows, from its first point on. */
export async function beginFollowing(vault: Vault): Promise<void> {
  await vault.addSource('erp', signal)
  const state = await vault.readTimeline('erp', signal)
  const follow: Follow = { ...FEED, part: 'begin', scan: null, transactions: null }
  await vault.append(state, await aCapture(vault, 'erp', { follow }), signal)
}

/** Each inserts a row of the one entity, a second after the one before. */
export function someTransactions(count: number, from = 0): Transaction[] {
  return Array.from({ length: count }, (_, i) => ({
    transaction: `${7000 + from + i}`,
    time: new Date(Date.UTC(2026, 5, 30, 13, 0, from + i)).toISOString(),
    position: `0/${(100_000 + 64 * (from + i)).toString(16)}`,
    changes: [[0, 1, 0, 0]],
  }))
}

/** What a feed told after the newest point, its transactions in a table. */
export async function aToldBody(
  vault: Vault,
  transactions: readonly Transaction[],
  stored = transactions,
): Promise<CaptureBody> {
  const newest = (await vault.readTimeline('erp', signal)).points.at(-1)
  if (newest === undefined) throw new Error('Nothing was captured yet.')
  const last = transactions.at(-1)
  const inserted = transactions.length
  const sums = { count: inserted, inserted, updated: 0, deleted: 0 }
  const entities = newest.entities.map((one): EntityAtPoint => {
    return { ...one, rows: one.rows + inserted, inserted, fingerprint: null }
  })
  const body = await aCapture(vault, 'erp', {
    base: newest.seq,
    catalogue: null,
    cut: { ...newest.cut, time: last?.time ?? '', position: last?.position ?? '' },
    entities,
    segments: [],
  })
  const written = { source: 'erp', session: body.session, transactions: stored }
  const table = await vault.putTransactions(written, signal)
  const told = { ...sums, earliest: transactions[0]?.time ?? '', list: null, table }
  const scan = newest.body.follow?.scan ?? newest.seq
  return { ...body, follow: { ...FEED, part: 'transactions', scan, transactions: told } }
}

/** Commits it, and gives the name of its table. */
export async function tell(vault: Vault, body: CaptureBody): Promise<string> {
  await vault.append(await vault.readTimeline('erp', signal), body, signal)
  return body.follow?.transactions?.table?.name ?? ''
}
