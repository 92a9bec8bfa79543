import { expect, test } from 'vitest'
import { parseConfig } from '#config/parse-config'
import type { Source } from '#connector/connector'
import type { FeedHealth, FeedReport, SourceFeed } from '#connector/feed'
import { parseEntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import { checkSource } from './check-source.ts'

const { signal } = new AbortController()
const identity = { system: '7', database: 'erp' }

function anEntity(name: string, missingGrant: string | null = null): DescribedEntity {
  return {
    entity: parseEntityName(name),
    sourceId: null,
    fields: [],
    key: { fields: ['id'], encodings: ['integer'] },
    foreignKeys: [],
    definition: null,
    scanOrder: 'key',
    missingGrant,
  }
}

/** A source that has a catalogue and no rows, and the number of times it was closed. */
function aSource(
  entities: readonly DescribedEntity[],
  scope: string,
  system: { connector?: string; feed?: SourceFeed } = {},
) {
  const { connector = 'connector: sqlite, file: x', feed } = system
  const text = `sources:\n  erp: { ${connector}, ${scope} }`
  const parsed = parseConfig(text, { label: 'x', folder: '/', environment: {} })
  const read = parsed.sources['erp']?.read()
  if (read === undefined) throw new Error('There is a source.')
  const closed: string[] = []
  const close = (what: string) => ({ [Symbol.asyncDispose]: async () => void closed.push(what) })
  const source: Source = {
    identity,
    ...close('source'),
    openCut: async () => ({
      cut: { position: '1', time: '2026-06-30T12:00:00Z', identity },
      readCatalogue: async () => ({ entities, definition: null, sequences: {}, notRestored: [] }),
      estimateRows: async (isCounted) =>
        1000 * entities.filter(({ entity }) => isCounted(entity)).length || null,
      scan: () => {
        throw new Error('A check reads no row.')
      },
      ...close('cut'),
    }),
  }
  const opened = { system: read, source: feed === undefined ? source : { ...source, feed } }
  const openCanary = async () => {
    throw new Error('There is no canary.')
  }
  const canaryStatements = async () => null
  return { deps: { openSource: async () => opened, openCanary, canaryStatements }, closed }
}

test('checkSource() says what is covered and closes what it opened', async () => {
  const { closed, deps } = aSource(
    [anEntity('main.customer'), anEntity('main.audit_log')],
    'exclude: [main.audit_*]',
  )
  const answer = await checkSource(deps, 'erp', signal)
  expect(answer).toMatchObject({
    verdict: 'ready',
    rowsAbout: 1000,
    grants: [],
    idle: [],
    identity,
  })
  expect(answer.entities.map(({ isCovered }) => isCovered)).toEqual([true, false])
  expect(closed).toEqual(['cut', 'source'])
})

test('checkSource() asks only for rights that what is covered needs', async () => {
  const { deps } = aSource(
    [anEntity('main.customer', 'GRANT a'), anEntity('main.audit_log', 'GRANT b')],
    'exclude: [main.audit_*]',
  )
  expect(await checkSource(deps, 'erp', signal)).toMatchObject({
    verdict: 'unreadable',
    grants: ['GRANT a'],
  })
})

test('checkSource() finds globs that match nothing, and a source of which nothing is covered', async () => {
  const { deps } = aSource([anEntity('main.customer')], 'include: [public.*]')
  expect(await checkSource(deps, 'erp', signal)).toMatchObject({
    verdict: 'empty',
    idle: ['public.*'],
  })
})

const followed = "connector: postgres, url: 'postgres://a@b/c', follow: true"

const HEALTH: FeedHealth = {
  state: 'safe',
  isOpen: true,
  acknowledged: '0/1A2B3C',
  retainedBytes: 1_000_000,
  leftBytes: null,
  retainedBytesMax: null,
  advice: null,
}

/** A feed that can only be looked at. */
function aFeed(report: FeedReport): SourceFeed {
  const never = () => {
    throw new Error('A check changes nothing.')
  }
  return {
    check: async ({ isCovered, name }) => {
      const isAsked = name === 'holdfast_erp' && isCovered(parseEntityName('main.customer'))
      return isAsked ? report : { findings: [], followed: [], isReady: false }
    },
    start: never,
    open: never,
    openCut: never,
    readPosition: never,
    isUpTo: never,
    extend: never,
    readHealth: async () => HEALTH,
    drop: never,
  }
}

test('checkSource() says what following needs, of a source that is to be followed', async () => {
  const entities = [anEntity('main.customer')]
  const report = { findings: [], followed: [parseEntityName('main.customer')], isReady: true }
  const ready = aSource(entities, 'exclude: [x]', { connector: followed, feed: aFeed(report) })
  expect(await checkSource(ready.deps, 'erp', signal)).toMatchObject({
    verdict: 'ready',
    feed: { ...report, name: 'holdfast_erp', health: HEALTH },
  })
  const blocked = { ...report, isReady: false }
  const other = aSource(entities, 'exclude: [x]', { connector: followed, feed: aFeed(blocked) })
  expect((await checkSource(other.deps, 'erp', signal)).verdict).toBe('unfollowable')
  const plain = aSource(entities, 'exclude: [x]', { feed: aFeed(blocked) })
  expect(await checkSource(plain.deps, 'erp', signal)).toMatchObject({
    verdict: 'ready',
    feed: null,
  })
})

test('checkSource() refuses to follow what tells no changes', async () => {
  const { deps } = aSource([anEntity('main.customer')], 'exclude: [x]', { connector: followed })
  await expect(checkSource(deps, 'erp', signal)).rejects.toMatchObject({
    code: 'connector.feed-unsupported',
  })
})
