import { expect, test } from 'vitest'
import { tellTransactions } from '#capture/testing/tell-transactions'
import { openSource, readTable } from '#connector/testing/contract-system'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { aRestoring } from './testing/a-restore.ts'
import { postgresHarness } from './testing/postgres-harness.ts'
import { testUndoing } from './testing/undoing-contract.ts'
import { testUndoingRestores } from './testing/undoing-restores-contract.ts'

describePostgres('undoing', (major) => {
  const harness = postgresHarness(major)
  // What differs between majors is the connector's, and tested there.
  if (major === newestMajor()) {
    testUndoing(`postgres ${major}`, harness)
    testUndoingRestores(`postgres ${major}`, harness)
  }

  test('a value that the target would round is not put back, and nothing else either', async () => {
    await using restoring = await aRestoring(
      harness,
      `create table price (id int primary key, net numeric(15,4), note text);
      insert into price values (1, 1.2345, 'a'), (2, 1.5000, 'b')`,
    )
    const { copy, erp, vault } = restoring
    await restoring.backUp()
    await copy.exec('alter table price alter net type numeric(15,2)')
    const exec = async (sql: string) => {
      await erp.exec(sql)
      await copy.exec(sql)
    }
    const openErp = () => openSource(harness, erp.address)
    const deps = { vault, source: 'erp', openSource: openErp, exec }
    const seq = await tellTransactions(deps, [
      {
        transaction: '1',
        time: '2026-06-30T12:00:00Z',
        sql: `update price set net = 7, note = 'bad'`,
      },
      {
        transaction: '2',
        time: '2026-06-30T12:00:01Z',
        sql: `update price set note = 'worse'`,
      },
    ])
    const undo = { isSkippingConflicts: false, refused: () => {} }
    const before = await readTable(harness, copy, 'public.price')
    await restoring.restore({ point: `erp@${seq}.2`, undo })
    await expect(restoring.restore({ point: `erp@${seq}.1`, undo })).rejects.toMatchObject({
      code: 'restore.value-lost',
      message: expect.stringContaining('net (numeric(15,4) at the point, numeric(15,2) there)'),
    })
    const after = await readTable(harness, copy, 'public.price')
    expect(after).toEqual(before.map(([id, net]) => [id, net, 'bad']))
  })
})
