import { expect, test } from 'vitest'
import { change, createExample, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

const CONFIG = `sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  back: { connector: sqlite, file: ./erp.db }
  copy: { connector: sqlite, file: ./copy.db }
`

const DAMAGE = `
  UPDATE customer SET terms = '90d' WHERE id <= 3;
  DELETE FROM address WHERE customer_id = 10; DELETE FROM customer WHERE id = 10;
  INSERT INTO customer (id, name) VALUES (2001, 'Added');
`

type Version = { readonly point: string; readonly op: string; readonly restore?: string }
type Change = { readonly key: string; readonly op: string; readonly restore?: string }
type Finding = { readonly check: string; readonly found: string; readonly verdict: string }

test('a restore is tagged in history, taken back, and taken back again', async () => {
  const { answer, answerWith, at, configure, holdfast, summary } = await aTraveller()
  createExample(at('erp.db'))
  createExample(at('copy.db'))
  const wanted = readAll(at('erp.db'))
  await configure(CONFIG)
  expect(await holdfast('init')).toMatchObject({ exit: 0 })
  await summary('backup')
  change(at('erp.db'), DAMAGE)
  await summary('backup')
  const damaged = readAll(at('erp.db'))
  const put = ['restore', 'erp@1', '--to', 'back', '--delete-added', '--confirm', 'back']
  const { restore } = await summary<{ restore: string }>(...put)
  expect(restore).toMatch(/^[0-9a-f]{16}$/)
  expect(readAll(at('erp.db'))).toEqual(wanted)
  await summary('backup')
  change(at('erp.db'), `UPDATE customer SET terms = '7d' WHERE id = 1`)
  await summary('backup')

  const { versions } = await answer<{ versions: Version[] }>('history', 'erp', 'main.customer', '1')
  expect(versions.map((one) => [one.point, one.restore])).toEqual([
    ['erp@4', undefined],
    ['erp@3', restore],
    ['erp@2', undefined],
    ['erp@1', undefined],
  ])
  const diff = await holdfast('diff', 'erp@2', 'erp@3', '--json')
  const changes = diff.stdout.trim().split('\n').slice(0, -1)
  expect(changes.map((line) => (JSON.parse(line) as Change).restore)).toEqual(
    changes.map(() => restore),
  )
  expect(changes.length).toBeGreaterThan(5)
  expect((await holdfast('diff', 'erp@3', 'erp@4', '--json')).stdout).not.toContain(restore)
  expect((await holdfast('history', 'erp', 'main.customer', '10')).stdout).toContain(
    `insert  restore ${restore}`,
  )

  // Whoever changed customer 1 since has to be asked.
  const undo = ['undo', restore, '--confirm', 'back']
  expectFailure(await holdfast(...undo), 5, 'app.undo-conflicts')
  expectFailure(await holdfast('undo', restore, '--to', 'copy'), 2, 'app.undo-elsewhere')
  expectFailure(await holdfast('undo', 'ffffffffffffffff'), 2, 'app.restore-unknown')
  change(at('erp.db'), `UPDATE customer SET terms = '30d' WHERE id = 1`)
  const plan = await answer<{ plan: string; undoes: string }>('undo', restore, '--plan-only')
  expect(plan).toMatchObject({ undoes: restore, conflicts: [] })
  const undone = await summary<{ restore: string; plan: string }>(...undo)
  expect(undone).toMatchObject({ undoes: restore, plan: plan.plan, verified: { different: 0 } })
  expect(readAll(at('erp.db'))).toEqual(damaged)
  await summary('undo', undone.restore, '--confirm', 'back')
  expect(readAll(at('erp.db'))).toEqual(wanted)
  const findings = await answerWith<Finding[]>(0, 'doctor')
  expect(findings.find(({ check }) => check === 'restores')).toMatchObject({
    verdict: 'good',
    found: '3 began, and none is open',
  })
})
