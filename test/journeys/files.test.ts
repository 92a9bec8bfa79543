import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { aTraveller, expectFailure, lastLine } from './testing/traveller.ts'

const CONFIG = `
sources:
  crm:
    connector: files
    folder: ./exports
    entities: { 'orders': { key: [no] } }
targets:
  back: { connector: files, folder: ./back }
`

const customers = (count: number) =>
  Array.from({ length: count }, (_, i) => `${i};"Müller; ${i}";${i % 3 ? 'Köln' : ''};""\r\n`).join(
    '',
  )
const CUSTOMERS = `id;name;city;note\r\n${customers(200)}`
const ORDERS = [
  '{"no":1,"total":10.50,"paid":true,"lines":[{"sku":"a","qty":1.0}]}',
  '{"no":2,"total":12345678901234567890.01,"paid":null,"memo":"x"}',
  '{"no":3,"total":-0,"paid":false,"memo":"\\u00e4"}',
].join('\n')

test('exports are backed up, refused when they went wrong, and restored as files', async () => {
  const { answer, answerWith, at, configure, holdfast, summary } = await aTraveller()
  await configure(CONFIG)
  await mkdir(at('exports/logs'), { recursive: true })
  await writeFile(at('exports/customers.csv'), Buffer.from(CUSTOMERS, 'latin1'))
  await writeFile(at('exports/orders.jsonl'), `${ORDERS}\n`)
  await writeFile(at('exports/logs/1.tsv'), 'at\tsaid\n1\ta\n1\ta\n')
  await writeFile(at('exports/logs/2.tsv'), 'at\tsaid\n1\t\n')
  await writeFile(at('exports/readme.txt'), 'not captured')
  expect(await holdfast('init')).toMatchObject({ exit: 0 })

  const check = await answer<{ entities: Record<string, unknown>[] }>('source', 'check', 'crm')
  expect(check).toMatchObject({ verdict: 'ready', rowsAbout: 206 })
  expect(check.entities).toMatchObject([
    {
      entity: 'customers',
      key: ['id'],
      remarks: [
        expect.stringContaining('windows-1252, delimiter ;, quote ", lines end with CRLF'),
        expect.stringContaining('key id, found'),
      ],
    },
    {
      entity: 'logs',
      key: [],
      remarks: [expect.stringContaining('2 parts: CSV'), expect.stringContaining('no key')],
    },
    {
      entity: 'orders',
      key: ['no'],
      remarks: [expect.stringContaining('JSON Lines'), 'key no, as declared'],
    },
  ])
  const discovered = await holdfast('source', 'discover', 'crm')
  expect(discovered.stdout).toContain('customers: key id, found: in 200 records')

  const first = await summary<{ point: string }>('backup', 'crm')
  expect(first).toMatchObject({ entities: [{ rows: 200 }, { rows: 3 }, { rows: 3 }] })
  const changed = CUSTOMERS.replace('Müller; 7"', 'Maier"').replace('5;"Müller; 5";Köln;""\r\n', '')
  await writeFile(at('exports/customers.csv'), Buffer.from(changed, 'latin1'))
  expect(await summary('backup', 'crm')).toMatchObject({
    entities: [{ entity: 'customers', updated: 1, deleted: 1, inserted: 0 }, {}, {}],
  })
  expect(await answer('show', first.point, 'customers', '7')).toMatchObject({
    fields: { id: '7', name: 'Müller; 7', city: 'Köln', note: '' },
  })
  expect(await answer('show', first.point, 'orders', '2')).toMatchObject({
    fields: { total: '12345678901234567890.01', paid: null, lines: null, memo: 'x' },
  })

  // What an export does that fails half-way, each time with nothing recorded.
  const points = await answer<unknown[]>('points')
  for (const [file, content, code] of [
    ['customers.csv', changed.slice(0, 900), 'connector.file-truncated'],
    ['customers.csv', `id;name;city;note\r\n${customers(20)}`, 'capture.doubtful'],
    ['customers.csv', changed.replace('city', 'town'), 'capture.doubtful'],
    ['customers.csv', changed.trimEnd(), 'capture.doubtful'],
    ['orders.jsonl', '', 'capture.doubtful'],
    ['orders.jsonl', null, 'capture.doubtful'],
  ] as const) {
    const good = await readFile(at(`exports/${file}`))
    if (content === null) await rm(at(`exports/${file}`))
    else await writeFile(at(`exports/${file}`), Buffer.from(content, 'latin1'))
    expectFailure(await holdfast('backup', 'crm'), 5, code)
    await writeFile(at(`exports/${file}`), good)
  }
  expect(await answer('points')).toEqual(points)
  await rm(at('exports/orders.jsonl'))
  const told = await holdfast('backup', 'crm')
  expect(told.stderr).toContain("holdfast backup crm --accept 'orders'")
  const accepted = await holdfast('backup', 'crm', '--accept', 'orders', '--json')
  expect(lastLine(accepted)).toMatchObject({
    entities: [{ entity: 'customers' }, { entity: 'logs' }],
  })

  // The first point as files that an import takes: of the same text where its order was the key's.
  expect(await summary('restore', first.point, '--to', 'back', '--yes')).toMatchObject({
    inserted: 206,
    verified: { records: 206, different: 0 },
  })
  expect((await readdir(at('back'))).sort()).toEqual(['customers.csv', 'logs.csv', 'orders.jsonl'])
  const back = await readFile(at('back/customers.csv'), 'latin1')
  expect(back.split('\r\n').sort()).toEqual(CUSTOMERS.split('\r\n').sort())
  expect(await readFile(at('back/orders.jsonl'), 'utf8')).toBe(
    `${ORDERS.replace('\\u00e4', 'ä')}\n`,
  )
  expect(await answer('verify', first.point, '--against', 'back')).toMatchObject({
    verdict: 'same',
  })

  // Into a folder with files: only what was asked for, and only when its name is said.
  await writeFile(
    at('back/customers.csv'),
    back.replace('"Müller; 9"', '"gone"').replace('"Müller; 8"', '"gone"'),
    'latin1',
  )
  expect(await answerWith(4, 'verify', first.point, '--against', 'back')).toMatchObject({
    verdict: 'differs',
  })
  const one = ['restore', first.point, '--to', 'back', '--record', 'customers:9']
  expectFailure(await holdfast(...one, '--yes'), 2, 'cli.confirmation-missing')
  expect(await summary(...one, '--confirm', 'back')).toMatchObject({ updated: 1 })
  expect(await readFile(at('back/customers.csv'), 'latin1')).toBe(
    back.replace('"Müller; 8"', '"gone"'),
  )
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
})
