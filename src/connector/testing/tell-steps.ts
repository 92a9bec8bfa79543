import type { EntityName } from '#record/entity-name'
import { splitRow } from '#record/row-text'
import type { DescribedEntity } from '#record/schema'
import type { Source } from '../connector.ts'
import { DELETE, type Feed, type FeedMessage, INSERT, UPDATE } from '../feed.ts'
import { entityIn, optionsFor } from './contract-system.ts'
import { type FeedHarness, feedOf } from './feed-following.ts'
import { readChanges } from './feed-mirror.ts'

const signal = new AbortController().signal
const OPS: Readonly<Record<number, string>> = {
  [INSERT]: 'insert',
  [UPDATE]: 'update',
  [DELETE]: 'delete',
}
const DONE = 'holdfast_done'

/**
 * What a feed that was begun after `setup` tells of `steps`, each a transaction of its own, in short
 * lines: `insert public.t 1 a`, `delete public.t 1`. A field that was not sent is `~`. `live` tells
 * what happens while the feed is being read instead of before it is opened.
 */
export async function tellSteps(
  harness: FeedHarness,
  setup: string,
  { before = [], live = [] }: { before?: readonly string[]; live?: readonly string[] },
): Promise<string[]> {
  await using system = await harness.freshSystem()
  await system.exec(`create table ${DONE} (id int primary key); ${setup}`)
  await using source = await harness.connector.openSource(optionsFor(system.address))
  const scope = { name: system.feedName, isCovered: () => true }
  const { after, entities } = await begin(source, scope)
  for (const step of before) await system.exec(step)
  await using feed = await feedOf(source).open(
    { ...scope, after, entities, watchIntervalMs: 600_000 },
    signal,
  )
  if (live.length === 0) await system.exec(`insert into ${DONE} values (0)`)
  return await read(feed, { live, exec: system.exec, done: entityIn(harness, DONE) })
}

async function begin(source: Source, scope: { name: string; isCovered: () => boolean }) {
  await using cut = await feedOf(source).start({ ...scope, mayReplace: false }, signal)
  const { entities } = await cut.readCatalogue(() => true)
  return { after: cut.cut, entities }
}

async function read(
  feed: Feed,
  {
    done,
    exec,
    live,
  }: { live: readonly string[]; exec: (sql: string) => Promise<void>; done: EntityName },
): Promise<string[]> {
  const lines: string[] = []
  const shapes = new Shapes()
  let next = 0
  // A step is taken once the feed has told all that came before.
  const step = async () => {
    const sql = live[next]
    if (sql !== undefined) await exec(sql)
    next += 1
    await exec(`insert into ${DONE} values (${next})`)
  }
  for await (const message of feed.read(signal)) {
    // What the catalogue tells first must not be what a step changes.
    if (message.kind === 'catalogue' && next === 0 && live.length > 0) await step()
    if (message.kind === 'changes' && message.entity === done) {
      if (next >= live.length) return lines
      await step()
    } else lines.push(...shapes.tellAnew(message), ...format(message))
  }
  return lines
}

/**
 * The catalogue is looked at beside the rows: it may tell of a step what would be described later, and
 * is then all that tells it.
 */
class Shapes {
  readonly #known = new Map<EntityName, string>()

  tellAnew(message: FeedMessage): string[] {
    if (message.kind === 'described') this.#isNew(message.described)
    if (message.kind !== 'catalogue') return []
    const isFirst = this.#known.size === 0
    const changed = message.catalogue.entities.filter((one) => this.#isNew(one))
    return isFirst ? [] : changed.map((one) => `described ${formatEntity(one)}`)
  }

  #isNew({ entity, fields }: DescribedEntity): boolean {
    const shape = fields.map(({ name, sourceId, type }) => `${name} ${type} ${sourceId}`).join()
    const isNew = this.#known.get(entity) !== shape
    this.#known.set(entity, shape)
    return isNew
  }
}

function format(message: FeedMessage): string[] {
  switch (message.kind) {
    case 'changes':
      return readChanges(message).map(({ oldKey, op, row, unchanged }) => {
        const values = splitRow(row).map((value, i) => (unchanged.includes(i) ? '~' : value))
        const from = oldKey === null ? '' : ` from ${oldKey.trim()}`
        return `${OPS[op]} ${message.entity} ${values.join(' ')}${from}`
      })
    case 'truncate':
      return [`truncate ${message.entity}${message.isWhole ? '' : ' in part'}`]
    case 'described':
      return message.entity.endsWith(DONE) ? [] : [`described ${formatEntity(message.described)}`]
    case 'unfollowed':
      return [`unfollowed ${message.entity}: ${message.reason}`]
    case 'begin':
    case 'commit':
    case 'catalogue':
    case 'idle':
      return []
  }
}

function formatEntity({ entity, fields }: DescribedEntity): string {
  const list = fields.map(({ missing, name, type }) => {
    return `${name} ${type}${missing === null ? '' : `=${missing}`}`
  })
  return `${entity} (${list.join(', ')})`
}
