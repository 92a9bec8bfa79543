import { tmpdir } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { captureEntity } from '#capture/capture-entity'
import type { FollowEvent } from '#capture/follow-events'
import { followSource } from '#capture/follow-source'
import { formatEntityName } from '#record/entity-name'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import type { Point, TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { liveShop, openShop, type ShopDay } from './golden-shop.ts'
import {
  type ExpectedEntity,
  type ExpectedPoint,
  formatRows,
  hashState,
  signal,
} from './golden-vault.ts'
import type { KnownTables, ToldShop } from './told-shop.ts'

export const SHOP = 'shop'
const FEED = 'holdfast_shop'
const NEVER_MS = 1_000_000_000_000

/** Lets a day pass in the shop and follows it until all was told; says what each new point must hold. */
export async function followShop(
  vault: Vault,
  clock: Clock,
  shop: ToldShop,
  day: ShopDay,
): Promise<ExpectedPoint[]> {
  liveShop(shop, day)
  const known = (await vault.readTimeline(SHOP, signal)).points.at(-1)?.seq ?? -1
  await follow(vault, { clock, shop, follow: day.follow })
  const state = await vault.readTimeline(SHOP, signal)
  const added = state.points.filter(({ seq }) => seq > known)
  return await Promise.all(added.map((point) => expectPoint(vault, { shop, state, point })))
}

/** The shop after these days, as who followed it knows it, without anybody following. */
export async function aShopAfter(days: readonly ShopDay[]): Promise<ToldShop> {
  const shop = openShop()
  const scope = { name: FEED, isCovered: () => true, mayReplace: true }
  for (const [i, day] of days.entries()) {
    liveShop(shop, day)
    const { feed } = shop.openSource(async () => {})
    if (i === 0 || day.isLogLost) await feed?.start(scope, signal)
    else if (day.follow === 'scan') await feed?.openCut(FEED, signal)
  }
  return shop
}

type Following = {
  readonly clock: Clock
  readonly shop: ToldShop
  readonly follow: ShopDay['follow']
}

async function follow(vault: Vault, { clock, follow, shop }: Following): Promise<void> {
  const stopping = new AbortController()
  const read = await vault.readDeps(SHOP, signal)
  const digestKey = await vault.digestKey(SHOP, signal)
  const write = await vault.writeDeps(SHOP, signal)
  const deps = { write, read, digestKey, random: systemRandom, tempDir: tmpdir() }
  let idles = 0
  const tell = ({ kind }: FollowEvent) => {
    if (kind !== 'idle' || follow === 'scan') return
    idles += 1
    // A beat takes two looks at the end of the log; a scan ends by itself.
    if (idles === (follow === 'beat' ? 3 : 1)) stopping.abort()
  }
  const nowMs = clock.nowMs()
  await followSource(
    {
      vault,
      // Time stands still: what was told is committed when it is all.
      clock: { nowMs: () => nowMs, passedMs: () => 0, sleep: () => new Promise(() => {}) },
      random: systemRandom,
      tempDir: tmpdir(),
      openSource: async () => shop.openSource(async () => await setImmediate()),
      openCapturePool: async () => ({
        captureEntity: (job, rows, watch) => captureEntity(deps, job, rows, watch),
        async [Symbol.asyncDispose]() {},
      }),
      begun: { read: async () => false, write: async () => {} },
      progress: () => {},
      tell,
      afterCommit: async () => {},
    },
    {
      source: SHOP,
      connector: 'postgres',
      feed: FEED,
      isIncluded: () => true,
      scansMax: 1,
      sortBytesMax: 1 << 24,
      commitMs: NEVER_MS,
      heartbeatMs: follow === 'beat' ? 0 : NEVER_MS,
      reconcileMs: null,
      isOneScan: follow === 'scan',
    },
    stopping.signal,
  )
}

async function expectPoint(
  vault: Vault,
  at: { readonly shop: ToldShop; readonly state: TimelineState; readonly point: Point },
): Promise<ExpectedPoint> {
  const { point, shop, state } = at
  const { cut, follow } = point.body
  const isTold = follow?.part === 'transactions'
  const known = isTold ? shop.toldAt(cut.position) : shop.scannedAt(cut.position)
  const transactions = await vault.readTransactions(state.source, point.body, signal)
  return {
    seq: point.seq,
    time: cut.time,
    labels: [],
    held: false,
    part: follow?.part ?? null,
    unproven: known?.unproven ?? [],
    entities: expectEntities(known),
    transactions: transactions.map(({ changes, position, time, transaction }) => ({
      transaction,
      time,
      position,
      labels: [],
      changes: changes.map(([index, ...counts]) => [
        point.body.entities[index]?.entity ?? '',
        ...counts,
      ]),
      state: hashState(expectEntities(shop.toldAt(position))),
    })),
  }
}

function expectEntities(known: KnownTables | undefined): ExpectedEntity[] {
  if (known === undefined) throw new Error('The shop was never there.')
  const entities = known.tables.map(({ fields, name, rows }) => ({
    entity: formatEntityName(['public', name]),
    fields: fields.map((field) => field.name),
    ...formatRows(rows.map((row) => row.join('\t'))),
  }))
  return entities.sort((a, b) => (a.entity < b.entity ? -1 : 1))
}
