import { expect, test } from 'vitest'
import { freshFeedSystem } from '#connector/postgres/testing/feed-system'
import { describePostgres, freshDatabase, newestMajor } from '#test/servers/fresh-database'
import {
  aTraveller,
  expectFailure,
  HOLDFAST,
  runCommand,
  startCommand,
  type Traveller,
} from './testing/traveller.ts'
import { untilLine } from './testing/until-line.ts'

const TABLES = `create table invoice (id int primary key, amount numeric,
    made timestamptz default clock_timestamp());
  insert into invoice values (1, 10), (2, 20)`

type Cut = {
  readonly moment: string
  readonly skewMs: number
  readonly sources: readonly {
    readonly source: string
    readonly point: string
    readonly kind: string
    readonly skewMs: number
    readonly between: string
    readonly proven?: false
  }[]
}

describePostgres('business cuts', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('one label is one moment of sources that are followed, and of others', async () => {
    const traveller = await aTraveller()
    await using erp = await freshFeedSystem(major)
    await using crm = await freshFeedSystem(major)
    await using billing = await freshDatabase(major)
    for (const system of [erp, crm, billing]) await system.query(TABLES)
    await traveller.configure(`sources:
  erp: ${followed(erp)}
  crm: ${followed(crm)}
  billing: { connector: postgres, url: '${billing.url}' }
`)
    await traveller.holdfast('init')
    // Of these two one is followed while the cut is made; of the other the cut itself reads the feed.
    const follower = traveller.start('follow', 'erp', '--json')
    await untilLine(follower, ({ state }) => state === 'following')
    const begun = await traveller.holdfast('follow', 'crm', '--for', '1s')
    expect(begun, begun.stderr).toMatchObject({ exit: 0 })
    await crm.query('insert into invoice values (3, 30)')
    await crm.query('update invoice set amount = 31 where id = 3')
    // As applications do: the follower has something to tell.
    const cutting = traveller.start(
      'cut',
      '--label',
      'fy26-close',
      'erp',
      'crm',
      'billing',
      '--json',
    )
    for (let id = 100; cutting.child.exitCode === null && id < 140; id++) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await erp.query(`insert into invoice values (${id}, 1)`)
    }
    const run = await cutting.done
    expect(run, run.stderr).toMatchObject({ exit: 0 })
    const cut = JSON.parse(run.stdout) as Cut
    const [ofErp, ofCrm, ofBilling] = cut.sources
    expect(ofErp).toMatchObject({ source: 'erp', kind: 'followed', between: 'nothing' })
    expect(ofCrm).toMatchObject({ source: 'crm', kind: 'followed', between: 'nothing' })
    expect(ofBilling).toMatchObject({ source: 'billing', kind: 'scanned', between: 'included' })
    expect(cut.skewMs).toBe(ofBilling?.skewMs)
    for (const one of cut.sources) expect(one.proven).toBeUndefined()

    const amounts = await rowsOf(traveller, 'crm@fy26-close')
    expect(amounts).toEqual({ '1': '10', '2': '20', '3': '31' })
    const made = await erp.query(`select id from invoice where made <= '${cut.moment}' order by id`)
    const ids = Object.keys(await rowsOf(traveller, 'erp@fy26-close'))
    expect(ids).toEqual(made.map(({ id }) => String(id)))
    const again = await traveller.holdfast('cut', '--label', 'fy26-close', 'billing')
    expectFailure(again, 2, 'app.label-taken')
    follower.child.kill('SIGINT')
    expect(await follower.done).toMatchObject({ exit: 0 })
  })

  testOnce('a moment that is past means the last transaction before it', async () => {
    const traveller = await aTraveller()
    await using erp = await freshFeedSystem(major)
    await erp.query(TABLES)
    await traveller.configure(`sources:\n  erp: ${followed(erp)}\n`)
    await traveller.holdfast('init')
    await traveller.holdfast('follow', 'erp', '--for', '1s')
    await erp.query('insert into invoice values (3, 30)')
    const [row] = await erp.query(
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    )
    const at = String(row?.['at'])
    await erp.query('insert into invoice values (4, 40)')
    await erp.query('insert into invoice values (5, 50)')
    const cut = await traveller.answer<Cut>('cut', 'erp', '--label', 'before', '--at', at)
    expect(cut).toMatchObject({ moment: at, skewMs: 0, sources: [{ between: 'nothing' }] })
    expect(cut.sources[0]?.point).toMatch(/^erp@\d+\.1$/)
    expect(Object.keys(await rowsOf(traveller, 'erp@before'))).toEqual(['1', '2', '3'])
    const ahead = ['cut', 'erp', '--label', 'soon', '--at', '2999-01-01T00:00:00Z']
    expectFailure(await traveller.holdfast(...ahead), 2, 'app.moment-ahead')
    expectFailure(
      await traveller.holdfast('cut', 'erp', '--label', 'latest'),
      2,
      'app.label-invalid',
    )
    expectFailure(await traveller.holdfast('cut', 'hr', '--label', 'x'), 2, 'config.name-unknown')
  })

  testOnce('whoever may label may cut what others follow, also when nothing happens', async () => {
    const traveller = await aTraveller()
    await using erp = await freshFeedSystem(major)
    await erp.query(TABLES)
    const config = `sources:\n  erp: ${followed(erp)}\n`
    await traveller.configure(config.replace('follow: true', 'follow: { heartbeat: 1s }'))
    await traveller.holdfast('init')
    await traveller.holdfast('backup')
    await traveller.holdfast('key', 'split', '--out', 'keys')
    const keyFile = (name: string) => ({ HOLDFAST_KEY_FILE: traveller.at(`keys/${name}.key`) })
    const { HOLDFAST_PASSPHRASE: _, ...bare } = traveller.environment
    const own = { folder: traveller.folder, environment: { ...bare, ...keyFile('capture-erp') } }
    const follower = startCommand(HOLDFAST, ['follow', 'erp', '--json'], own)
    await untilLine(follower, ({ state }) => state === 'following')
    await erp.query('insert into invoice values (3, 30)')
    const argv = ['cut', '--label', 'close', 'erp', '--json']
    const keeper = { folder: traveller.folder, environment: { ...bare, ...keyFile('keeper') } }
    const run = await runCommand(HOLDFAST, argv, keeper)
    expect(run, run.stderr).toMatchObject({ exit: 0 })
    expect(JSON.parse(run.stdout)).toMatchObject({ skewMs: 0, sources: [{ between: 'nothing' }] })
    follower.child.kill('SIGINT')
    expect(await follower.done).toMatchObject({ exit: 0 })
  })

  testOnce('where one source cannot be had nothing is labelled', async () => {
    const traveller = await aTraveller()
    await using erp = await freshFeedSystem(major)
    await erp.query(TABLES)
    const lost = erp.url.replace(/:\d+\//, ':1/')
    await traveller.configure(
      `sources:\n  erp: ${followed(erp)}\n  gone: { connector: postgres, url: '${lost}' }\n`,
    )
    await traveller.holdfast('init')
    const failed = await traveller.holdfast('cut', '--label', 'close', 'erp', 'gone')
    expectFailure(failed, 20, 'connector.unreachable')
    const points = await traveller.answer<{ labels: string[] }[]>('points')
    expect(points.map(({ labels }) => labels)).toEqual([[]])
    await traveller.answer('cut', '--label', 'close', 'erp')
  })
})

function followed(system: { readonly url: string; readonly feedName: string }): string {
  return `{ connector: postgres, url: '${system.url}', follow: true, feedName: ${system.feedName} }`
}

/** Amounts by id. */
async function rowsOf(traveller: Traveller, point: string): Promise<Record<string, string>> {
  const run = await traveller.holdfast('export', point, 'public.invoice', '--format', 'jsonl')
  expect(run, run.stderr).toMatchObject({ exit: 0 })
  const rows = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return Object.fromEntries(rows.map(({ amount, id }) => [String(id), String(amount)]))
}
