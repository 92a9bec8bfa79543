import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freshFeedSystem } from '#connector/postgres/testing/feed-system'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import {
  aTraveller,
  expectFailure,
  HOLDFAST,
  linesOf,
  type Run,
  type Running,
  runCommand,
  startCommand,
  type Traveller,
} from './testing/traveller.ts'

const TABLES = `
  create table customer (id int primary key, name text not null, vat text);
  create table invoice (id int primary key, customer_id int references customer, amount numeric);
  insert into customer select i, 'C' || i, null from generate_series(1, 50) i`

describePostgres('following', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce(
    'capture credentials alone keep a vault seconds behind, to the transaction',
    async () => {
      const traveller = await aTraveller()
      await using system = await freshFeedSystem(major)
      await using copy = await freshDatabase(major)
      await system.query(TABLES)
      await traveller.configure(configOf(system, copy.url))
      expect(await traveller.holdfast('init')).toMatchObject({ exit: 0 })
      expect(await traveller.summary('backup')).toMatchObject({ point: 'erp@1' })
      expect(await traveller.holdfast('key', 'split', '--out', 'keys')).toMatchObject({ exit: 0 })
      const capture = holderOf(traveller, 'capture-erp')

      const first = capture.start('follow', 'erp', '--json')
      await until(first, ({ type }) => type === 'scan')
      await system.query(`begin; insert into customer values (51, 'new', 'DE1');
      insert into invoice values (1, 51, 10.50); commit`)
      await system.query(`update customer set vat = 'DE2' where id <= 10`)
      await system.query(`delete from customer where id between 11 and 20`)
      let told = 0
      await until(first, ({ type, transactions }) => {
        if (type === 'commit') told += Number(transactions)
        return told === 3
      })
      first.child.kill('SIGINT')
      expect(await first.done).toMatchObject({ exit: 0 })

      // What is committed while nobody follows is not lost either.
      await system.query(`update customer set name = 'wrong'`)
      const second = capture.start('follow', '--for', '5s', '--json')
      const run = await second.done
      expect(run, run.stderr).toMatchObject({ exit: 0 })
      expect(linesOf(run).at(-1)).toMatchObject({ type: 'summary', transactions: 1, changes: 41 })

      const restore = holderOf(traveller, 'restore')
      const points = JSON.parse((await restore.done('points', '--json')).stdout)
      const ofFeed = points.filter(({ kind }: { kind: string }) => kind === 'feed')
      const transactions = ofFeed.map((point: { transactions: number }) => point.transactions)
      expect(transactions.reduce((sum: number, n: number) => sum + n, 0)).toBe(4)
      for (const { lagMs } of ofFeed) expect(lagMs).toBeLessThan(30_000)
      const list = await restore.done('points', 'erp')
      expect(list.stdout).toMatch(/TRANSACTIONS +LAG/)
      const last = ofFeed.at(-1)?.point
      const wrong = JSON.parse(
        (await restore.done('show', last, 'public.customer', '1', '--json')).stdout,
      )
      expect(wrong).toMatchObject({ fields: { name: 'wrong', vat: 'DE2' } })
      const before = ofFeed.at(-2)?.point
      await restore.done('restore', before, '--to', 'copy', '--yes')
      const sums = `select count(*)::int as rows, count(vat)::int as vats, count(*) filter (where name = 'wrong')::int as wrong from customer`
      expect(await copy.query(sums)).toEqual([{ rows: 41, vats: 11, wrong: 0 }])
      expect((await restore.run('verify', last, '--against', 'erp')).exit).toBe(0)
      expect((await restore.run('check', '--read-data')).exit).toBe(0)
    },
  )

  testOnce('one follower wins, the other says so; giving up leaves nothing behind', async () => {
    const traveller = await aTraveller()
    await using system = await freshFeedSystem(major)
    await system.query(TABLES)
    await traveller.configure(configOf(system, system.url))
    await traveller.holdfast('init')
    const follower = traveller.start('follow', 'erp', '--json')
    await until(follower, ({ state }) => state === 'following')
    expectFailure(await traveller.holdfast('follow', 'erp'), 11, 'connector.feed-busy')
    expectFailure(await traveller.holdfast('reconcile', 'erp'), 11, 'connector.feed-busy')
    follower.child.kill('SIGTERM')
    expect(await follower.done).toMatchObject({ exit: 0 })

    const reconciled = linesOf(await traveller.holdfast('reconcile', 'erp', '--json'))
    expect(reconciled).toContainEqual(expect.objectContaining({ type: 'scan', repairs: 0 }))
    expectFailure(
      await traveller.holdfast('follow', 'erp', '--drop', '--no-input'),
      2,
      'cli.confirmation-missing',
    )
    const drop = ['follow', 'erp', '--drop', '--confirm', 'erp']
    expect(await traveller.holdfast(...drop)).toMatchObject({ exit: 0 })
    const left = `select slot_name as name from pg_replication_slots where database = current_database()
      union all select pubname from pg_publication`
    expect(await system.query(left)).toEqual([])
    expect(await traveller.summary('backup', 'erp')).toMatchObject({ type: 'summary' })
    expectFailure(await traveller.holdfast('reconcile', 'erp'), 2, 'capture.not-followed')
  })

  testOnce('sources are followed side by side, whatever becomes of one', async () => {
    const traveller = await aTraveller()
    await using erp = await freshFeedSystem(major)
    await using billing = await freshFeedSystem(major)
    for (const system of [erp, billing]) await system.query(TABLES)
    const gone = erp.url.replace(/:\d+\//, ':1/')
    await traveller.configure(`sources:
  erp: { connector: postgres, url: '${erp.url}', follow: { reconcile: false }, feedName: ${erp.feedName} }
  billing: { connector: postgres, url: '${billing.url}', follow: true, feedName: ${billing.feedName} }
  crm: { connector: postgres, url: '${gone}', follow: true }\n`)
    await traveller.holdfast('init')
    const follower = traveller.start('follow', '--json')
    const failing = until(follower, ({ code }) => code === 'connector.unreachable')
    const are = (wanted: string) =>
      Promise.all(
        ['erp', 'billing'].map((name) =>
          until(follower, ({ source, state, type }) => {
            return source === name && (state === wanted || type === wanted)
          }),
        ),
      )
    await are('following')
    const committed = are('commit')
    for (const system of [erp, billing]) {
      await system.query(`insert into customer values (100, 'of both', null)`)
    }
    await committed
    await failing
    follower.child.kill('SIGINT')
    const run = await follower.done
    const summaries = linesOf(run).filter(({ type }) => type === 'summary')
    expect(summaries.map(({ source }) => source)).toEqual(['erp', 'billing'])
    for (const source of ['erp', 'billing']) {
      const show = ['show', `${source}@latest`, 'public.customer', '100']
      expect(await traveller.answer(...show)).toMatchObject({ fields: { name: 'of both' } })
    }
  })

  testOnce(
    'a follower that is killed during its first scan leaves nothing in its way',
    async () => {
      const traveller = await aTraveller()
      await using system = await freshFeedSystem(major)
      await system.query(TABLES)
      await system.query(`update customer set name = repeat(md5(random()::text), 1000)`)
      const config = configOf(system, system.url)
      await traveller.configure(config.replace('follow:', 'bytesPerSecondMax: 50000, follow:'))
      await traveller.holdfast('init')
      const killed = traveller.start('follow', 'erp', '--json')
      await waitForSlot(system)
      killed.child.kill('SIGKILL')
      await killed.done
      await traveller.configure(config)
      const next = traveller.start('follow', 'erp', '--for', '2s', '--json')
      const run = await next.done
      expect(run, run.stderr).toMatchObject({ exit: 0 })
      expect(await traveller.answer('points', 'erp')).toHaveLength(1)

      // Somebody else's is not taken: nothing says that it is ours.
      const other = await aTraveller()
      await other.configure(config)
      await other.holdfast('init')
      expectFailure(await other.holdfast('follow', 'erp'), 1, 'connector.feed-exists')
    },
  )

  testOnce('what stands in the way is said with its remedy', async () => {
    const traveller = await aTraveller()
    await using system = await freshFeedSystem(major)
    await system.query(TABLES)
    await traveller.configure(`sources:\n  erp: { connector: postgres, url: '${system.url}' }\n`)
    await traveller.holdfast('init')
    expectFailure(await traveller.holdfast('follow', 'erp'), 2, 'app.follow-off')
    expectFailure(await traveller.holdfast('follow'), 2, 'cli.usage')
    expectFailure(await traveller.holdfast('follow', 'crm'), 2, 'config.name-unknown')
    await traveller.configure(configOf(system, system.url).replace(/:\d+\//, ':1/'))
    expectFailure(await traveller.holdfast('follow', 'erp'), 20, 'connector.unreachable')
  })
})

function configOf(system: { url: string; feedName: string }, copy: string): string {
  return `sources:
  erp: { connector: postgres, url: '${system.url}', follow: true, feedName: ${system.feedName} }
targets:
  copy: { connector: postgres, url: '${copy}' }
`
}

/** Whoever holds one credential file, and nothing else. */
function holderOf({ at, environment, folder }: Traveller, file: string) {
  const { HOLDFAST_PASSPHRASE: _, ...bare } = environment
  const own = { folder, environment: { ...bare, HOLDFAST_KEY_FILE: at(`keys/${file}.key`) } }
  const run = (...argv: string[]): Promise<Run> => runCommand(HOLDFAST, argv, own)
  return {
    run,
    start: (...argv: string[]): Running => startCommand(HOLDFAST, argv, own),
    async done(...argv: string[]): Promise<Run> {
      const ended = await run(...argv)
      expect({ argv, exit: ended.exit, stderr: ended.stderr }).toMatchObject({ exit: 0 })
      return ended
    },
  }
}

/** Waits until a feed has begun: its scan may be going on. */
async function waitForSlot(system: Pick<FreshDatabase, 'query'>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const slots = await system.query(`select 1 from pg_replication_slots
      where database = current_database() and not active`)
    if (slots.length > 0) return
    await sleep(50)
  }
  throw new Error('No feed has begun.')
}

type Line = { readonly type: string; readonly [name: string]: unknown }

/** Waits until a run has printed such a line. */
async function until(running: Running, isIt: (line: Line) => boolean): Promise<void> {
  const found = Promise.withResolvers<void>()
  let text = ''
  running.child.stdout?.on('data', (more: string) => {
    text += more
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    if (lines.some((line) => line !== '' && isIt(JSON.parse(line)))) found.resolve()
  })
  const ended = running.done.then(({ exit, stderr }) => {
    throw new Error(`The run ended with ${exit} before that: ${stderr}`)
  })
  await Promise.race([found.promise, ended])
}
