import { readFileSync } from 'node:fs'
import { allVersions, type StoredVersion } from '#segment/testing/all-versions'
import { liveSegments, type TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { SaidPoint } from './follower.ts'

const { signal } = new AbortController()

/** A line of the account that the load keeps. */
type Accounted = {
  readonly stamp: string
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  readonly left: Left
}

/** What a transaction left of the records that it touched. */
type Left = { puts: number; gone: number; amount: string }

/** A transaction as its versions in the vault tell it. */
type Found = { stamps: string[]; puts: number; gone: number; amount: number }

export type AccountVerdict = {
  readonly accounted: number
  /** Transactions in the vault that the account has. */
  readonly told: number
  /** Those that the first scan held already. */
  readonly scanned: number
  readonly truncations: number
  readonly versions: number
  /** Stamps that the first scan held, and then where each transaction is, in the order of commits. */
  readonly stampsAtScan: readonly string[]
  readonly stampsInOrder: readonly { readonly at: string; readonly stamp: string }[]
  /** Sentences. */
  readonly problems: readonly string[]
}

const LEDGER = 'public.ledger'
const TRUNCATED = 'public.scratch'
const PROBLEMS_MAX = 20

/**
 * Holds the vault against the account of the load: every transaction is there once, with the rows that
 * it inserted, updated and deleted, and its records as it left them. Reads the versions as they lie in
 * segments and the tables of transactions, nothing that a capture uses.
 */
export async function compareAccount(
  vault: Vault,
  state: TimelineState,
  accountFile: string,
): Promise<AccountVerdict> {
  const account = new Map(readAccount(accountFile).map((line) => [line.stamp, line]))
  const { found, scanned, versions } = await gatherVersions(vault, state)
  const problems: string[] = []
  const seen = new Map<string, string>()
  const see = (stamp: string, at: string) => {
    const before = seen.get(stamp)
    if (before !== undefined) problems.push(`${stamp} is at ${before} and at ${at}`)
    seen.set(stamp, at)
    if (!account.has(stamp)) problems.push(`${stamp} at ${at} is not in the account`)
  }
  for (const stamp of scanned) see(stamp, 'the scan')
  const stampsInOrder: { at: string; stamp: string }[] = []
  let truncations = 0
  for (const point of state.points) {
    if (point.kind !== 'feed') continue
    const transactions = await vault.readTransactions(state.source, point.body, signal)
    const { entities } = point.body
    for (const [i, { changes }] of transactions.entries()) {
      const at = `${point.seq}.${i + 1}`
      const { stamps = [], ...left } = found.get(at) ?? { puts: 0, gone: 0, amount: 0 }
      found.delete(at)
      const [stamp, ...more] = stamps
      if (stamp === undefined) {
        const names = changes.map(([index]) => entities[index]?.entity ?? '')
        if (left.puts + left.gone === 0 && names.every((name) => name === TRUNCATED)) {
          truncations += 1
        } else problems.push(`${at} has no stamp and changes ${names.join(', ')}`)
        continue
      }
      if (more.length > 0) problems.push(`${at} has the stamps ${stamps.join(', ')}`)
      see(stamp, at)
      stampsInOrder.push({ at, stamp })
      const wanted = account.get(stamp)
      if (wanted === undefined) continue
      const sum = (column: 1 | 2 | 3) => changes.reduce((total, one) => total + one[column], 0)
      // Its row in the ledger is not in the account.
      const counted = [sum(1) - 1, sum(2), sum(3), left.puts, left.gone, String(left.amount)]
      const { deletes, inserts, left: kept, updates } = wanted
      const expected = [inserts, updates, deletes, kept.puts, kept.gone, kept.amount]
      if (counted.join() !== expected.join()) {
        problems.push(`${stamp} at ${at}: found ${counted.join()}, accounted ${expected.join()}`)
      }
    }
  }
  for (const at of found.keys()) problems.push(`versions of ${at}, which no entry tells`)
  const missing = [...account.keys()].filter((stamp) => !seen.has(stamp))
  if (missing.length > 0) {
    problems.push(`${missing.length} accounted transactions are missing: ${missing.slice(0, 5)}`)
  }
  return {
    accounted: account.size,
    told: seen.size - scanned.length,
    scanned: scanned.length,
    truncations,
    versions,
    stampsAtScan: scanned,
    stampsInOrder,
    problems: problems.slice(0, PROBLEMS_MAX),
  }
}

/** Every point that a follower said it had committed is there, and is that point. */
export function compareSaid(
  state: TimelineState,
  said: ReadonlyMap<number, SaidPoint>,
): readonly string[] {
  return [...said].flatMap(([seq, { changes, transactions }]) => {
    const told = state.points.bySeq(seq)?.body.follow?.transactions
    if (told === undefined || told === null) return [`point ${seq} was committed and is not there`]
    const { count, deleted, inserted, updated } = told
    const isSame = count === transactions && inserted + updated + deleted === changes
    return isSame ? [] : [`point ${seq} is another one than was committed`]
  })
}

async function gatherVersions(vault: Vault, state: TimelineState) {
  const deps = await vault.rowDeps(state.source, signal)
  const found = new Map<string, Found>()
  const scanned: string[] = []
  let versions = 0
  for await (const version of allVersions(deps, state.schemas, liveSegments(state))) {
    versions += 1
    const { entity, fields, ordinal, seq } = version
    const stamp = entity === LEDGER ? fields?.['stamp'] : undefined
    if (state.points.bySeq(seq)?.kind !== 'feed') {
      if (typeof stamp === 'string') scanned.push(stamp)
      continue
    }
    const at = `${seq}.${ordinal}`
    const one = found.get(at) ?? { stamps: [], puts: 0, gone: 0, amount: 0 }
    found.set(at, one)
    if (typeof stamp === 'string') one.stamps.push(stamp)
    if (entity !== LEDGER) addVersion(one, version)
  }
  return { found, scanned, versions }
}

function addVersion(sum: Found, { fields }: StoredVersion): void {
  if (fields === null) {
    sum.gone += 1
    return
  }
  sum.puts += 1
  sum.amount += Number(fields['amount'])
}

function readAccount(file: string): readonly Accounted[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line): Accounted => JSON.parse(line))
}
