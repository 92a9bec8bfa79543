import { expect, test } from 'vitest'
import { listTransactions } from '#app/list-transactions'
import { tellTransactions } from '#capture/testing/tell-transactions'
import { openSource } from '#connector/testing/contract-system'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { signal } from '#vault/testing/a-vault'
import { aRestoring } from './testing/a-restore.ts'
import { testUndoing } from './testing/undoing-contract.ts'
import { proveUndoing } from './testing/undoing-model.ts'
import { testUndoingRestores } from './testing/undoing-restores-contract.ts'
import { proveUndoingRestores } from './testing/undoing-restores-model.ts'

testUndoing('sqlite', sqliteHarness)
testUndoingRestores('sqlite', sqliteHarness)

test('a random transaction of a random life is undone as a plain map says', async () => {
  await proveUndoing(6)
})

test('a random restore is undone, and its undoing too, as a plain map says', async () => {
  await proveUndoingRestores(5)
})

test('of an entry with many transactions each is listed, put back and undone', async () => {
  await using restoring = await aRestoring(
    sqliteHarness,
    `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 0), (2, 0)`,
  )
  const { copy, erp, vault } = restoring
  await restoring.backUp()
  const exec = async (sql: string) => {
    await erp.exec(sql)
    await copy.exec(sql)
  }
  const deps = {
    vault,
    source: 'erp',
    exec,
    openSource: () => openSource(sqliteHarness, erp.address),
  }
  const told = Array.from({ length: 40 }, (_, i) => ({
    transaction: `x${i + 1}`,
    time: new Date(Date.UTC(2026, 5, 30, 12, 0, i)).toISOString(),
    sql: `UPDATE t SET n = ${i + 1} WHERE id = ${1 + (i % 2)}`,
  }))
  const seq = await tellTransactions(deps, told.slice(0, 35))
  const next = await tellTransactions(deps, told.slice(35))
  const list = async (of: string | undefined, limit: number) => {
    const { hasMore, transactions } = await listTransactions(vault, { of, limit }, signal)
    return {
      hasMore,
      names: transactions.map(({ point, transaction }) => `${point} ${transaction}`),
    }
  }
  expect(await list(undefined, 7)).toEqual({
    hasMore: true,
    names: [
      ...[5, 4, 3, 2, 1].map((n) => `erp@${next}.${n} x${35 + n}`),
      ...[35, 34].map((n) => `erp@${seq}.${n} x${n}`),
    ],
  })
  expect((await list('erp', 40)).names.at(-1)).toBe(`erp@${seq}.1 x1`)
  expect((await list('erp', 40)).hasMore).toBe(false)
  expect((await list(`erp@${seq}.3`, 100)).names).toHaveLength(3)
  expect((await list('erp@2026-06-30T12:00:37.5Z', 100)).names[0]).toBe(`erp@${next}.3 x38`)
  const undo = { isSkippingConflicts: false, refused: () => {} }
  const undone = await restoring.restore({ point: `erp@${next}.5`, undo })
  expect(undone.plan).toMatchObject({ undone: { transaction: 'x40' }, steps: [{ update: 1 }] })
  // Another transaction changed the same record since.
  await expect(restoring.restore({ point: `erp@${seq}.33`, undo })).rejects.toMatchObject({
    code: 'app.undo-conflicts',
  })
  const { summary } = await restoring.restore({ point: `erp@${seq}.33`, isDeleteAllowed: true })
  expect(summary).toMatchObject({ updated: 2, verified: { different: 0 } })
  expect((await restoring.restore({ point: `erp@${seq}.33`, undo })).summary).toMatchObject({
    updated: 1,
  })
  expect(await restoring.verify(`erp@${seq}.32`)).toMatchObject({ verdict: 'same' })
})
