import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, lastLine } from './testing/traveller.ts'

const CONFIG = `vault: ./vault
sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
  old: { connector: sqlite, file: ./old.db }
`

test('a database is backed up, changed, looked back at and put back', async () => {
  const { answer, folder, holdfast } = await aTraveller()
  const source = join(folder, 'erp.db')
  createExample(source)
  const before = readAll(source)
  await writeFile(join(folder, 'holdfast.yaml'), CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('source', 'check', 'erp')).toMatchObject({ exit: 0 })

  const first = await holdfast('backup', '--json')
  expect(first.exit, first.stderr).toBe(0)
  const { point } = lastLine<{ point: string }>(first)
  expect(lastLine(first)).toMatchObject({
    type: 'summary',
    source: 'erp',
    entities: [
      { entity: 'main."Call Log"', rows: 4 },
      { entity: 'main.address', rows: 500 },
      { entity: 'main.customer', rows: 500, inserted: 500 },
    ],
  })

  change(source, `UPDATE customer SET iban = 'XX' || id, terms = '90d' WHERE id <= 20`)
  change(source, `DELETE FROM address WHERE customer_id = 500; DELETE FROM customer WHERE id = 500`)
  change(source, `INSERT INTO customer (id, name) VALUES (1001, 'New')`)
  const after = readAll(source)
  const second = await holdfast('backup', 'erp', '--json')
  expect(second.exit, second.stderr).toBe(0)
  expect(lastLine<{ entities: unknown[] }>(second).entities).toContainEqual(
    expect.objectContaining({ entity: 'main.customer', inserted: 1, updated: 20, deleted: 1 }),
  )

  expect(await answer('points')).toHaveLength(2)
  expect(await answer('entities', point)).toHaveLength(3)
  expect(await answer('show', point, 'main.customer', '7')).toMatchObject({
    fields: { iban: 'DE7', terms: '30d' },
  })
  expect(await answer('history', 'erp', 'main.customer', '7')).toMatchObject({
    versions: [
      { op: 'update', changed: ['iban', 'terms'], fields: { iban: 'XX7' } },
      { op: 'insert' },
    ],
  })
  const diff = await holdfast('diff', point, 'erp@latest', '--json')
  expect(diff.exit, diff.stderr).toBe(4)
  expect(diff.stdout.trim().split('\n')).toHaveLength(24)

  for (const [target, address, wanted] of [
    ['old', point, before],
    ['copy', 'erp@latest', after],
  ] as const) {
    const restore = await holdfast('restore', address, '--to', target, '--yes', '--json')
    expect(restore.exit, restore.stderr).toBe(0)
    expect(lastLine(restore)).toMatchObject({ type: 'summary', verified: { different: 0 } })
    expect(readAll(join(folder, `${target}.db`))).toEqual(wanted)
    expect(await answer('verify', address, '--against', target)).toMatchObject({ verdict: 'same' })
  }
  expect(await holdfast('verify', point, '--against', 'copy')).toMatchObject({ exit: 4 })
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', problems: [] })
})

test('records that were changed are put back into a living database', async () => {
  const { folder, holdfast } = await aTraveller()
  const live = join(folder, 'live.db')
  createExample(live)
  const before = readAll(live)
  await writeFile(
    join(folder, 'holdfast.yaml'),
    'vault: ./vault\nsources:\n  erp: { connector: sqlite, file: ./live.db }\n',
  )
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  expect(await holdfast('backup')).toMatchObject({ exit: 0 })
  change(live, `UPDATE customer SET terms = '90d', photo = NULL; DELETE FROM "Call Log"`)
  await writeFile(
    join(folder, 'again.yaml'),
    'vault: ./vault\ntargets:\n  erp-live: { connector: sqlite, file: ./live.db }\n',
  )
  const argv = ['restore', 'erp@latest', '--to', 'erp-live', '--config', 'again.yaml']
  // Nobody can be asked, and --yes does not suffice where rows may be lost.
  expect(await holdfast(...argv, '--yes')).toMatchObject({ exit: 2 })
  const restore = await holdfast(...argv, '--confirm', 'erp-live')
  expect(restore.exit, restore.stderr).toBe(0)
  expect(readAll(live)).toEqual(before)
})
