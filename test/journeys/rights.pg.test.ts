import { expect, test } from 'vitest'
import {
  describePostgres,
  type FreshDatabase,
  freshDatabase,
  newestMajor,
} from '#test/servers/fresh-database'
import { aTraveller, expectFailure } from './testing/traveller.ts'

describePostgres('rights', (major) => {
  const testOnce = test.runIf(major === newestMajor())

  testOnce('lost rights are never a deletion', async () => {
    const { answer, at, configure, holdfast, summary } = await aTraveller()
    await using source = await freshDatabase(major)
    await using reader = await aReader(source)
    await source.query(`
      create table customer (id int primary key, name text); create table "Bank data" (iban text);
      insert into customer select i, 'C' || i from generate_series(1, 9) i;
      insert into "Bank data" values ('DE1'); grant select on all tables in schema public to ${reader.role}`)
    const config = (more = '') =>
      configure(`sources:\n  erp: { connector: postgres, url: '${reader.url}'${more} }\n`)
    await config()
    await holdfast('init')
    await summary('backup')
    const points = await answer('points')

    await source.query(`revoke select on "Bank data" from ${reader.role}`)
    const run = await holdfast('backup')
    expectFailure(run, 1, 'capture.unreadable')
    expect(run.stderr).toContain(`GRANT SELECT ON TABLE "public"."Bank data" TO "${reader.role}";`)
    expect(run.stderr).toMatch(/^ *exclude: \['public\."Bank data"'\]$/m)
    expect(await answer('points')).toEqual(points)
    expect((await holdfast('verify', 'erp@1', '--against', 'erp')).exit, 'unproven').toBe(6)
    expect(await holdfast('diff', 'erp@1', 'erp@live')).toMatchObject({ exit: 1 })
    expect(await holdfast('source', 'check', 'erp')).toMatchObject({ exit: 1 })
    expect(await answer('show', 'erp@1', 'public.customer', '1')).toBeTruthy()

    // The printed line is what the file wants.
    await config(`, exclude: ['public."Bank data"']`)
    expect(await summary('backup')).toMatchObject({
      entities: [{ entity: 'public.customer', inserted: 0, deleted: 0 }],
    })
    // The printed statement is what the server wants.
    await config()
    const grant = /GRANT SELECT ON .*$/m.exec(run.stderr)?.[0] ?? ''
    await source.query(grant)
    expect(await summary('backup')).toMatchObject({
      entities: [{ entity: 'public."Bank data"', rows: 1 }, { entity: 'public.customer' }],
    })
    // A schema whose door is shut hides its tables' names from nobody who reads the catalogue.
    await source.query(`create schema vault; create table vault.gold (id int)`)
    expectFailure(await holdfast('backup'), 1, 'capture.unreadable')
    expect(at('vault')).toBeTruthy()
  })

  testOnce('a policy that hides rows is never a deletion', async () => {
    const { answer, configure, holdfast, summary } = await aTraveller()
    await using source = await freshDatabase(major)
    await using reader = await aReader(source)
    await source.query(`
      create table customer (id int primary key); insert into customer values (1), (2);
      grant select on customer to ${reader.role}`)
    await configure(`sources:\n  erp: { connector: postgres, url: '${reader.url}' }\n`)
    await holdfast('init')
    await summary('backup')
    await source.query(`
      alter table customer enable row level security;
      create policy one on customer for select to ${reader.role} using (id = 1)`)
    const run = await holdfast('backup')
    expectFailure(run, 1, 'capture.unreadable')
    expect(await answer('points')).toHaveLength(1)
  })

  testOnce('another system under the same name needs a word', async () => {
    const { answer, configure, holdfast, summary } = await aTraveller()
    await using source = await freshDatabase(major)
    await using other = await freshDatabase(major)
    for (const { query } of [source, other])
      await query(`create table customer (id int primary key); insert into customer values (1)`)
    const use = ({ url }: FreshDatabase) =>
      configure(`sources:\n  erp: { connector: postgres, url: '${url}' }\n`)
    await use(source)
    await holdfast('init')
    await summary('backup')
    await use(other)
    const run = await holdfast('backup')
    expectFailure(run, 5, 'capture.other-system')
    expect(run.stderr).toContain(source.name)
    expect(run.stderr).toContain(other.name)
    expect(await answer('points')).toHaveLength(1)
    await summary('backup', '--new-identity')
    await summary('backup')
    await use(source)
    expectFailure(await holdfast('backup'), 5, 'capture.other-system')
    expect(await answer('points')).toHaveLength(3)
  })
})

type Reader = AsyncDisposable & { readonly role: string; readonly url: string }

/** A role that may connect, and nothing else. */
async function aReader({ name, query, url }: FreshDatabase): Promise<Reader> {
  const role = `reader_${name}`
  await query(`create role ${role} login password 'reading'`)
  const address = new URL(url)
  address.username = role
  address.password = 'reading'
  return {
    role,
    url: address.href,
    async [Symbol.asyncDispose]() {
      await query(`drop owned by ${role}; drop role ${role}`)
    },
  }
}
