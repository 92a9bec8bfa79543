import { expect, test } from 'vitest'
import type { DescribedEntity } from '#record/schema'
import { Secret } from '#stdx/secret'
import { describePostgres } from '#test/servers/fresh-database'
import type { Source } from '../../connector.ts'
import type { FeedMessage, FeedReport } from '../../feed.ts'
import { optionsFor, readRows } from '../../testing/contract-system.ts'
import { beginFeed, feedOf, readTransactions } from '../../testing/feed-following.ts'
import { FeedMirror, fillStore, MapStore } from '../../testing/feed-mirror.ts'
import { parseTableDefinition } from '../definition.ts'
import { postgresConnector } from '../postgres-connector.ts'
import { quoteEntity, quoteName } from '../quote.ts'
import { freshFeedSystem } from '../testing/feed-system.ts'
import { TYPE_FAMILIES } from '../testing/type-families.ts'

const never = new AbortController().signal

function open(url: string): Promise<Source> {
  return postgresConnector.openSource(optionsFor(new Secret(url)))
}

const everything = (name: string) => ({ name, isCovered: () => true })

describePostgres('source feed', (major) => {
  test('check() prints what helps, and it does', async () => {
    await using system = await freshFeedSystem(major)
    const role = `role_${system.feedName}`
    await system.exec(`create role ${role} login password 'r'; grant pg_monitor to ${role};
      create table good (id int primary key); create unlogged table fleeting (id int primary key);
      create table nothing (id int primary key); alter table nothing replica identity nothing;
      create table other (id int primary key, x int not null unique);
      alter table other replica identity using index other_x_key;
      create table indexed (a int not null); create unique index indexed_a on indexed (a);
      create table late (id int not null); alter table late add primary key (id) deferrable;
      create table keyless (a int);
      grant select on all tables in schema public to ${role}`)
    const url = new URL(system.url)
    url.username = role
    url.password = 'r'
    await using source = await open(url.href)
    const check = (): Promise<FeedReport> =>
      feedOf(source).check(everything(system.feedName), never)
    const report = await check()
    expect(report.isReady).toBe(false)
    const left = report.findings.filter(({ kind }) => kind === 'not-followed')
    expect(left.map(({ entity }) => entity).sort()).toEqual([
      'public.fleeting',
      'public.indexed',
      'public.keyless',
      'public.late',
      'public.nothing',
      'public.other',
    ])
    for (const { entity, remedy } of left) {
      if (entity !== 'public.keyless') await system.exec(remedy.join(';'))
    }
    const blocking = (await check()).findings.filter(({ kind }) => kind === 'blocks')
    expect(blocking.map(({ found }) => found)).toEqual([
      expect.stringContaining('REPLICATION'),
      expect.stringContaining('publication'),
    ])
    for (const { remedy } of blocking) await system.exec(remedy.join(';'))
    const ready = await check()
    expect(ready).toMatchObject({ isReady: true })
    expect(ready.followed).toEqual([
      'public.fleeting',
      'public.good',
      'public.indexed',
      'public.late',
      'public.nothing',
      'public.other',
    ])
    await using cut = await feedOf(source).start(
      { ...everything(system.feedName), mayReplace: false },
      never,
    )
    expect(cut.cut.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+@1$/)
    await system.exec('create table new (id int primary key)')
    const [finding] = (await check()).findings.filter(({ entity }) => entity === 'public.new')
    await system.exec(finding?.remedy.join(';') ?? '')
    expect((await check()).followed).toContain('public.new')
    await system.exec(`drop owned by ${role}`)
    await source[Symbol.asyncDispose]()
    await cut[Symbol.asyncDispose]()
    await feedOf(await open(system.url)).drop(system.feedName, never)
    await system.exec(`drop role ${role}`)
  })

  test('extend() tells new tables from then on; drop() leaves what others made', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec('create table t (id int primary key)')
    await using source = await open(system.url)
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    const { after, entities, store } = await beginFeed(feed, scope)
    await system.exec('create table new (id int primary key); insert into new values (1)')
    expect(await feed.extend(scope, never)).toEqual(['public.new'])
    expect(await feed.extend(scope, never)).toEqual([])
    await system.exec('insert into new values (2)')
    {
      await using opened = await feed.open({ ...scope, after, entities }, never)
      await readTransactions(opened, { mirror: new FeedMirror(store, 'none') }, 1)
      expect(store.sorted()).toEqual({ 'public.new': ['2\n'] })
    }
    const publications = () => system.query('select pubname from pg_publication')
    await feed.drop(system.feedName, never)
    expect(await publications()).toEqual([])
    await system.exec(`create publication ${system.feedName} for table t`)
    await feed.drop(system.feedName, never)
    expect(await publications()).toHaveLength(1)
  })

  test('check() refuses a publication that holds something back, and warns of one that harms', async () => {
    await using system = await freshFeedSystem(major)
    const { feedName } = system
    await system.exec(`create table t (id int primary key); create table keyless (a int);
      create publication ${feedName} for all tables
        with (publish = 'insert', publish_via_partition_root = true)`)
    await using source = await open(system.url)
    const { findings, isReady } = await feedOf(source).check(everything(feedName), never)
    expect(isReady).toBe(false)
    const found = findings.map(({ found }) => found).join('\n')
    expect(found).toContain('leaves out a kind of change')
    expect(found).toContain('publish_via_partition_root')
    for (const { kind, remedy } of findings)
      if (kind === 'blocks') await system.exec(remedy.join(';'))
    const report = await feedOf(source).check(everything(feedName), never)
    expect(report.isReady).toBe(true)
    const [danger] = report.findings.filter(({ entity }) => entity === 'public.keyless')
    await expect(system.exec('update keyless set a = 2')).rejects.toThrow(/replica identity/)
    expect(danger).toMatchObject({ kind: 'not-followed' })
    const harm = report.findings.find(({ found }) => found.includes('no replica identity'))
    expect(harm).toMatchObject({ kind: 'danger', entity: 'public.keyless' })
    await system.exec(harm?.remedy.join(';') ?? '')
    await system.exec('update keyless set a = 2')
  })

  test('a table whose own changes would fail is not published', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec(`create table t (id int primary key);
      create table g (id int primary key, v text, w text generated always as (v) stored);
      alter table g alter v set storage external; alter table g replica identity full;
      insert into g values (1, repeat('0123456789', 1000))`)
    await using source = await open(system.url)
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    await beginFeed(feed, scope)
    await feed.extend(scope, never)
    await system.exec('update g set v = v; delete from g where id = 2')
    const report = await feed.check(scope, never)
    expect(report.followed).toEqual(major >= 18 ? ['public.t'] : ['public.g', 'public.t'])
    const [left, ...more] = report.findings.filter(({ entity }) => entity === 'public.g')
    expect(more).toEqual([])
    if (major < 18) return expect(left).toBeUndefined()
    expect(left).toMatchObject({ kind: 'not-followed' })
    await system.exec(left?.remedy.join(';') ?? '')
    expect(await feed.extend(scope, never)).toEqual(['public.g'])
    await system.exec('update g set v = v')
    const advised = (await feed.check(scope, never)).findings
    expect(advised.filter(({ entity }) => entity === 'public.g')).toMatchObject([
      { kind: 'advice', remedy: [] },
    ])
    await system.exec('alter table g replica identity full')
    await expect(system.exec('update g set v = v')).rejects.toThrow('cannot update table')
    const harmed = (await feed.check(scope, never)).findings
    const danger = harmed.find(({ entity, kind }) => entity === 'public.g' && kind === 'danger')
    await system.exec(danger?.remedy.join(';') ?? '')
    await system.exec('update g set v = v')
  })

  test('every type is told as a scan prints it', async () => {
    await using system = await freshFeedSystem(major)
    const families = TYPE_FAMILIES.filter(({ sinceMajor = 0 }) => major >= sinceMajor)
    for (const [i, { sql }] of families.entries()) {
      await system.exec(`create schema f${i}; set search_path = f${i}`)
      for (const statement of sql) await system.exec(statement)
    }
    await using source = await open(system.url)
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    const { after, entities, store } = await beginFeed(feed, scope)
    const { followed } = await feed.check(scope, never)
    const updates = entities.filter(({ entity }) => followed.includes(entity)).map(rewriteRows)
    // From 18 on a table may hold rows that a constraint of its own refuses.
    const quiet = updates.map((sql) => `begin ${sql}; exception when not_null_violation then end;`)
    await system.exec(`do $do$ begin ${quiet.join('\n')} end $do$`)
    await using opened = await feed.open({ ...scope, after, entities }, never)
    const mirror = new FeedMirror(store, 'none')
    const [told] = await readTransactions(opened, { mirror }, 1)
    expect(told?.updates).toBeGreaterThan(100)
    await using now = await source.openCut(never)
    const live = new MapStore()
    for (const entity of entities) fillStore(live, entity, await readRows(now, entity))
    expect(store.sorted()).toEqual(live.sorted())
  })

  test('tables that come and go are told by the catalogue, though nobody writes to them', async () => {
    await using system = await freshFeedSystem(major)
    await system.exec('create table t (id int primary key); create table gone (id int primary key)')
    await using source = await open(system.url)
    const feed = feedOf(source)
    const scope = everything(system.feedName)
    const cut = await feed.start({ ...scope, mayReplace: false }, never)
    const { entities } = await cut.readCatalogue(() => true)
    await cut[Symbol.asyncDispose]()
    await using opened = await feed.open(
      { ...scope, after: cut.cut, entities, watchIntervalMs: 100 },
      never,
    )
    const seen: string[][] = []
    for await (const message of opened.read(never)) {
      if (message.kind !== 'catalogue') continue
      seen.push(describeCatalogue(message))
      if (seen.length === 2) break
      await system.exec(
        'drop table gone; create table new (id int); alter table t add v int default 5',
      )
    }
    expect(seen).toEqual([
      ['public.gone: id', 'public.t: id'],
      ['public.new: id (not followed)', 'public.t: id, v=5'],
    ])
  })
})

/** Every row is sent anew: an update that sets what is set already. */
function rewriteRows({ definition, entity, fields }: DescribedEntity): string {
  const { columns } = parseTableDefinition(definition)
  const identities = columns.flatMap(({ identity, name }) => (identity === 'a' ? [name] : []))
  const field = fields.map(({ name }) => name).find((name) => !identities.includes(name))
  const column = quoteName(field ?? '')
  return `update ${quoteEntity(entity)} set ${column} = ${column}`
}

function describeCatalogue({ catalogue, followed }: FeedMessage & { kind: 'catalogue' }): string[] {
  return catalogue.entities.map(({ entity, fields }) => {
    const names = fields.map(({ missing, name }) => name + (name === 'v' ? `=${missing}` : ''))
    return `${entity}: ${names.join(', ')}${followed.has(entity) ? '' : ' (not followed)'}`
  })
}
