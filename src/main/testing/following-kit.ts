import { expect } from 'vitest'
import { runCapture } from '#capture/run-capture'
import { aFollowing, type FollowedLife, type Follower } from '#capture/testing/a-following'
import { changedFeed } from '#connector/changed-feed'
import type { Source } from '#connector/connector'
import { type Feed, type FeedMessage, INSERT, type SourceFeed } from '#connector/feed'
import { feedHarness, type freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { optionsFor, readRows } from '#connector/testing/contract-system'
import { feedOf } from '#connector/testing/feed-following'
import type { EntityName } from '#record/entity-name'
import { AppError } from '#stdx/app-error'
import { assert } from '#stdx/assert'
import { newestMajor } from '#test/servers/fresh-database'
import type { Point } from '#timeline/timeline-state'
import { signal } from '#vault/testing/a-vault'
import type { Vault } from '#vault/vault'

type System = Awaited<ReturnType<typeof freshFeedSystem>>

/** A followed PostgreSQL and its vault. */
export type Both = { readonly system: System; readonly life: FollowedLife }

export const TABLES = `
  create table customer (id int primary key, name text);
  create table note (id int primary key, said text);
  create table pulse (id serial primary key);
  insert into customer select n, 'C' || n from generate_series(1, 20) n;
  insert into note values (1, 'first')`

const { connector } = feedHarness(newestMajor())

export async function aLife(): Promise<Both & AsyncDisposable> {
  const harness = feedHarness(newestMajor())
  const system = (await harness.freshSystem()) as System
  await system.exec(TABLES)
  const life = await aFollowing(harness, system)
  return { system, life, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() }
}

export async function backUp({ life, system }: Both): Promise<void> {
  await using source = await connector.openSource(optionsFor(system.address))
  await using cut = await source.openCut(signal)
  const deps = life.scanDeps
  const request = { ...life.scanRequest, connector: connector.kind }
  await runCapture(deps, { cut, request, state: await life.state() }, signal)
}

/** Waits until the newest point holds what the source holds now. */
export async function untilSame(both: Both, follower: Follower) {
  await both.system.exec('insert into pulse default values')
  for (;;) {
    const next = follower.until('committed')
    next.catch(() => {})
    if (await isSame(both)) return
    await next
  }
}

export async function expectSame(both: Both) {
  expect(await heldRows(both.life)).toEqual(await liveRows(both.system))
}

async function isSame({ life, system }: Both) {
  return JSON.stringify(await heldRows(life)) === JSON.stringify(await liveRows(system))
}

async function liveRows(system: System): Promise<Tables> {
  await using source = await connector.openSource(optionsFor(system.address))
  await using cut = await source.openCut(signal)
  const { entities } = await cut.readCatalogue(() => true)
  const tables: [string, string[]][] = []
  for (const described of entities) {
    const rows = await readRows(cut, described)
    const names = described.fields.map(({ name }) => name)
    const records = rows.map((values) =>
      Object.fromEntries(names.map((name, i) => [name, values[i]])),
    )
    tables.push([described.entity, sorted(records)])
  }
  return Object.fromEntries(tables.sort())
}
type Tables = Readonly<Record<string, readonly string[]>>

async function heldRows(life: FollowedLife): Promise<Tables> {
  const point = (await life.state()).points.at(-1)
  const tables: [string, string[]][] = []
  for (const { entity, rows } of point?.entities ?? []) {
    assert(point !== undefined, 'There is a point.')
    const records = await life.rowsAt(point, entity)
    expect(records).toHaveLength(rows)
    tables.push([entity, sorted(records)])
  }
  return Object.fromEntries(tables.sort())
}

function sorted(records: readonly object[]): string[] {
  return records.map((record) => JSON.stringify(Object.entries(record).sort())).sort()
}

export async function pointsOf(life: FollowedLife): Promise<Point[]> {
  return [...(await life.state()).points]
}

export function pointWith(points: readonly Point[], rows: readonly number[]): Point {
  const found = points.find(
    ({ entities }) => String(entities.map((one) => one.rows).slice(0, 2)) === String(rows),
  )
  assert(found !== undefined, 'There is such a point.')
  return found
}

/** Of every point between two scans: no entity but these is unproven, and these are at the last one. */
export async function expectUnproven(
  life: FollowedLife,
  entities: readonly string[],
): Promise<void> {
  const points = await pointsOf(life)
  const scan = points.findLastIndex(({ body }) => body.follow?.part === 'reconcile')
  const unproven = points[scan - 1]?.unproven
  assert(unproven instanceof Map, 'Some entity is unproven before the scan.')
  expect([...unproven.keys()].sort()).toEqual(entities)
  expect(points.at(-1)?.unproven).toBeNull()
}

export function nameOf(table: string): EntityName {
  return `public.${table}` as EntityName
}

/** So many times an entry is lost on its way, or its answer is. */
export function failing(vault: Vault, times: number): Vault {
  let left = times
  const append: Vault['append'] = async (state, body, until) => {
    if (body.kind !== 'capture' || body.follow?.part !== 'transactions' || left <= 0) {
      return await vault.append(state, body, until)
    }
    left -= 1
    if (left % 2 === 1) throw new AppError('store.unavailable', 'Cannot write: it is away')
    await vault.append(state, body, until)
    throw new AppError('timeline.undecided', 'Cannot tell whether it was written')
  }
  return new Proxy(vault, {
    get(target, name) {
      if (name === 'append') return append
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** Looks at the catalogue more often. */
export function watching(source: Source, watchIntervalMs: number): Source {
  return withFeed(source, (feed) => ({
    open: (options, until) => feed.open({ ...options, watchIntervalMs }, until),
  }))
}

/** A feed that does not tell what is inserted into `customer`, which none ever should. */
export function losing(source: Source): Source {
  return withFeed(source, (feed) => ({
    async open(options, until) {
      const opened = await feed.open(options, until)
      return withRead(opened, (message) => {
        const isLost =
          message.kind === 'changes' &&
          message.entity === 'public.customer' &&
          message.ops[0] === INSERT
        return !isLost
      })
    },
  }))
}

/** A feed that cannot tell what is written to `note`, and says so before the first row of it. */
export function untold(source: Source): Source {
  return withFeed(source, (feed) => ({
    async open(options, until) {
      const opened = await feed.open(options, until)
      return {
        async *read(signalled) {
          for await (const message of opened.read(signalled)) {
            const isOfNote = message.kind === 'changes' && message.entity === 'public.note'
            yield isOfNote ? untoldAs(message.entity) : message
          }
        },
        acknowledge: (position) => opened.acknowledge(position),
        [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
      }
    },
  }))
}

function untoldAs(entity: EntityName): FeedMessage {
  const reason = 'its fields were changed more than once since it was last looked at'
  return { kind: 'unfollowed', entity, reason, remedy: [] }
}

function withRead(feed: Feed, isTold: (message: FeedMessage) => boolean): Feed {
  return {
    async *read(until) {
      for await (const message of feed.read(until)) if (isTold(message)) yield message
    },
    acknowledge: (position) => feed.acknowledge(position),
    [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose](),
  }
}

export function withFeed(
  source: Source,
  change: (feed: SourceFeed) => Partial<SourceFeed>,
): Source {
  const feed = feedOf(source)
  return {
    identity: source.identity,
    openCut: (...given) => source.openCut(...given),
    feed: changedFeed(feed, change(feed)),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  }
}
