import { expect, test } from 'vitest'
import { aFolder } from './testing/a-folder.ts'

const TEN = `id,name,city\n${Array.from({ length: 10 }, (_, i) => `${i},n${i},Köln\n`).join('')}`
const rowsLike = (count: number) =>
  TEN.split('\n')
    .slice(0, count + 1)
    .join('\n')

test.each([
  ['nothing', TEN, []],
  ['half of the records', `${rowsLike(5)}\n`, []],
  ['fewer', `${rowsLike(4)}\n`, ['t: 4 records, there were 10']],
  [
    'no line end at its end',
    rowsLike(10),
    ['t: no line end after its last record, as if the rest were cut off'],
  ],
  [
    'a field fewer',
    TEN.replaceAll(/,Köln|,city/g, ''),
    ['t: no field city any more, dropped or renamed'],
  ],
  ['a field more', TEN.replaceAll(/(city|Köln)\n/g, '$1,x\n'), []],
  ['another encoding', Buffer.from(TEN, 'latin1'), ['t: windows-1252 text, it was utf-8']],
  [
    'no key',
    `${TEN}1,n1,Ulm\n`,
    ['t: records are told apart by nothing, it was id; declare the key'],
  ],
  [
    'other quotes',
    TEN.replaceAll('Köln', '"K\\"öln"'),
    [expect.stringContaining('t: quotes " escaped by a backslash')],
  ],
])('of a file that has %s is said so', async (_, content, doubts) => {
  await using folder = aFolder({ 't.csv': TEN })
  const before = await folder.catalogue()
  folder.put('t.csv', content)
  expect(await folder.doubts(before, 10)).toEqual(doubts)
})

test('a file that is gone is no deletion', async () => {
  await using folder = aFolder({ 'a.csv': TEN, 'b/1.csv': TEN })
  const before = await folder.catalogue()
  const { rmSync } = await import('node:fs')
  rmSync(`${folder.folder}/b`, { recursive: true })
  expect(await folder.doubts(before, 10)).toEqual(['b: its file is gone, it held 10 records'])
})

test('a declared entity that no file is of may be misspelt', async () => {
  await using folder = aFolder({ 'customers.csv': TEN }, { customer: { key: ['id'] } })
  const found = 'no file of an entity that the configuration declares'
  expect(await folder.doubts(await folder.catalogue(), 10)).toEqual([`customer: ${found}`])
})

test('how much shorter a file may be is said for all, or for one', async () => {
  await using strict = aFolder({ 't.csv': TEN }, { t: { rowsKeptMin: 1 } })
  const before = await strict.catalogue()
  strict.put('t.csv', `${rowsLike(9)}\n`)
  expect(await strict.doubts(before, 10)).toEqual(['t: 9 records, there were 10'])
  await using lax = aFolder({ 't.csv': 'id,name,city\n' }, { t: { rowsKeptMin: 0 } })
  expect(await lax.doubts(before, 10)).toEqual([])
})

test('a key is found where a field is named like one, and is proposed elsewhere', async () => {
  await using folder = aFolder({
    'customers.csv': 'name,customer_id,id\na,1,1\nb,1,2\n',
    'people.csv': 'mail,name\na@x,Ann\nb@x,Ann\n',
    'lines.csv': 'order_id,line,text\n1,1,a\n1,2,a\n2,1,\n',
    'logs.csv': 'at,said\n1,a\n1,a\n',
    'gaps.csv': 'id,v\n,a\n1,b\n',
  })
  const { entities } = await folder.catalogue()
  expect(entities.map(({ entity, key }) => [entity, key?.fields ?? []])).toEqual([
    ['customers', ['id']],
    ['gaps', []],
    ['lines', ['order_id', 'line']],
    ['logs', []],
    ['people', []],
  ])
  expect(await folder.remarks('customers')).toContain(
    'key id, found: in 2 records it is never null',
  )
  expect(await folder.remarks('people')).toContain('as far as was looked: mail')
  expect(await folder.remarks('logs')).toContain(
    'no field is never null and nowhere the same twice',
  )
})

test.each([
  [['mail'], 'no field "mail"'],
  [['name'], 'its value a second time in record 3'],
  [['city'], 'it null in record 2'],
])('the declared key %j identifies nothing', async (key, found) => {
  const content = 'id,name,city\n1,Ann,Ulm\n2,Bob,\n3,Ann,Ulm\n'
  await using folder = aFolder({ 't.csv': content }, { t: { key } })
  await expect(folder.catalogue()).rejects.toMatchObject({
    code: 'connector.key-invalid',
    message: expect.stringContaining(found),
  })
})
