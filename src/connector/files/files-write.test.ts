import { existsSync, readdirSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EntityName } from '#record/entity-name'
import { findEntity, optionsFor, readRows, rowsOf } from '../testing/contract-system.ts'
import { NO_SETTINGS } from './settings.ts'
import { aFolder, connectorOf, never } from './testing/a-folder.ts'

const t = 't' as EntityName
const fields = ['id', 'v']

test('what nothing is done to keeps its bytes', async () => {
  const before = Buffer.from('id;v\r\n1;"Müller"\r\n\r\n2;\'x\'\r\n"3";""\r\n4;', 'latin1')
  await using folder = aFolder({ 't.csv': before, 'other.csv': 'id\n1\n' })
  await folder.write(async (write) => {
    await write.updateRows(t, { key: ['id'], fields, rows: rowsOf(['2', 'a;ß']) })
    await write.insertRows(t, fields, rowsOf(['5', null], ['6', '']))
  })
  expect(folder.get('t.csv').toString('latin1')).toBe(
    'id;v\r\n1;"Müller"\r\n\r\n2;"a;ß"\r\n"3";""\r\n4;\r\n5;\r\n6;""\r\n',
  )
  expect(readdirSync(folder.folder).sort()).toEqual(['other.csv', 't.csv'])
})

test('parts are written where they are, and only those that change', async () => {
  const parts = {
    't/1.csv': 'id,v\n1,a\n2,b\n',
    't/2.csv': 'id|v\n3|c\n',
    't/3.csv': 'id,v\n4,d\n',
  }
  await using folder = aFolder(parts)
  expect(await folder.rows('t')).toHaveLength(4)
  await folder.write(async (write) => {
    await write.deleteRows(t, { key: ['id'], fields: ['id'], rows: rowsOf(['2']) })
    await write.updateRows(t, { key: ['id'], fields, rows: rowsOf(['1', 'A'], ['3', 'C|']) })
    await write.insertRows(t, fields, rowsOf(['5', 'e']))
  })
  expect(folder.get('t/1.csv').toString()).toBe('id,v\n1,A\n')
  expect(folder.get('t/2.csv').toString()).toBe('id|v\n3|"C|"\n')
  expect(folder.get('t/3.csv').toString()).toBe('id,v\n4,d\n5,e\n')
})

test('parts with another header are no parts of one entity', async () => {
  await using folder = aFolder({ 't/1.csv': 'id,v\n1,a\n', 't/2.csv': 'v,id\nb,2\n' })
  await expect(folder.catalogue()).rejects.toMatchObject({ code: 'connector.file-invalid' })
  await using twice = aFolder({ 't/1.csv': 'id\n1\n', 't.jsonl': '{"id":1}\n' })
  await expect(twice.catalogue()).rejects.toThrow('found "t/1.csv" and "t.jsonl", need it once')
})

test('a member is left out or null as it was', async () => {
  await using folder = aFolder({
    't.jsonl': '{"id":1,"a":"x"}\n{"id":2,"b":null}\n{"id":3,"b":7.0}\n',
  })
  const rows = rowsOf(['2', 'y', null], ['3', null, 'null'])
  await folder.write((write) =>
    write.updateRows(t, { key: ['id'], fields: ['id', 'a', 'b'], rows }),
  )
  expect(folder.get('t.jsonl').toString()).toBe(
    '{"id":1,"a":"x"}\n{"id":2,"a":"y"}\n{"id":3,"b":null}\n',
  )
})

test('a value that the file has no way to write is refused, with nothing written', async () => {
  await using folder = aFolder(
    { 't.csv': 'id,v\n1,a\n' },
    { t: { quote: 'none', encoding: 'latin1' } },
  )
  for (const value of ['a,b', '', '客']) {
    const attempt = folder.write((write) => write.insertRows(t, fields, rowsOf(['2', value])))
    await expect(attempt).rejects.toMatchObject({ code: 'connector.value-refused' })
  }
  expect(folder.get('t.csv').toString()).toBe('id,v\n1,a\n')
  expect(readdirSync(folder.folder)).toEqual(['t.csv'])
})

test('a file that is written to while it is read voids what reads it', async () => {
  await using folder = aFolder({ 't.csv': 'id,v\n1,a\n' })
  await using source = await connectorOf(NO_SETTINGS).openSource(optionsFor(folder.address))
  await using cut = await source.openCut(never)
  const entity = findEntity(await cut.readCatalogue(() => true), 't')
  expect(await readRows(cut, entity)).toHaveLength(1)
  const positionBefore = cut.cut.position
  await appendFile(join(folder.folder, 't.csv'), '2,b\n')
  await expect(readRows(cut, entity)).rejects.toMatchObject({ code: 'connector.scan-failed' })
  await using later = await source.openCut(never)
  await later.readCatalogue(() => true)
  expect(later.cut.position).not.toBe(positionBefore)
})

test('what was committed is finished by whoever comes next, and nobody reads before', async () => {
  await using folder = aFolder({ 'a.csv': 'id\n1\n', 'b.csv': 'id\n1\n' })
  const work = join(folder.folder, '.holdfast-1-abcdef')
  await mkdir(work)
  // One of two files had been moved when the machine stopped.
  await writeFile(join(work, '2'), 'id\n2\n')
  const moves = [
    { from: '1', to: 'a.csv' },
    { from: '2', to: 'b.csv' },
  ]
  await writeFile(join(work, 'commit.json'), JSON.stringify({ moves }))
  await expect(folder.catalogue()).rejects.toMatchObject({ code: 'connector.file-invalid' })
  await (await connectorOf(NO_SETTINGS).openTarget(optionsFor(folder.address)))[
    Symbol.asyncDispose
  ]()
  expect(existsSync(work)).toBe(false)
  expect(await folder.rows('b')).toEqual([['2']])
  expect(await folder.rows('a')).toEqual([['1']])
})

test('what was not committed is removed when its process is gone', async () => {
  await using folder = aFolder({ 'a.csv': 'id\n1\n' })
  const gone = join(folder.folder, '.holdfast-999999999-abcdef')
  const alive = join(folder.folder, `.holdfast-${process.pid}-abcdef`)
  for (const work of [gone, alive]) {
    await mkdir(work)
    await writeFile(join(work, '1'), 'id\n2\n')
  }
  await using _target = await connectorOf(NO_SETTINGS).openTarget(optionsFor(folder.address))
  expect([existsSync(gone), existsSync(alive)]).toEqual([false, true])
  expect(await folder.rows('a')).toEqual([['1']])
})
