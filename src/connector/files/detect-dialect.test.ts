import { expect, test } from 'vitest'
import { rowsOf } from '../testing/contract-system.ts'
import { aFolder } from './testing/a-folder.ts'

const cases: readonly (readonly [
  string,
  string | Uint8Array,
  string,
  readonly (string | null)[],
])[] = [
  ['commas', 'id,v\n1,x\n', 'CSV, ascii, delimiter ,, quote ", lines end with LF', ['1', 'x']],
  [
    'semicolons and commas',
    'id;v\r\n1;2,50\r\n',
    'delimiter ;, quote ", lines end with CRLF',
    ['1', '2,50'],
  ],
  ['tabs', 'id\tv\n1\ta b\n', 'delimiter tab', ['1', 'a b']],
  ['bars and old line ends', 'id|v\r1|x\r', 'delimiter |, quote ", lines end with CR', ['1', 'x']],
  ['an export without last line end', 'id,v\n1,x', 'lines end with LF', ['1', 'x']],
  ['single quotes', "id,v\n1,'a,b'\n", "quote '", ['1', 'a,b']],
  ['backslashes before quotes', 'id,v\n1,"a\\"b"\n', 'escaped by backslash', ['1', 'a"b']],
  ['backslashes that are only that', 'id,v\n1,"C:\\"\n', 'quote ",', ['1', 'C:\\']],
  ['empty and null', 'id,v\n1,\n', 'empty is null, "" is empty', ['1', null]],
  ['empty in quotes', 'id,v\n1,""\n', 'empty is null, "" is empty', ['1', '']],
  ['line ends in quotes', 'id,v\n1,"a\r\nb\n\tc"\n', 'lines end with LF', ['1', 'a\r\nb\n\tc']],
  ['empty lines', 'id,v\n\n1,x\n\n\n', 'lines end with LF', ['1', 'x']],
  ['UTF-8', 'id,v\n1,Zoë 客\n', 'CSV, utf-8,', ['1', 'Zoë 客']],
  ['UTF-8 with BOM', '\ufeffid,v\n1,é\n', 'CSV, utf-8 with BOM', ['1', 'é']],
  ['UTF-16', Buffer.from('\ufeffid,v\n1,é😀\n', 'utf16le'), 'utf-16le with BOM', ['1', 'é😀']],
  [
    'UTF-16 the other way',
    Buffer.from('\ufeffid,v\n1,é\n', 'utf16le').swap16(),
    'utf-16be with BOM',
    ['1', 'é'],
  ],
  [
    'windows-1252',
    Buffer.from('id,v\n1,M\xfcller \x80\n', 'latin1'),
    'CSV, windows-1252',
    ['1', 'Müller €'],
  ],
]

test.each(cases)('%s are seen, and said', async (_, content, remark, row) => {
  await using folder = aFolder({ 't.csv': content })
  expect(await folder.rows('t')).toEqual([row])
  expect(await folder.remarks('t')).toContain(remark)
})

test('what is declared is not looked for', async () => {
  const declared = {
    delimiter: ':',
    quote: 'none',
    header: ['id', 'v'],
    nullText: 'NULL',
    encoding: 'latin1',
  } as const
  const content = Buffer.from('1:"a\n2:NULL\n3:\n4:\x80\n', 'latin1')
  await using folder = aFolder({ 't.csv': content }, { t: declared })
  expect(await folder.rows('t')).toEqual([
    ['1', '"a'],
    ['2', null],
    ['3', ''],
    ['4', '\x80'],
  ])
  expect(await folder.remarks('t')).toContain('latin1, delimiter :, no quotes')
})

test('every character of windows-1252 is read and written back', async () => {
  const bytes = Array.from({ length: 128 }, (_, i) => 128 + i)
  const content = Buffer.concat([Buffer.from('id,v\n1,'), Buffer.from(bytes), Buffer.from('\n')])
  await using folder = aFolder({ 't.csv': content })
  const [[, text] = []] = await folder.rows('t')
  expect(text).toBe(new TextDecoder('windows-1252').decode(Uint8Array.from(bytes)))
  await folder.write((write) =>
    write.insertRows('t' as never, ['id', 'v'], rowsOf(['2', text ?? null])),
  )
  expect(folder.get('t.csv').subarray(content.length)).toEqual(
    Buffer.concat([Buffer.from('2,'), Buffer.from(bytes), Buffer.from('\n')]),
  )
})

test.each([
  ['connector.file-truncated', 'id,v\n1,x\n2,"cut o', 'record 2, the last one'],
  ['connector.file-truncated', 'id,v\n1,x\n2', '1 of 2 fields'],
  ['connector.file-truncated', 'id,v\n1,x\n2\n', '1 of 2 fields'],
  ['connector.file-invalid', 'id,v\n1\n2,x\n', '1 of 2 fields in record 1'],
  ['connector.file-invalid', 'id,v\n1,x,y\n', 'more fields than the header has in record 1'],
  ['connector.file-invalid', 'id,v\n1,x\n2,a"b\n', 'a quote or escape outside quotes in record 2'],
  ['connector.file-invalid', 'id,v\n1,"x"y\n', 'text after a closing quote in record 1'],
  [
    'connector.file-invalid',
    'id,v\n1,a\rb\n',
    'a line end outside quotes that is not like the first',
  ],
  ['connector.file-invalid', 'v\n1\rb\n', 'a line end outside quotes that is not like the first'],
  ['connector.file-invalid', 'id,\n1,x\n', 'no name for field 2'],
  ['connector.file-invalid', 'id,id\n1,x\n', 'field "id" twice'],
  ['connector.file-invalid', '', 'no header'],
])('%s is what becomes of %j', async (code, content, message) => {
  await using folder = aFolder({ 't.csv': content })
  await expect(folder.catalogue()).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

test('one broken byte does not make other text of UTF-8', async () => {
  const content = Buffer.concat([Buffer.from('id,v\n1,é\n2,é\n3,'), Buffer.from([0xe9, 0x0a])])
  await using folder = aFolder({ 't.csv': content })
  await expect(folder.catalogue()).rejects.toMatchObject({
    code: 'connector.file-invalid',
    message: expect.stringContaining('no UTF-8 among characters that are'),
  })
})

test.each([
  ['connector.file-truncated', '{"a":1}\n{"a":', 'broken JSON in record 2, the last one'],
  ['connector.file-truncated', '{"a":1}\n{"a":tr', 'record 2'],
  ['connector.file-invalid', '{"a":1}\n{"a":}\n', 'broken JSON in record 2'],
  ['connector.file-invalid', '{"a":01}\n', 'broken JSON'],
  ['connector.file-invalid', '{"a":1.}\n', 'broken JSON'],
  ['connector.file-invalid', '{"a":"\\x"}\n', 'broken JSON'],
  ['connector.file-invalid', '{"a":[1,}]}\n', 'broken JSON'],
  ['connector.file-invalid', '{"a":1,"a":2}\n', 'one name twice'],
  ['connector.file-invalid', '{"a":1,"\\u0061":2}\n', 'one name twice'],
  ['connector.file-invalid', '[1]\n', 'a line that is no object'],
  ['connector.file-invalid', '{"a":1} {"a":2}\n', 'text after the object'],
])('%s is what becomes of %s', async (code, content, message) => {
  await using folder = aFolder({ 't.jsonl': content })
  await expect(folder.catalogue()).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})

test('fields of JSON Lines have the type that all their values have', async () => {
  const lines = [
    '{"s":"x","n":1.0,"b":true,"opt":"x","mix":1,"nest":{"a":1},"both":null,"nul":null}',
    '{"s":null,"n":2e3,"b":null,"mix":"x","nest":[],"nul":null,"late":1}',
  ]
  await using folder = aFolder({ 't.ndjson': `${lines.join('\n')}\n` })
  const [entity] = (await folder.catalogue()).entities
  expect(Object.fromEntries(entity?.fields.map(({ name, type }) => [name, type]) ?? [])).toEqual({
    ...{ s: 'string', n: 'number', b: 'boolean', opt: 'string?', mix: 'json', nest: 'json' },
    ...{ both: 'json', nul: 'string', late: 'number?' },
  })
  expect(await folder.rows('t')).toEqual([
    ['x', '1.0', 'true', 'x', '1', '{"a":1}', 'null', null, null],
    [null, '2e3', null, null, '"x"', '[]', null, null, '1'],
  ])
})
