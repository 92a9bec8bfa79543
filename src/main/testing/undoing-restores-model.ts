import fc from 'fast-check'
import { expect } from 'vitest'
import { sqliteHarness } from '#connector/testing/sqlite-system'
import { aRestoring } from './a-restore.ts'
import { anOp, contents, sorted, sqlOf, undoIn } from './undoing-model.ts'

/** Random damage, put back whole or without what was added, and taken back later, against plain maps. */

const someOps = fc.array(anOp, { maxLength: 8 })
const aStory = fc.record({
  damage: someOps,
  /** Done behind the restore. */
  since: someOps,
  isDeleteAllowed: fc.boolean(),
})

/** Undoes a restore of each of so many random stories, and undoes that undoing. */
export async function proveUndoingRestores(numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(aStory, async ({ damage, isDeleteAllowed, since }) => {
      await using restoring = await aRestoring(
        sqliteHarness,
        `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT DEFAULT 'c');
         INSERT INTO t VALUES (1, 'a1', 'b1', 'c1'), (2, NULL, '', 'c2'), (3, 'a3', 'b3', 'c3')`,
      )
      const { copy } = restoring
      const undo = { isSkippingConflicts: true, refused: () => {} }
      await restoring.backUp()
      for (const op of damage) await copy.exec(sqlOf(op))
      const before = await contents(copy)
      const { summary } = await restoring.restore({ isDeleteAllowed })
      const after = await contents(copy)
      for (const op of since) await copy.exec(sqlOf(op))
      const live = await contents(copy)
      const wanted = undoIn(live, { before, after })
      const undone = await restoring.restore({ undoes: summary?.restore ?? '', undo })
      const found = { conflicts: wanted.conflicts, verified: { different: 0 } }
      expect(undone.summary).toMatchObject(found)
      expect(sorted(await contents(copy)), 'undone').toEqual(sorted(wanted.rows))
      const again = await restoring.restore({ undoes: undone.summary?.restore ?? '', undo })
      expect(again.summary).toMatchObject({ conflicts: 0 })
      expect(sorted(await contents(copy)), 'undone again').toEqual(sorted(live))
    }),
    { numRuns },
  )
}
