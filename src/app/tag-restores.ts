import type { EntityName } from '#record/entity-name'
import type { TimelineState } from '#timeline/timeline-state'
import type { Vault } from '#vault/vault'
import type { DiffItem, DiffRequest } from './diff-points.ts'
import type { ListedHistory, ListedVersion } from './list-history.ts'
import { findPoint, isLiveAddress } from './points/find-point.ts'
import { RestoreTags, type TagDeps } from './restore/restore-tags.ts'

/** Only where a restore made it so: the id of that restore. */
type Tagged<T> = T & { readonly restore?: string }

export type TaggedHistory = Omit<ListedHistory, 'versions'> & {
  readonly versions: readonly Tagged<ListedVersion>[]
}

/**
 * The same history, with the versions named that a restore wrote into the source.
 * @throws as `listHistory`
 */
export async function tagHistory(
  deps: TagDeps,
  vault: Vault,
  { history, source }: { readonly history: ListedHistory; readonly source: string },
  signal: AbortSignal,
): Promise<TaggedHistory> {
  const state = await vault.readTimeline(source, signal)
  await using tags = await RestoreTags.open(deps, vault, state, signal)
  if (tags === undefined) return history
  const versions: Tagged<ListedVersion>[] = []
  for (const version of history.versions) {
    const { entity, key } = history
    const fields = version.op === 'delete' ? null : version.fields
    const asked = { entity: entity as EntityName, key, fields, ...momentOf(state, version) }
    const restore = await tags.find(asked, signal)
    versions.push(restore === undefined ? version : { ...version, restore })
  }
  return { ...history, versions }
}

/** What a feed told was at its time; else it was somewhen since the point before. */
function momentOf({ points }: TimelineState, { point, time, transaction }: ListedVersion) {
  const seq = Number(point.slice(point.lastIndexOf('@') + 1).split('.')[0])
  const keptTime = points.bySeq(seq)?.time ?? time
  if (transaction !== undefined) return { sinceTime: time, keptTime }
  const before = points.backwards().find((one) => one.seq < seq)
  return { sinceTime: before?.cut.time ?? EVER, keptTime }
}

const EVER = '1970-01-01T00:00:00Z'

export type TaggedDiffItem = Tagged<DiffItem>

/**
 * The same differences, with those named that a restore made. Against the living system none is: what
 * it holds has no time; nor against an earlier point.
 */
export async function* tagDiff(
  deps: TagDeps,
  vault: Vault,
  { items, request }: DiffToTag,
  signal: AbortSignal,
): AsyncGenerator<readonly TaggedDiffItem[], void, undefined> {
  if (isLiveAddress(request.right)) return yield* items
  const left = await findPoint(vault, request.left, signal)
  const right = await findPoint(vault, request.right, signal)
  if (right.point.seq < left.point.seq) return yield* items
  await using tags = await RestoreTags.open(deps, vault, left.state, signal)
  const moment = { sinceTime: left.point.cut.time, keptTime: right.point.time }
  for await (const list of items) {
    const tagged: TaggedDiffItem[] = []
    for (const item of list) {
      if (item.type !== 'change') tagged.push(item)
      else {
        const { after: fields, entity, key } = item
        const restore = await tags?.find({ entity, key, fields, ...moment }, signal)
        tagged.push(restore === undefined ? item : { ...item, restore })
      }
    }
    yield tagged
  }
}

export type DiffToTag = {
  readonly items: AsyncIterable<readonly DiffItem[]>
  readonly request: DiffRequest
}
