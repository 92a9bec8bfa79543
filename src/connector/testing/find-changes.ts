import type { EntityName } from '#record/entity-name'
import { DELETE, type FeedChanges, INSERT, UPDATE } from '../feed.ts'

/** Rows of an entity by the row of their key, all with their newlines. */
export type RowTexts = ReadonlyMap<string, string>

export type ChangedEntity = {
  readonly entity: EntityName
  readonly fields: readonly string[]
  readonly key: readonly string[]
}

/** What a feed tells of an entity that had some rows and then others; `undefined`: nothing. */
export function findChanges(
  { entity, fields, key }: ChangedEntity,
  before: RowTexts,
  after: RowTexts,
): FeedChanges | undefined {
  const told: { readonly op: number; readonly text: string }[] = []
  for (const [id, row] of before) {
    const now = after.get(id)
    if (now === undefined) told.push({ op: DELETE, text: id })
    else if (now !== row) told.push({ op: UPDATE, text: now })
  }
  for (const [id, row] of after) if (!before.has(id)) told.push({ op: INSERT, text: row })
  if (told.length === 0) return undefined
  const texts = told.map(({ text }) => Buffer.from(text))
  let end = 0
  const ends = texts.map(({ length }) => (end += length))
  return {
    kind: 'changes',
    entity,
    fields,
    key,
    ops: Uint8Array.from(told, ({ op }) => op),
    rows: {
      kind: 'rows',
      bytes: new Uint8Array(Buffer.concat(texts)),
      ends: Uint32Array.from(ends),
    },
    unchanged: new Map(),
  }
}
