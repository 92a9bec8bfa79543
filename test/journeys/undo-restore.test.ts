import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  back: { connector: sqlite, file: ./erp.db }
`

const DAMAGE = `
  UPDATE customer SET terms = '90d' WHERE id <= 3;
  DELETE FROM address WHERE customer_id = 10; DELETE FROM customer WHERE id = 10;
  INSERT INTO customer (id, name) VALUES (2001, 'Added');
`

type Version = { readonly point: string; readonly op: string; readonly restore?: string }
type Change = { readonly key: string; readonly op: string; readonly restore?: string }
type Finding = { readonly check: string; readonly found: string; readonly verdict: string }

test('a restore is tagged in history and taken back', async () => {
  const { answer, answerWith, at, configure, holdfast, summary } = await aTraveller()
  createExample(at('erp.db'))
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  change(at('erp.db'), DAMAGE)
  const damaged = readAll(at('erp.db'))
  await summary('backup')
  const put = ['restore', 'erp@1', '--to', 'back', '--delete-added', '--confirm', 'back']
  const { restore } = await summary<{ restore: string }>(...put)
  expect(restore).toMatch(/^[0-9a-f]{16}$/)
  change(at('erp.db'), `UPDATE customer SET terms = '7d' WHERE id = 4`)
  await summary('backup')

  const { versions } = await answer<{ versions: Version[] }>('history', 'erp', 'main.customer', '1')
  expect(versions.map((one) => [one.point, one.restore])).toEqual([
    ['erp@3', restore],
    ['erp@2', undefined],
    ['erp@1', undefined],
  ])
  const diff = (await holdfast('diff', 'erp@2', 'erp@3', '--json')).stdout.trim().split('\n')
  const changes = diff.slice(0, -1).map((line): Change => JSON.parse(line))
  expect(changes.filter((one) => one.restore !== restore)).toMatchObject([
    { key: '4', op: 'update' },
  ])
  expect(changes.length).toBeGreaterThan(5)

  change(at('erp.db'), `UPDATE customer SET terms = '30d' WHERE id = 4`)
  // What came back has been used since: it does not go from under that.
  change(at('erp.db'), `INSERT INTO address VALUES (10, 'new', 'Ulm')`)
  const used = await holdfast('undo', restore, '--confirm', 'back')
  expectFailure(used, 5, 'restore.still-referred')
  expect(used.stderr).toContain('main.customer:10 by main.address:10,new')
  const forced = await holdfast('undo', restore, '--on-conflict', 'ours', '--plan-only')
  expect(forced.stdout).toMatch(
    /^deleted main\.customer:10: refers to nothing then: main\.address:10,new /m,
  )
  change(at('erp.db'), `DELETE FROM address WHERE kind = 'new'`)
  const undone = await summary('undo', restore, '--confirm', 'back')
  expect(undone).toMatchObject({ undoes: restore, verified: { different: 0 } })
  expect(readAll(at('erp.db'))).toEqual(damaged)
  // What both had found before they wrote stays, whatever is collected.
  expect((await holdfast('collect', '--grace', '0s')).stdout).toMatch(
    /_vault: 0 objects gone.*\n {2}2 restores can be undone: what they had found, .*B, stays\n/,
  )
  expectFailure(await holdfast('undo', 'ffffffffffffffff'), 2, 'app.restore-unknown')
  const findings = await answerWith<Finding[]>(0, 'doctor')
  expect(findings.find(({ check }) => check === 'restores')).toMatchObject({
    verdict: 'good',
    found: '2 began, and none is open',
  })
})
