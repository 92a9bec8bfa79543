import { expect, test } from 'vitest'
import { filesHarness } from '#connector/testing/files-system'
import { aRestoring } from './testing/a-restore.ts'
import { testRestoring } from './testing/restoring-contract.ts'

testRestoring('files', filesHarness)

test('files: records that are not there are no deletion before somebody says so', async () => {
  await using restoring = await aRestoring(
    filesHarness,
    `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE other (id INTEGER PRIMARY KEY);
    INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'); INSERT INTO other VALUES (1)`,
  )
  const { backUp, erp, vault } = restoring
  const first = await backUp()
  await erp.exec('DELETE FROM t WHERE id > 1; DROP TABLE other')
  await expect(backUp()).rejects.toMatchObject({
    code: 'capture.doubtful',
    details: { entities: ['other', 't'] },
    message: expect.stringContaining("holdfast backup erp --accept 'other' --accept 't'"),
  })
  const { points } = await vault.readTimeline('erp', new AbortController().signal)
  expect(points.at(-1)?.seq).toBe(Number(first.split('@')[1]))
  await erp.exec(`INSERT INTO t VALUES (5, 'e'); CREATE TABLE other (id INTEGER PRIMARY KEY);
    INSERT INTO other VALUES (2)`)
  expect(await backUp()).not.toBe(first)
})
