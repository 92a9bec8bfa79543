import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { aTraveller } from './testing/traveller.ts'

const GUIDE = new URL('../../docs/guides/undo-a-transaction.md', import.meta.url)

const TABLES = `
  create table customer (id int primary key, name text not null, terms text, iban text);
  create table address (id int primary key, customer_id int references customer, city text);
  insert into customer values (1, 'Ada', '30d', 'DE11'), (2, 'Bob', '30d', 'DE22'),
    (3, 'Cy', '14d', 'DE33'), (4, 'Dot', '30d', null);
  insert into address values (10, 1, 'Bonn'), (20, 2, 'Ulm'), (30, 3, 'Kiel')`

/** The second is an import that went wrong. */
const MORNING = [
  `insert into customer values (5, 'Eve', '30d', 'DE55')`,
  `update customer set terms = '0d', iban = null where id in (1, 2);
   delete from address where id = 30; delete from customer where id = 3`,
  `update customer set name = 'Ada Lovelace' where id = 1`,
]

describePostgres('undoing a transaction', (major) => {
  test.runIf(major === newestMajor())(
    'the guide prints what it says, from a real feed',
    async () => {
      const traveller = await aTraveller()
      await using system = await freshFeedSystem(major)
      await system.query(TABLES)
      await traveller.configure(`sources:
  erp: { connector: postgres, url: '${system.url}', follow: true, feedName: ${system.feedName} }
targets:
  erp-live: { connector: postgres, url: '${system.url}' }
`)
      const follow = async (duration: string) =>
        expect(await traveller.holdfast('follow', '--for', duration)).toMatchObject({ exit: 0 })
      expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
      const list = async () => {
        const told = await traveller.answer<{ point: string }[]>('points', '--transactions')
        return told.map(({ point }) => point).reverse()
      }
      const versionsOf = async (key: string) => {
        const asked = ['history', 'erp', 'public.customer', key]
        return (await traveller.answer<{ versions: { op: string }[] }>(...asked)).versions
      }
      // A busy machine takes a while, and may put what happened into two entries.
      await follow('1s')
      while ((await traveller.answer<unknown[]>('points')).length === 0) await follow('3s')
      for (const sql of MORNING) await system.query(sql)
      while ((await list()).length < MORNING.length) await follow('3s')
      const addresses = await list()
      for (const block of await readBlocks()) {
        if (block.kind === 'sql') {
          await system.query(block.text)
          continue
        }
        const argv = block.argv.map((one) => addresses[GUIDE_ADDRESSES.indexOf(one)] ?? one)
        const { stderr, stdout } = await traveller.holdfast(...argv)
        const printed = normalise(asInGuide(`${stderr}${stdout}`, addresses))
        const wanted = normalise(block.printed)
        const found = printed.filter((line) => wanted.includes(line))
        expect(found, `${block.argv.join(' ')}\n${stderr}${stdout}`).toEqual(wanted)
      }
      const customers = await system.query('select * from customer order by id')
      expect(customers.map((row) => Object.values(row).join('|'))).toEqual([
        '1|Ada Lovelace|30d|DE11',
        '2|Bob|7d|',
        '3|Cy|14d|DE33',
        '4|Dot|30d|',
        '5|Eve|30d|DE55',
      ])
      // What was undone is history, and so is that it was.
      while ((await versionsOf('3')).length < 3) await follow('3s')
      const versions = await versionsOf('3')
      expect(versions.map(({ op }) => op)).toEqual(['insert', 'delete', 'insert'])
    },
  )
})

/** Of the three transactions, in the guide. */
const GUIDE_ADDRESSES = ['erp@2.1', 'erp@2.2', 'erp@2.3']

function asInGuide(text: string, addresses: readonly string[]): string {
  return text.replaceAll(/erp@\d+\.\d+/g, (address) => {
    return GUIDE_ADDRESSES[addresses.indexOf(address)] ?? address
  })
}

type Block =
  | { readonly kind: 'sql'; readonly text: string }
  | { readonly kind: 'command'; readonly argv: readonly string[]; readonly printed: string }

/** What a reader would type, in order, and what the guide says is printed. */
async function readBlocks(): Promise<Block[]> {
  const guide = await readFile(GUIDE, 'utf8')
  return [...guide.matchAll(/```(sql|console)\n([\s\S]*?)```/g)].map(
    ([, kind, text = '']): Block => {
      if (kind === 'sql') return { kind, text }
      const [command = '', ...printed] = text.replaceAll('\\\n', '').split('\n')
      const argv = command.trim().split(/\s+/).slice(2)
      return { kind: 'command', argv, printed: printed.join('\n') }
    },
  )
}

/** Lines without what is another each time: moments, names of transactions, hashes, durations. */
function normalise(text: string): string[] {
  return text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC/g, 'TIME')
    .replaceAll(/TIME +\d+/g, 'TIME X')
    .replaceAll(/transaction \d+/g, 'transaction X')
    .replaceAll(/[0-9a-f]{64}/g, 'HASH')
    .replaceAll(/in [\d.]+ m?s/g, 'in D')
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
}
