/**
 * Follows a PostgreSQL into a SQLite file, as a process to be killed: the copy of the tables, what
 * each transaction did, and the position, all in one transaction of SQLite; only then the position
 * is acknowledged. Ends when it has seen the stamp `end`.
 *
 *     follow-into-sqlite.ts URL FEED FILE
 */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { postgresConnector } from '#connector/postgres/postgres-connector'
import { FeedMirror, type MirrorStore, type ToldTransaction } from '#connector/testing/feed-mirror'
import { isAppError } from '#stdx/app-error'
import { systemClock } from '#stdx/clock'
import { Secret } from '#stdx/secret'

const [, , url = '', name = '', file = ''] = process.argv
const { signal } = new AbortController()
const db = new DatabaseSync(file, { timeout: 10_000 })
/** A source that is being started again, or has not noticed yet that we died. */
const PASSING = ['connector.unreachable', 'connector.feed-busy', 'connector.feed-broken']

for (;;) {
  try {
    if (await follow()) break
  } catch (error) {
    if (!PASSING.some((code) => isAppError(error, `${code}` as 'a.b')) && !isLost(error))
      throw error
    await sleep(100)
  }
}

async function follow(): Promise<boolean> {
  await using source = await postgresConnector.openSource({
    address: new Secret(url),
    connectionsMax: 2,
    bytesPerSecondMax: 0,
    clock: systemClock,
    signal,
  })
  const entities = await describe(source)
  const { database, position, system } = readState()
  const after = { position, identity: { system, database } }
  const scope = { name, isCovered: () => true }
  await using feed = await source.feed?.open({ ...scope, after, entities }, signal)
  if (feed === undefined) throw new Error('PostgreSQL has a feed.')
  const mirror = new FeedMirror(openStore(), 'public.ledger')
  for await (const message of feed.read(signal)) {
    if (message.kind === 'unfollowed') throw new Error(`${message.entity}: ${message.reason}`)
    if (message.kind !== 'commit') {
      mirror.take(message)
      continue
    }
    db.exec('BEGIN IMMEDIATE')
    const told = mirror.take(message)
    if (told !== undefined) keep(told)
    db.exec('COMMIT')
    feed.acknowledge(message.position)
    if (told?.stamps.includes('end')) return true
  }
  return false
}

async function describe(source: Awaited<ReturnType<typeof postgresConnector.openSource>>) {
  await using cut = await source.openCut(signal)
  return (await cut.readCatalogue(() => true)).entities
}

type State = { readonly system: string; readonly database: string; readonly position: string }

function readState(): State {
  const [system, database, position] = ['system', 'database', 'position'].map((key) =>
    String(db.prepare('SELECT value FROM state WHERE name = ?').get(key)?.['value']),
  )
  return { system: system ?? '', database: database ?? '', position: position ?? '' }
}

/** A stamp that is told twice violates the key of `told`. */
function keep({ amount, deletes, inserts, position, stamps, updates }: ToldTransaction): void {
  for (const stamp of stamps) {
    const sql = 'INSERT INTO told VALUES (?, ?, ?, ?, ?)'
    db.prepare(sql).run(stamp, inserts, updates, deletes, String(amount))
  }
  db.prepare("UPDATE state SET value = ? WHERE name = 'position'").run(position)
}

function openStore(): MirrorStore {
  const get = db.prepare('SELECT "row" FROM mirror WHERE entity = ? AND "key" = ?')
  const set = db.prepare('INSERT OR REPLACE INTO mirror VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM mirror WHERE entity = ? AND "key" = ?')
  const clear = db.prepare('DELETE FROM mirror WHERE entity = ?')
  return {
    get: (entity, key) => {
      const found = get.get(entity, key)
      return found === undefined ? undefined : String(found['row'])
    },
    set: (entity, key, row) => void set.run(entity, key, row),
    delete: (entity, key) => remove.run(entity, key).changes === 1,
    clear: (entity) => void clear.run(entity),
  }
}

function isLost(error: unknown): boolean {
  return (
    error instanceof Error && /onnection|ECONN|terminat|shutting|starting up/.test(String(error))
  )
}
