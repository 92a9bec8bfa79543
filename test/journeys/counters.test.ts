import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller } from './testing/traveller.ts'

test('a plan names the counter of a table that kept keys move, and the next record does not collide', async () => {
  const { at, configure, holdfast } = await aTraveller()
  change(
    at('old.db'),
    `CREATE TABLE k (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO k VALUES (9, 'A')`,
  )
  change(at('new.db'), 'CREATE TABLE c (nr INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)')
  await writeFile(
    at('m.yaml'),
    'version: 1\nentities:\n  main.c: { from: main.k, fields: { nr: id, v: v } }\n',
  )
  await configure(`sources: { old: { connector: sqlite, file: ./old.db } }
targets: { new: { connector: sqlite, file: ./new.db } }
`)
  await holdfast('init')
  await holdfast('backup')
  const run = await holdfast('restore', 'old@1', '--to', 'new', '--mapping', 'm.yaml', '--yes')
  expect(run.stdout, run.stderr).toContain(
    'counter sqlite_sequence of c of main.c:nr moved past 9\n',
  )
  change(at('new.db'), `INSERT INTO c (v) VALUES ('B')`)
  expect(readAll(at('new.db'))['c']).toHaveLength(2)
  const again = await holdfast(
    'restore',
    'old@1',
    '--to',
    'new',
    '--mapping',
    'm.yaml',
    '--plan-only',
  )
  expect(again.stdout).not.toContain('counter')
})
