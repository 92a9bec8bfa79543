import { expect, test } from 'vitest'
import { describePostgres, type FreshDatabase, freshDatabase } from '#test/servers/fresh-database'
import { EXAMPLE, readDatabase } from './testing/example-postgres.ts'
import { aTraveller, linesOf, type Traveller } from './testing/traveller.ts'

/** A default that calls a function, which a restore into an empty database cannot have. */
const LEFT_OUT = { t: 'quote', attname: 'tax' }

describePostgres('the journey', (major) => {
  test('a database is backed up, changed, looked back at and put back', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await using copy = await freshDatabase(major)
    await source.query(EXAMPLE)
    const { answer, answerWith, holdfast, summary } = traveller
    await configure(traveller, source, { copy })
    expect(await holdfast('init')).toMatchObject({ exit: 0 })
    expect(await summary('backup')).toMatchObject({
      entities: [
        { entity: '"Odd schema"."weird.name"', rows: 2 },
        { entity: 'public."Große Tabelle"', rows: 20 },
        { entity: 'public.bank', rows: 1 },
        { entity: 'public.contact', rows: 300 },
        { entity: 'public.customer', rows: 300 },
        { entity: 'public.invoice', rows: 50 },
        { entity: 'public.note', rows: 4 },
        { entity: 'public.nothing', rows: 0 },
        { entity: 'public.party', rows: 1 },
        { entity: 'public.quote', rows: 1 },
      ],
    })
    const before = await readDatabase(source)
    await source.query(`
      update customer set vat = 'XX9' where id <= 1004; delete from contact where id = 300;
      insert into note values ('2026-06-30', 'twice'); delete from invoice where id = 1;
      insert into invoice values (1, 2025, 7), (99, 2026, 9);
      update "Große Tabelle" set wert = 'wort' where "two" = 0`)
    expect((await summary<Summary>('backup')).entities.filter(isChanged)).toMatchObject([
      { entity: 'public."Große Tabelle"', inserted: 0, updated: 6, deleted: 0 },
      { entity: 'public.contact', inserted: 0, updated: 0, deleted: 1 },
      { entity: 'public.customer', inserted: 0, updated: 5, deleted: 0 },
      { entity: 'public.invoice', inserted: 2, updated: 0, deleted: 1 },
      { entity: 'public.note', inserted: 1, updated: 0, deleted: 0 },
    ])
    const diff = await holdfast('diff', 'erp@1', 'erp@2', '--json')
    expect(diff.exit, diff.stderr).toBe(4)
    expect(linesOf(diff).at(-1)).toMatchObject({ inserted: 3, updated: 11, deleted: 2 })
    expect(await answer('show', 'erp@1', 'public."Große Tabelle"', '0,"k,""3:"')).toMatchObject({
      fields: { 'Schlüssel "eins"': 'k,"3:', two: '0', wert: null },
    })
    expect(await answer('history', 'erp', 'public.customer', '1003')).toMatchObject({
      versions: [
        { op: 'update', changed: ['vat'], fields: { vat: 'XX9', credit: '(4.0000000004,EUR)' } },
        { op: 'insert', fields: { vat: 'DE4' } },
      ],
    })
    expect(await holdfast('diff', 'erp@latest', 'erp@live')).toMatchObject({ exit: 0 })

    const plan = await answer<Plan>('restore', 'erp@1', '--to', 'copy', '--plan-only')
    const named = plan.notRestored.map(({ kind, name }) => `${kind} ${name}`).join('\n')
    for (const name of ['tax', 'touch', 'touched', 'good_customer']) expect(named).toContain(name)
    expect(await copy.query(`select 1 from pg_class where relname = 'customer'`)).toEqual([])
    const restored = await summary<Restored>('restore', 'erp@1', '--to', 'copy', '--yes')
    expect(restored).toMatchObject({ verified: { records: 679, different: 0 }, extra: 0 })
    expect(restored.leftOut.map(({ name }) => name).join()).toContain('quote')
    expect(await readDatabase(copy)).toEqual(withoutDefault(before))
    expect(await answer('verify', 'erp@1', '--against', 'copy')).toMatchObject({ verdict: 'same' })
    expect(await answerWith(4, 'verify', 'erp@2', '--against', 'copy')).toBeTruthy()
    // Numbering goes on where it stood.
    const inserted = `insert into customer (name) values ('next') returning id`
    expect(await copy.query(inserted)).toEqual([{ id: '1300' }])
    expect(
      await copy.query(`insert into contact (customer_id) values (1300) returning id`),
    ).toEqual([{ id: 301 }])
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  })

  test('a living database gets back what was lost, cycles and triggers included', async () => {
    const traveller = await aTraveller()
    await using source = await freshDatabase(major)
    await using copy = await freshDatabase(major)
    await source.query(EXAMPLE)
    await copy.query(EXAMPLE)
    const { answer, summary } = traveller
    await configure(traveller, source, { copy })
    await traveller.holdfast('init')
    await summary('backup')
    const wanted = await readDatabase(source)
    await copy.query(`
      update customer set main_contact = null where id <= 1010;
      delete from contact where customer_id <= 1010; delete from customer where id <= 1010;
      update customer set vat = 'XX1', tags = '{}' where id between 1011 and 1030;
      update contact set mail = id + 1 || '@swap' where id between 100 and 110;
      delete from note where ctid = (select min(ctid) from note);
      insert into note values (null, 'added'); delete from invoice where year = 2026;
      insert into invoice values (77, 2025, 0); delete from party where id = 1`)
    const argv = ['restore', 'erp@1', '--to', 'copy', '--confirm', 'copy']
    expect(await summary(...argv)).toMatchObject({
      extra: 2,
      deleted: 0,
      verified: { different: 0 },
    })
    expect(await summary(...argv, '--delete-added')).toMatchObject({ extra: 0, deleted: 2 })
    expect(await readDatabase(copy)).toEqual(wanted)
    expect(await answer('verify', 'erp@1', '--against', 'copy')).toMatchObject({ verdict: 'same' })
    await copy.query(`update customer set vat = 'XX1', name = 'gone' where id = 1020`)
    await summary(...argv, '--field', 'public.customer:1020:vat')
    expect(await copy.query(`select vat, name from customer where id = 1020`)).toEqual([
      { vat: 'DE21', name: 'gone' },
    ])
    await summary(...argv, '--record', 'public.customer:1020')
    expect(await readDatabase(copy)).toEqual(wanted)
  })
})

type Summary = { readonly entities: readonly Record<'inserted' | 'updated' | 'deleted', number>[] }
type Plan = { readonly notRestored: readonly { readonly kind: string; readonly name: string }[] }
type Restored = { readonly leftOut: readonly { readonly name: string }[] }

function isChanged(one: Summary['entities'][number]): boolean {
  return one.inserted + one.updated + one.deleted > 0
}

async function configure(
  { configure: write }: Traveller,
  source: FreshDatabase,
  targets: Record<string, FreshDatabase>,
): Promise<void> {
  const lines = Object.entries(targets).map(([name, { url }]) => `  ${name}: ${systemAt(url)}\n`)
  await write(`sources:\n  erp: ${systemAt(source.url)}\ntargets:\n${lines.join('')}`)
}

function systemAt(url: string): string {
  return `{ connector: postgres, url: '${url}' }`
}

function withoutDefault(database: Record<string, unknown>): unknown {
  const { fields, ...shape } = database['shape'] as Record<string, Record<string, unknown>[]>
  const kept = fields?.map((field) =>
    field['t'] === LEFT_OUT.t && field['attname'] === LEFT_OUT.attname
      ? { ...field, value: null }
      : field,
  )
  return { ...database, shape: { ...shape, fields: kept } }
}
