import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { Secret } from '#stdx/secret'
import { openSource, openTarget, readSystem, readTable } from '../testing/contract-system.ts'
import { freshSqlite, run, type SqliteSystem, sqliteHarness } from '../testing/sqlite-system.ts'
import { openReader, readIdentity, readPosition } from './open-database.ts'

const never = new AbortController().signal
const TABLE = 'CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)'

function addressIn({ folder }: SqliteSystem, name: string): { address: Secret; path: string } {
  const path = join(folder, name)
  return { path, address: new Secret(path) }
}

describe('a source that cannot be read', () => {
  test.each<[string, (path: string) => void]>([
    ['is missing', () => {}],
    ['is a folder', (path) => mkdirSync(path)],
    ['is a file of no bytes', (path) => writeFileSync(path, '')],
    ['is no database', (path) => writeFileSync(path, 'something else '.repeat(100))],
  ])('%s', async (_, make) => {
    await using system = await freshSqlite()
    const { address, path } = addressIn(system, 'other.db')
    make(path)
    const opened = openSource(sqliteHarness, address)
    await expect(opened).rejects.toMatchObject({ code: 'connector.unreachable' })
    await expect(opened).rejects.not.toThrow(system.folder)
  })

  test('is locked by another program for too long', async () => {
    await using system = await freshSqlite('delete')
    const other = new DatabaseSync(system.path)
    other.exec('BEGIN EXCLUSIVE')
    expect(() => openReader(system.path, 50)).toThrow(
      expect.objectContaining({ code: 'connector.unreachable' }),
    )
    other.close()
  })
})

test('without WAL, a cut keeps others from committing, and not for longer', async () => {
  await using system = await freshSqlite('delete')
  await system.exec(TABLE)
  {
    await using source = await openSource(sqliteHarness, system.address)
    await using cut = await source.openCut(never)
    await cut.readCatalogue(() => true)
    await expect(system.exec('INSERT INTO t VALUES (2)')).rejects.toThrow(/locked/)
  }
  await system.exec('INSERT INTO t VALUES (2)')
  expect(await readTable(sqliteHarness, system, 'main.t')).toHaveLength(2)
})

test.each(['wal', 'delete'] as const)(
  'a position changes with what is written (%s)',
  async (journal) => {
    await using system = await freshSqlite(journal)
    await system.exec(TABLE)
    const positions = [readPosition(system.path)]
    const other = new DatabaseSync(system.path)
    for (let i = 2; i < 5; i++) {
      other.exec(`INSERT INTO t VALUES (${i})`)
      positions.push(readPosition(system.path))
    }
    other.close()
    expect(new Set(positions).size).toBe(4)
    const atRest = readPosition(system.path)
    await readSystem(sqliteHarness, system)
    if (journal === 'delete') expect(readPosition(system.path)).toBe(atRest)
  },
)

test('the identity is that of the file, not of its path', async () => {
  await using system = await freshSqlite()
  await system.exec(TABLE)
  const before = readIdentity(system.path)
  await system.exec('INSERT INTO t VALUES (2)')
  expect(readIdentity(system.path)).toEqual(before)
  const copy = join(system.folder, 'copy.db')
  copyFileSync(system.path, copy)
  expect(readIdentity(copy)).not.toEqual(before)
})

test('what a crash left in the journal is rolled back before reading', async () => {
  await using system = await freshSqlite('delete')
  await system.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 1)')
  const crash = `const { DatabaseSync } = require('node:sqlite')
    const db = new DatabaseSync(${JSON.stringify(system.path)})
    db.exec('PRAGMA cache_size = 2; BEGIN')
    for (let i = 2; i < 3000; i++) db.exec('INSERT INTO t VALUES (' + i + ", '" + 'x'.repeat(500) + "')")
    process.kill(process.pid, 'SIGKILL')`
  expect(spawnSync(process.execPath, ['-e', crash]).signal).toBe('SIGKILL')
  expect(existsSync(`${system.path}-journal`)).toBe(true)
  expect(statSync(system.path).size).toBeGreaterThan(100_000)
  expect(await readTable(sqliteHarness, system, 'main.t')).toEqual([['1', '1']])
})

/** Reads as a user who may not write; the superuser would be stopped by nothing. */
function readAsNobody(path: string): string {
  const connector = new URL('./open-database.ts', import.meta.url).href
  const script = `const { openReader } = await import(${JSON.stringify(connector)})
    const { db } = openReader(${JSON.stringify(path)})
    console.log(db.prepare('SELECT count(*) AS n FROM t').get().n)`
  const isRoot = process.getuid?.() === 0
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...(isRoot ? { uid: 65534, gid: 65534 } : {}),
    encoding: 'utf8',
  })
  return stdout.trim() || stderr
}

test.each(['wal', 'delete'] as const)(
  'a folder that may only be read will do (%s)',
  async (journal) => {
    await using system = await freshSqlite(journal)
    run(system.path, TABLE)
    chmodSync(system.path, 0o444)
    chmodSync(system.folder, 0o555)
    expect(readAsNobody(system.path)).toBe('1')
    chmodSync(system.folder, 0o755)
  },
)

describe('a target', () => {
  test('is created, and goes away again when nobody fills it', async () => {
    await using system = await freshSqlite()
    const { address, path } = addressIn(system, 'new.db')
    {
      await using target = await openTarget(sqliteHarness, address)
      expect(target.identity.database).toBe('main')
      expect(existsSync(path)).toBe(true)
      await using write = await target.openWrite(never)
      expect(await write.createTables({ schemas: [], definition: null, sequences: {} })).toEqual([])
    }
    expect(existsSync(path)).toBe(false)
  })

  test('in a folder that does not exist is unreachable', async () => {
    await using system = await freshSqlite()
    const { address } = addressIn(system, 'none/new.db')
    await expect(openTarget(sqliteHarness, address)).rejects.toMatchObject({
      code: 'connector.unreachable',
    })
  })

  test('that is no database is refused and kept', async () => {
    await using system = await freshSqlite()
    const { address, path } = addressIn(system, 'text.db')
    writeFileSync(path, 'something else '.repeat(100))
    await expect(openTarget(sqliteHarness, address)).rejects.toMatchObject({
      code: 'connector.unreachable',
    })
    expect(statSync(path).size).toBe(1500)
  })
})
