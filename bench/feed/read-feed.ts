/**
 * Reads a feed of PostgreSQL to a position and throws it away, as a process of its own, so that its
 * memory can be watched: `read-feed.ts URL FEED AFTER SYSTEM DATABASE UNTIL`. Prints what it read.
 */
import { postgresConnector } from '#connector/postgres/postgres-connector'
import { systemClock } from '#stdx/clock'
import { Secret } from '#stdx/secret'

const [, , url = '', name = '', after = '', system = '', database = '', until = ''] = process.argv
const { signal } = new AbortController()

await using source = await postgresConnector.openSource({
  address: new Secret(url),
  connectionsMax: 2,
  bytesPerSecondMax: 0,
  clock: systemClock,
  signal,
})
if (source.feed === undefined) throw new Error('PostgreSQL has a feed.')
await using cut = await source.openCut(signal)
const { entities } = await cut.readCatalogue(() => true)
const scope = { name, isCovered: () => true }
const position = { position: after, identity: { system, database } }
await using feed = await source.feed.open({ ...scope, after: position, entities }, signal)
let changes = 0
let bytes = 0
let transactions = 0
const startedAtMs = performance.now()
for await (const message of feed.read(signal)) {
  if (message.kind === 'changes') {
    changes += message.ops.length
    if (message.rows.kind === 'rows') bytes += message.rows.bytes.length
  }
  if (message.kind === 'commit') transactions += 1
  if (message.kind === 'commit' || message.kind === 'idle') {
    if (toLsn(message.position) >= toLsn(until)) break
  }
}
const readS = (performance.now() - startedAtMs) / 1000
process.stdout.write(`${JSON.stringify({ changes, transactions, bytes, readS })}\n`)

function toLsn(text: string): bigint {
  const [high = '', low = ''] = text.replace(/@.*/, '').split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}
