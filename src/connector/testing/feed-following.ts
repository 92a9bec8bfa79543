import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Cut, SourceIdentity } from '#record/cut'
import type { DescribedEntity } from '#record/schema'
import { isAppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import type { Connector, Source, SourceCut } from '../connector.ts'
import type { Feed, FeedScope, SourceFeed } from '../feed.ts'
import { type ContractSystem, entityIn, optionsFor, readRows } from './contract-system.ts'
import { FeedMirror, fillStore, MapStore, type ToldTransaction } from './feed-mirror.ts'

export type FeedSystem = ContractSystem & {
  /** As the program that writes the load takes it. */
  readonly url: string
  /** Of a feed that nobody else has. */
  readonly feedName: string
}

export type FeedHarness = {
  readonly connector: Connector
  /** As the program that writes the load calls the kind of system. */
  readonly kind: string
  /** Where tables without qualification are made; empty where names have one part. */
  readonly schema: string
  freshSystem(): Promise<FeedSystem>
  /** A query of one column "n" whose rows are the numbers from 1 to `count`. */
  numbers(count: number): string
  /**
   * Whether the source itself keeps the feed and its position, lets one reader in at a time and
   * forgets what was acknowledged; else all of that is up to the caller.
   */
  readonly isKeptBySource: boolean
}

const signal = new AbortController().signal
const LOAD = fileURLToPath(new URL('../../../test/load/write-load.mjs', import.meta.url))

export function loadTables({ kind }: Pick<FeedHarness, 'kind'>): string {
  return execFileSync(process.execPath, [LOAD, kind, '--tables'], { encoding: 'utf8' })
}

/** One line of the account that the load keeps. */
export type Accounted = {
  readonly stamp: string
  readonly inserts: number
  readonly updates: number
  readonly deletes: number
  readonly amount: string
}

export type Load = AsyncDisposable & {
  /** The load wrote all it was to write. */
  readonly done: Promise<void>
  /** Lets every writer end after the transaction it is in. */
  stop(): void
  /** Waits until so many transactions are accounted. */
  untilAccounted(count: number): Promise<void>
  readAccount(): readonly Accounted[]
}

/** Begins to write random transactions, in a process that shares no code with us. */
export function startLoad(
  { kind }: Pick<FeedHarness, 'kind'>,
  url: string,
  { seed = 1, transactions, writers }: { seed?: number; transactions: number; writers: number },
): Load {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-load-'))
  const account = join(folder, 'account')
  const argv = [LOAD, kind, url, account, String(seed), String(writers), String(transactions)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] })
  const done = once(child, 'exit').then(([code]) => {
    assert(code === 0, 'The load is written to its end.')
  })
  done.catch(() => {})
  const readAccount = () => (existsSync(account) ? readLines(account) : [])
  return {
    done,
    readAccount,
    stop: () => void child.kill('SIGTERM'),
    async untilAccounted(count) {
      while (readAccount().length < count) {
        assert(child.exitCode === null, 'The load writes enough to wait for.')
        await sleep(20)
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await done.catch(() => {})
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function readLines(file: string): Accounted[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const { left: _, ...accounted }: Accounted & { left: unknown } = JSON.parse(line)
    return accounted
  })
}

/** A feed that was begun, and the copy of the tables at its cut. */
export type Following = AsyncDisposable & {
  readonly feed: SourceFeed
  readonly scope: FeedScope
  readonly identity: SourceIdentity
  readonly entities: readonly DescribedEntity[]
  readonly position: string
  readonly store: MapStore
  readonly mirror: FeedMirror
  /** Transactions that the cut shows already. */
  readonly stampsAtCut: ReadonlySet<string>
  open(position: string): Promise<Feed>
}

export async function startFollowing(harness: FeedHarness, system: FeedSystem): Promise<Following> {
  const source = await harness.connector.openSource(optionsFor(system.address))
  const feed = feedOf(source)
  const scope = { name: system.feedName, isCovered: () => true }
  const { after, entities, store } = await beginFeed(feed, scope)
  const ledger = entityIn(harness, 'ledger')
  const { identity, position } = after
  const stamps = (store.sorted()[ledger] ?? []).map((row) => row.split('\t')[0] ?? '')
  return {
    feed,
    scope,
    identity,
    entities,
    position,
    store,
    mirror: new FeedMirror(store, ledger),
    stampsAtCut: new Set(stamps),
    open: (after) =>
      feed.open({ ...scope, after: { position: after, identity }, entities }, signal),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}

/** Begins it, and reads the cut. A table that is truncated before its turn voids the cut: once more. */
export async function beginFeed(
  feed: SourceFeed,
  scope: FeedScope,
): Promise<{ after: Cut; entities: readonly DescribedEntity[]; store: MapStore }> {
  for (let attempt = 1; ; attempt++) {
    await using opened = await feed.start({ ...scope, mayReplace: attempt > 1 }, signal)
    try {
      return { after: opened.cut, ...(await scanAll(opened)) }
    } catch (error) {
      if (!isAppError(error, 'connector.scan-failed') || attempt > 20) throw error
    }
  }
}

export function feedOf(source: Source): SourceFeed {
  assert(source.feed !== undefined, 'The system has a feed.')
  return source.feed
}

/** What the tables hold now. */
export async function readAll(harness: FeedHarness, system: FeedSystem): Promise<MapStore> {
  await using source = await harness.connector.openSource(optionsFor(system.address))
  await using cut = await source.openCut(signal)
  return (await scanAll(cut)).store
}

/** What a cut shows. */
export async function scanAll(
  cut: SourceCut,
): Promise<{ entities: readonly DescribedEntity[]; store: MapStore }> {
  const { entities } = await cut.readCatalogue(() => true)
  const store = new MapStore()
  for (const entity of entities) fillStore(store, entity, await readRows(cut, entity))
  return { entities, store }
}

/** Reads so many transactions into the copy. */
export async function readTransactions(
  feed: Feed,
  { mirror }: Pick<Following, 'mirror'>,
  count: number,
): Promise<readonly ToldTransaction[]> {
  const told: ToldTransaction[] = []
  for await (const message of feed.read(signal)) {
    const transaction = mirror.take(message)
    if (transaction !== undefined) told.push(transaction)
    if (told.length >= count) break
  }
  return told
}
