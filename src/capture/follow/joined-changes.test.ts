import { expect, test } from 'vitest'
import { DELETE, type FeedChanges, INSERT, UPDATE } from '#connector/feed'
import type { EntityName } from '#record/entity-name'
import { JoinedChanges } from './joined-changes.ts'

function aBatch(ops: readonly number[], texts: readonly string[], fields = ['id']): FeedChanges {
  const bytes = new Uint8Array(Buffer.from(texts.join('')))
  let end = 0
  const ends = new Uint32Array(texts.map((text) => (end += Buffer.byteLength(text))))
  const rows = { kind: 'rows' as const, bytes, ends }
  const entity = 'public.customer' as EntityName
  return {
    kind: 'changes',
    entity,
    fields,
    key: ['id'],
    ops: new Uint8Array(ops),
    rows,
    unchanged: new Map(),
  }
}

test('batches are joined in order, each row with its transaction', () => {
  const joined = new JoinedChanges()
  joined.add(aBatch([INSERT, UPDATE], ['1\n', '22\n']), 1)
  joined.add(aBatch([DELETE], ['333\n']), 4)
  const { changes, ordinals } = joined.take() ?? {}
  expect([...(ordinals ?? [])]).toEqual([1, 1, 4])
  expect([...(changes?.ops ?? [])]).toEqual([INSERT, UPDATE, DELETE])
  expect(changes?.rows).toMatchObject({ kind: 'rows', ends: new Uint32Array([2, 5, 9]) })
  if (changes?.rows.kind === 'rows') {
    expect(Buffer.from(changes.rows.bytes).toString()).toBe('1\n22\n333\n')
  }
  expect(joined.take()).toBeUndefined()
})

test('what has other fields, or is large, is not joined', () => {
  const joined = new JoinedChanges()
  expect(joined.fits(aBatch([INSERT], ['1\n'], ['other']))).toBe(true)
  joined.add(aBatch([INSERT], ['1\n']), 1)
  expect(joined.fits(aBatch([INSERT], ['2\n']))).toBe(true)
  expect(joined.fits(aBatch([INSERT], ['2\n'], ['id', 'name']))).toBe(false)
  const large = { ...aBatch([INSERT], []), rows: { kind: 'large' as const, parts: [] } }
  expect(joined.fits(large)).toBe(false)
})

test('so many bytes are held before they are scanned', () => {
  const joined = new JoinedChanges()
  joined.add(aBatch([INSERT], [`${'1'.repeat(200_000)}\n`]), 1)
  expect(joined.isFull).toBe(false)
  joined.add(aBatch([INSERT], [`${'2'.repeat(100_000)}\n`]), 2)
  expect(joined.isFull).toBe(true)
})
