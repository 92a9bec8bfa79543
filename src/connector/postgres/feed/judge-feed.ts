import { type EntityName, formatEntityName } from '#record/entity-name'
import type { DescribedEntity } from '#record/schema'
import type { FeedFinding, FeedReport } from '../../feed.ts'
import { quoteLiteral, quoteName, quoteQualified } from '../quote.ts'
import { type FeedFacts, type FeedTable, PUBLICATION_MARK } from './feed-facts.ts'
import { isSameSet } from './relation.ts'

export type FeedQuestion = {
  readonly name: string
  readonly facts: FeedFacts
  /** Those that are covered. */
  readonly entities: readonly DescribedEntity[]
}

export type JudgedFeed = FeedReport & {
  /** Makes the publication, when there is none. */
  readonly createSql: string | null
  /** What could be added to a publication that may be changed. */
  readonly additions: readonly { readonly entity: EntityName; readonly sql: string }[]
}

/** What a feed needs of the server, the role and each table, against what is there. */
export function judgeFeed({ entities, facts, name }: FeedQuestion): JudgedFeed {
  const partsByRoot = Map.groupBy(facts.tables, ({ root }) => root)
  const findings = [...judgeServer(facts), ...judgeRole(facts), ...judgePublication(name, facts)]
  const candidates: Candidate[] = []
  for (const described of entities) {
    const parts = partsByRoot.get(described.sourceId ?? '') ?? []
    const finding = parts.map((part) => judgeTable(part, described)).find((one) => one !== null)
    if (finding === undefined) candidates.push({ described, parts })
    else findings.push(finding)
  }
  findings.push(...judgeRisky(name, facts), ...judgeMembers(name, facts, candidates))
  findings.push(...candidates.flatMap(judgeLarge))
  const followed = candidates
    .filter(({ parts }) => isPublished(facts, parts))
    .map(({ described }) => described.entity)
  return {
    findings,
    followed,
    isReady: findings.every(({ kind }) => kind !== 'blocks'),
    createSql: facts.publication === undefined ? createPublication(name, candidates) : null,
    additions: findAdditions(name, facts, candidates),
  }
}

/** An entity that can be told exactly, and its tables with rows. */
type Candidate = {
  readonly described: DescribedEntity
  readonly parts: readonly FeedTable[]
}

/** A partitioned table brings its partitions all the same; children that inherit are named. */
function publishedTable(parts: readonly FeedTable[]): string {
  const [first] = parts
  return first === undefined ? '' : `ONLY ${quoteQualified(first.rootSchema, first.rootName)}`
}

function isPublished({ publication }: FeedFacts, parts: readonly FeedTable[]): boolean {
  // Without a publication `start` makes one of them all.
  return publication === undefined || parts.every((part) => part.isPublished)
}

function judgeServer({ server }: FeedFacts): FeedFinding[] {
  const findings: FeedFinding[] = []
  if (server.isStandby) {
    findings.push({
      ...blocks('the server is a standby'),
      means: 'A publication and a slot can be made on the primary only.',
      remedy: ['Give the address of the primary'],
    })
  }
  if (server.walLevel !== 'logical') {
    findings.push({
      ...blocks(`wal_level is ${server.walLevel}`),
      means: 'The log does not say enough to tell changes from it.',
      remedy: ["ALTER SYSTEM SET wal_level = 'logical';", 'Restart the server'],
      costs:
        'A restart; then a few per cent more log, more for updates of tables with REPLICA IDENTITY FULL.',
    })
  }
  if (server.keepBytesMax === null) {
    findings.push({
      kind: 'danger',
      entity: null,
      found: 'max_slot_wal_keep_size is not set',
      means:
        'While Holdfast is away the server keeps all its log, until its disk is full and it stops.',
      remedy: [BOUND_SQL, 'SELECT pg_reload_conf();'],
      costs:
        'When the bound is passed the feed is given up: a gap is recorded, and a reconcile repairs it.',
    })
  }
  if (/(^|[\s,(])("?\*"?|holdfast)([\s,)]|$)/.test(server.syncNames)) {
    findings.push({
      kind: 'danger',
      entity: null,
      found: `synchronous_standby_names is '${server.syncNames}'`,
      means: 'Holdfast would count as a synchronous standby, and commits would wait for it.',
      remedy: ["ALTER SYSTEM SET synchronous_standby_names = 'NAMES OF YOUR STANDBYS';"],
      costs: null,
    })
  }
  return findings
}

/** Bounds the log kept for slots; a third of the free space of the disk is a good beginning. */
export const BOUND_SQL = "ALTER SYSTEM SET max_slot_wal_keep_size = '50GB';"

function judgeRole({ publication, server, slot, tables }: FeedFacts): FeedFinding[] {
  const findings: FeedFinding[] = []
  const user = quoteName(server.user)
  if (!server.mayReplicate) {
    findings.push({
      ...blocks(`role ${server.user} has no attribute REPLICATION`),
      means: 'It may not read the log.',
      remedy: [`ALTER ROLE ${user} REPLICATION;`],
      costs: 'The role can then read all of the log, and with it every table of the server.',
    })
  }
  findings.push(
    ...judgeRoom({
      what: 'replication slots',
      setting: 'max_replication_slots',
      max: server.slotsMax,
      left: server.slotsMax - server.slotCount,
      isOurs: slot !== undefined,
    }),
    ...judgeRoom({
      what: 'WAL senders',
      setting: 'max_wal_senders',
      max: server.sendersMax,
      left: server.sendersMax - server.senderCount,
      isOurs: slot?.isActive === true,
    }),
  )
  if (publication === undefined && !server.mayCreate && tables.length > 0) {
    findings.push({
      kind: 'advice',
      entity: null,
      found: `role ${server.user} may not create a publication`,
      means: 'Somebody who owns the tables makes it.',
      remedy: [`GRANT CREATE ON DATABASE ${quoteName(server.database)} TO ${user};`],
      costs: null,
    })
  }
  return findings
}

type Room = {
  readonly what: string
  readonly setting: string
  readonly max: number
  /** Not in use. */
  readonly left: number
  /** The feed has its own already. */
  readonly isOurs: boolean
}

/** The feed needs one, and a reconcile another for a moment. */
function judgeRoom({ isOurs, left, max, setting, what }: Room): FeedFinding[] {
  if (left >= (isOurs ? 1 : 2)) return []
  const remedy = [`ALTER SYSTEM SET ${setting} = ${max + 4};`, 'Restart the server']
  const costs = 'A restart.'
  if (left === 0 && !isOurs) {
    const means = 'The feed needs one of its own.'
    return [{ ...blocks(`all ${max} ${what} are taken`), means, remedy, costs }]
  }
  const found = `the feed has the last of ${max} ${what}`
  const means = 'It can be followed. A reconcile needs another for a moment, and would be refused.'
  return [{ kind: 'advice', entity: null, found, means, remedy, costs }]
}

function judgePublication(name: string, { publication }: FeedFacts): FeedFinding[] {
  if (publication === undefined) return []
  const quoted = quoteName(name)
  const findings: FeedFinding[] = []
  if (!publication.publishesAll) {
    findings.push({
      ...blocks(`publication ${name} leaves out a kind of change`),
      means: 'Changes of that kind would be lost without a word.',
      remedy: [`ALTER PUBLICATION ${quoted} SET (publish = 'insert, update, delete, truncate');`],
    })
  }
  if (publication.isViaRoot) {
    findings.push({
      ...blocks(`publication ${name} has publish_via_partition_root`),
      means: 'A TRUNCATE of a single partition would be lost without a word.',
      remedy: [`ALTER PUBLICATION ${quoted} SET (publish_via_partition_root = false);`],
    })
  }
  for (const table of publication.narrowed) {
    findings.push({
      ...blocks(`publication ${name} has a row filter or a column list on ${table}`),
      means: 'Rows and fields that it holds back would be lost without a word.',
      remedy: [
        `ALTER PUBLICATION ${quoted} DROP TABLE ${table};`,
        `ALTER PUBLICATION ${quoted} ADD TABLE ${table};`,
      ],
    })
  }
  return findings
}

/** Whether every change of a table can be told exactly; `null` when it can. */
function judgeTable(table: FeedTable, described: DescribedEntity): FeedFinding | null {
  const { entity, key } = described
  const quoted = quoteQualified(table.schema, table.name)
  const left = { kind: 'not-followed', entity } as const
  const means = 'It is backed up by scans only.'
  if (table.isUnlogged) {
    return {
      ...left,
      found: `${quoted} is unlogged`,
      means,
      remedy: [`ALTER TABLE ${quoted} SET LOGGED;`],
      costs: 'The table is written again, under a lock; every change of it is logged from then on.',
    }
  }
  if (key === null) {
    return {
      ...left,
      found: `${quoted} has no key`,
      means: `${means} Published without one, the application's own UPDATE and DELETE would fail.`,
      remedy: [`ALTER TABLE ${quoted} ADD PRIMARY KEY (...);`],
      costs: 'A unique index; the columns must be unique and never null.',
    }
  }
  if (!table.indexes.some(({ fields }) => isSameSet(fields, key.fields))) {
    const index = quoteName(`holdfast_key_${table.oid}`)
    const columns = key.fields.map(quoteName).join(', ')
    return {
      ...left,
      found: `the key of ${quoted} (${key.fields.join(', ')}) is deferrable`,
      means: `${means} Two records may trade keys inside a transaction, and the log tells the steps only.`,
      remedy: [
        `CREATE UNIQUE INDEX ${index} ON ${quoted} (${columns});`,
        `ALTER TABLE ${quoted} REPLICA IDENTITY USING INDEX ${index};`,
      ],
      costs: 'An index; two records can then not trade keys any more.',
    }
  }
  if (isRefused(table)) {
    return {
      ...left,
      found: `the replica identity of ${quoted} is FULL, and it has generated columns`,
      means: `${means} Published, the application's own UPDATE and DELETE would fail.`,
      remedy: [`ALTER TABLE ${quoted} REPLICA IDENTITY ${usableIdentity(table, key.fields)};`],
      costs: 'A short lock, no rewriting.',
    }
  }
  if (isKnownByKey(table, key.fields)) return null
  return {
    ...left,
    found: `the replica identity of ${quoted} is ${IDENTITY_WORDS[table.identity]}, not its key (${key.fields.join(', ')})`,
    means,
    remedy: [`ALTER TABLE ${quoted} REPLICA IDENTITY ${usableIdentity(table, key.fields)};`],
    costs: 'A short lock, no rewriting.',
  }
}

const IDENTITY_WORDS = {
  d: 'DEFAULT without a primary key',
  n: 'NOTHING',
  f: 'FULL',
  i: 'an index',
} as const

function isRefused({ identity, isRefusedInFull }: FeedTable): boolean {
  return identity === 'f' && isRefusedInFull
}

function isKnownByKey(table: FeedTable, key: readonly string[]): boolean {
  return table.identity === 'f' || isSameSet(table.identityFields, key)
}

function usableIdentity(table: FeedTable, key: readonly string[]): string {
  const index = table.indexes.find(({ fields }) => isSameSet(fields, key))
  if (index === undefined) return 'FULL'
  return index.isPrimary ? 'DEFAULT' : `USING INDEX ${quoteName(index.name)}`
}

/** Published tables whose updates fail: whoever made the publication should know. */
function judgeRisky(name: string, { publication, tables }: FeedFacts): FeedFinding[] {
  if (publication === undefined) return []
  return tables
    .filter((table) => {
      const { identity, identityFields, isPublished, isUnlogged } = table
      const isNone = identity !== 'f' && identityFields.length === 0
      return isPublished && !isUnlogged && (isNone || isRefused(table))
    })
    .map((table): FeedFinding => {
      const quoted = quoteQualified(table.schema, table.name)
      const identity = table.isRefusedInFull ? 'ADD PRIMARY KEY (...)' : 'REPLICA IDENTITY FULL'
      const out = publication.isForAll
        ? `ALTER TABLE ${quoted} ${identity};`
        : `ALTER PUBLICATION ${quoteName(name)} DROP TABLE ${quoted};`
      if (isRefused(table)) return judgeRefused(table, out)
      return {
        kind: 'danger',
        entity: entityOf(table),
        found: `publication ${name} holds ${quoted}, which has no replica identity`,
        means: "The application's own UPDATE and DELETE on it fail.",
        remedy: [out],
        costs: publication.isForAll ? 'Whole old rows go into the log.' : null,
      }
    })
}

function judgeRefused(table: FeedTable, out: string): FeedFinding {
  const quoted = quoteQualified(table.schema, table.name)
  const index = table.indexes.find(({ isPrimary }) => isPrimary) ?? table.indexes[0]
  const identity = index && usableIdentity(table, index.fields)
  return {
    kind: 'danger',
    entity: entityOf(table),
    found: `${quoted} is published, has generated columns, and its replica identity is FULL`,
    means: "The application's own UPDATE and DELETE on it fail.",
    remedy: [identity === undefined ? out : `ALTER TABLE ${quoted} REPLICA IDENTITY ${identity};`],
    costs: 'A short lock, no rewriting.',
  }
}

/** Entities with values that an update does not tell when it leaves them as they are. */
function judgeLarge({ described: { entity }, parts }: Candidate): FeedFinding[] {
  const left = parts.filter(({ hasLargeValues, identity }) => hasLargeValues && identity !== 'f')
  if (left.length === 0) return []
  const finding: FeedFinding = {
    kind: 'advice',
    entity,
    found: `${entity} holds large values, and its replica identity is not FULL`,
    means:
      'An update does not tell the large values that it leaves as they are: from the first one on the entity is unproven until the next scan.',
    remedy: left.map(
      ({ name, schema }) => `ALTER TABLE ${quoteQualified(schema, name)} REPLICA IDENTITY FULL;`,
    ),
    costs: 'Whole old rows go into the log with every update and delete.',
  }
  if (!left.some(({ isRefusedInFull }) => isRefusedInFull)) return [finding]
  const refused =
    'FULL is no remedy: it has generated columns, and its UPDATE and DELETE would fail.'
  return [{ ...finding, means: `${finding.means} ${refused}`, remedy: [], costs: null }]
}

/** What the publication should hold and does not. */
function judgeMembers(
  name: string,
  facts: FeedFacts,
  candidates: readonly Candidate[],
): FeedFinding[] {
  const withParts = candidates.filter(({ parts }) => parts.length > 0)
  if (facts.publication === undefined) return judgeNoPublication(name, facts, withParts)
  return withParts
    .filter(({ parts }) => !isPublished(facts, parts))
    .map(({ described, parts }) => ({
      kind: 'not-followed',
      entity: described.entity,
      found: `${described.entity} is not in publication ${name}`,
      means: 'It is backed up by scans only.',
      remedy: [addToPublication(name, parts)],
      costs: null,
    }))
}

function findAdditions(
  name: string,
  facts: FeedFacts,
  candidates: readonly Candidate[],
): JudgedFeed['additions'] {
  if (!facts.publication?.isOwn) return []
  return candidates
    .filter(({ parts }) => parts.length > 0 && parts.every(({ isOwn }) => isOwn))
    .filter(({ parts }) => !isPublished(facts, parts))
    .map(({ described, parts }) => ({
      entity: described.entity,
      sql: addToPublication(name, parts),
    }))
}

function addToPublication(name: string, parts: readonly FeedTable[]): string {
  return `ALTER PUBLICATION ${quoteName(name)} ADD TABLE ${publishedTable(parts)};`
}

function judgeNoPublication(
  name: string,
  { server }: FeedFacts,
  candidates: readonly { parts: readonly FeedTable[] }[],
): FeedFinding[] {
  if (candidates.length === 0) {
    const found = 'no covered table can be followed'
    return [{ ...blocks(found), means: 'There would be nothing to tell.', remedy: [] }]
  }
  const mayMake =
    server.mayCreate && candidates.every(({ parts }) => parts.every(({ isOwn }) => isOwn))
  if (mayMake) return []
  return [
    {
      ...blocks(`there is no publication ${name}, and role ${server.user} may not make it`),
      means: 'Whoever owns the tables runs this once, and again for new tables.',
      remedy: [createPublication(name, candidates).replace(/ COMMENT .*/, '')],
    },
  ]
}

/** The publication of a feed: exactly the tables that can be followed. */
function createPublication(
  name: string,
  candidates: readonly { parts: readonly FeedTable[] }[],
): string {
  const tables = candidates.map(({ parts }) => publishedTable(parts))
  const quoted = quoteName(name)
  const mark = quoteLiteral(PUBLICATION_MARK)
  return `CREATE PUBLICATION ${quoted} FOR TABLE ${tables.join(', ')}; COMMENT ON PUBLICATION ${quoted} IS ${mark};`
}

function blocks(found: string) {
  return { kind: 'blocks', entity: null, found, costs: null } as const
}

function entityOf({ rootName, rootSchema }: FeedTable): EntityName {
  return formatEntityName([rootSchema, rootName])
}
