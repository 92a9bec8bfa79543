import { expect, test } from 'vitest'
import { change, readAll } from './testing/example-database.ts'
import { aTraveller, expectFailure } from './testing/traveller.ts'

test('a record that got another key stops a restore that mints keys, until a person says what it is', async () => {
  const { answer, at, configure, holdfast, summary } = await aTraveller()
  const table = 'CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)'
  change(at('crm.db'), `${table}; INSERT INTO account VALUES (1, 'Arndt')`)
  change(at('group.db'), `${table}; INSERT INTO account VALUES (1041, 'Xaver')`)
  await configure(`sources: { crm: { connector: sqlite, file: ./crm.db } }
targets: { group: { connector: sqlite, file: ./group.db } }
`)
  const restore = (policy: string) =>
    ['restore', 'crm@latest', '--to', 'group', '--keys', policy, '--confirm', 'group'] as const
  await holdfast('init')
  await summary('backup')
  await summary(...restore('mint'))
  change(at('crm.db'), 'UPDATE account SET id = 7 WHERE id = 1')
  await summary('backup')
  const stopped = await holdfast(...restore('mint'))
  expectFailure(stopped, 5, 'restore.keys-moved')
  expect(stopped.stderr).toContain('need --keys main.account=mint-moved')
  const plan = await holdfast(...restore('main.account=mint-moved').slice(0, -2), '--plan-only')
  expect(plan.stdout, plan.stderr).toContain(
    'moved main.account:7: it has the name of main.account:1, which is gone, and goes on as main.account:1042\n',
  )
  await summary(...restore('main.account=mint-moved'))
  expect(readAll(at('group.db'))['account']).toHaveLength(2)
  const { stdout } = await holdfast('crosswalk', 'group', '--all')
  expect(stdout).toMatch(/:1 .*:1042 .*replaced\n.*:7 .*:1042 /)
  expect(await answer(...restore('mint').slice(0, -2), '--plan-only')).toMatchObject({
    steps: [{ insert: 0, update: 0 }],
  })
})
