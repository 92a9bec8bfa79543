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
      await follow('1s')
      for (const sql of MORNING) await system.query(sql)
      await follow('4s')
      for (const block of await readBlocks()) {
        if (block.kind === 'sql') {
          await system.query(block.text)
          continue
        }
        const { stderr, stdout } = await traveller.holdfast(...block.argv)
        const printed = normalise(`${stderr}${stdout}`)
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
      await follow('4s')
      const { versions } = await traveller.answer<{ versions: { op: string }[] }>(
        'history',
        ...['erp', 'public.customer', '3'],
      )
      expect(versions.map(({ op }) => op)).toEqual(['insert', 'delete', 'insert'])
    },
  )
})

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
    .replaceAll(/erp@\d+/g, 'erp@N')
    .replaceAll(/[0-9a-f]{64}/g, 'HASH')
    .replaceAll(/in [\d.]+ m?s/g, 'in D')
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
}
