import { tmpdir } from 'node:os'
import type { Source, SourceCut } from '#connector/connector'
import { parseBatch } from '#connector/testing/contract-system'
import { findChanges, type RowTexts } from '#connector/testing/find-changes'
import type { EntityName } from '#record/entity-name'
import { formatRow } from '#record/row-text'
import type { DescribedEntity } from '#record/schema'
import { openBlobIndex } from '#segment/blob-index'
import { assert } from '#stdx/assert'
import { systemRandom } from '#stdx/random'
import { liveSegments } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import { commitPoint } from '../commit-point.ts'
import { followedEntities } from '../follow/followed-entities.ts'
import { formatFeedBody, needsTable } from '../follow/format-feed-body.ts'
import { Gathering } from '../follow/gathering.ts'

/** A system that is changed one transaction at a time, and the vault that is told of each. */
export type TellDeps = {
  readonly vault: Vault
  readonly source: string
  openSource(): Promise<Source>
  /** Runs statements in one transaction of the system. */
  exec(sql: string): Promise<void>
}

export type ToldTransaction = {
  readonly transaction: string
  /** ISO 8601 */
  readonly time: string
  readonly sql: string
  /** An entity that it empties by TRUNCATE before anything else; of the first of an entry. */
  readonly truncated?: string
}

const FEED = 'holdfast_test'
const { signal } = new AbortController()

/**
 * What following commits, of a system that has no feed: runs each transaction, finds what it changed by
 * comparing, and commits all of them as one entry behind the newest point.
 * @returns seq of the entry
 */
export async function tellTransactions(
  deps: TellDeps,
  transactions: readonly ToldTransaction[],
): Promise<number> {
  const { source, vault } = deps
  await beginFeed(deps)
  const state = await vault.readTimeline(source, signal)
  const point = state.points.at(-1)
  assert(point !== undefined, 'A feed begins behind a point.')
  const { body } = point
  const session = aSession()
  const writing = {
    write: await vault.writeDeps(source, signal),
    digestKey: await vault.digestKey(source, signal),
    blobs: openBlobIndex(await vault.readDeps(source, signal), liveSegments(state)),
    random: systemRandom,
    tempDir: tmpdir(),
  }
  const options = { source, session, memoryBytesMax: 1_048_576, signal }
  const gathering = new Gathering(writing, followedEntities(state, point), options)
  let before = await readContents(deps)
  for (const { sql, time, transaction, truncated } of transactions) {
    await deps.exec(sql)
    const after = await readContents(deps)
    gathering.begin({ kind: 'begin', transaction, time })
    if (truncated !== undefined) {
      await gathering.truncate(truncated as EntityName)
      before.delete(truncated)
    }
    for (const [entity, { described, rows }] of after) {
      const fields = described.fields.map(({ name }) => name)
      const changed = { entity: described.entity, fields, key: described.key?.fields ?? [] }
      const changes = findChanges(changed, before.get(entity)?.rows ?? new Map(), rows)
      if (changes !== undefined) await gathering.add(changes)
    }
    gathering.commit({ kind: 'commit', transaction, time, position: `p${transaction}` })
    before = after
  }
  const gathered = await gathering.finish()
  const { transactions: told } = gathered
  const table = needsTable(gathered)
    ? await vault.putTransactions({ source, session, transactions: told }, signal)
    : null
  const last = told.at(-1)
  const facts = {
    gathered,
    session,
    connector: body.connector,
    feed: FEED,
    cut: { ...body.cut, position: last?.position ?? '', time: last?.time ?? body.cut.time },
    base: point.seq,
    scan: body.follow?.scan ?? point.seq,
    notFollowed: [],
    table,
    durationMs: 0,
  }
  return (await commitPoint(vault, state, formatFeedBody(facts), signal)).seq
}

/** Where no feed told the newest point: a scan that found nothing new, and that the feed goes on from. */
async function beginFeed({ source, vault }: TellDeps): Promise<void> {
  const state = await vault.readTimeline(source, signal)
  const point = state.points.at(-1)
  assert(point !== undefined, 'The system was captured before.')
  if (point.body.follow?.feed === FEED) return
  const unchanged = { inserted: 0, updated: 0, deleted: 0 }
  const body = {
    ...point.body,
    session: aSession(),
    base: point.seq,
    catalogue: null,
    sequences: point.sequences,
    entities: point.entities.map((one) => ({ ...one, ...unchanged })),
    leftOut: point.leftOut,
    schemas: [],
    segments: [],
    follow: {
      feed: FEED,
      part: 'begin' as const,
      scan: null,
      notFollowed: [],
      transactions: null,
    },
  }
  await commitPoint(vault, state, body, signal)
}

function aSession(): string {
  return Buffer.from(systemRandom.bytes(16)).toString('hex')
}

type Contents = Map<string, EntityContents>
type EntityContents = {
  readonly described: DescribedEntity
  readonly rows: RowTexts
}

async function readContents({ openSource }: TellDeps): Promise<Contents> {
  await using source = await openSource()
  await using cut = await source.openCut(signal)
  const { entities } = await cut.readCatalogue(() => true)
  const contents = new Map<string, EntityContents>()
  for (const described of entities) {
    if (described.key !== null) contents.set(described.entity, await readEntity(cut, described))
  }
  return contents
}

async function readEntity(cut: SourceCut, described: DescribedEntity): Promise<EntityContents> {
  const names = described.fields.map(({ name }) => name)
  const indexes = (described.key?.fields ?? []).map((field) => names.indexOf(field))
  const rows = new Map<string, string>()
  for await (const batch of cut.scan(described, names, signal)) {
    for (const values of parseBatch(batch)) {
      const key = indexes.map((index) => values[index] ?? null)
      rows.set(formatRow(key), formatRow(values))
    }
  }
  return { described, rows }
}
