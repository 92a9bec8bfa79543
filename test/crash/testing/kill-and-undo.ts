import { expect } from 'vitest'
import type { Traveller } from '../../journeys/testing/traveller.ts'
import type { Chance } from './chance.ts'
import { killAfter } from './kill.ts'

type Summary = {
  readonly restore: string
  readonly settles?: readonly string[]
  readonly earlier?: string
  readonly verified: { readonly different: number }
}

export type KillAndUndo = {
  readonly traveller: Traveller
  readonly chance: Chance
  /** Restores into a living target; `copy` is its name. */
  readonly argv: readonly string[]
  readonly rounds: number
  /** Makes the target what it was before the restore. */
  damage(round: number): Promise<void>
  /** All that the target holds, once nobody is at it. */
  read(): Promise<unknown>
}

/**
 * Kills a restore at a random moment, and then its undoing. The same command again comes to the same
 * end each time, and what the restore had found is what undoing brings back.
 */
export async function killAndUndo(given: KillAndUndo): Promise<void> {
  const { argv, chance, damage, read, rounds, traveller } = given
  let lastMs = 3000
  const times = { restores: 0, undoings: 0 }
  let wanted: unknown
  const runToTheEnd = async (...command: string[]) => {
    const startedAtMs = performance.now()
    const summary = await traveller.summary<Summary>(...command)
    lastMs = performance.now() - startedAtMs
    expect(summary.verified.different).toBe(0)
    return summary
  }
  for (let round = 1; round <= rounds; round++) {
    await damage(round)
    const damaged = await read()
    if (await killAfter(traveller, chance.next() * lastMs * 1.1, argv)) times.restores += 1
    const left = await read()
    const { earlier, restore, settles = [] } = await runToTheEnd(...argv)
    wanted ??= await read()
    expect(await read(), `round ${round}: restored`).toEqual(wanted)
    if (JSON.stringify(left) !== JSON.stringify(wanted)) {
      expect(left, `round ${round}: killed`).toEqual(damaged)
    }
    const undo = (id: string) => ['undo', id, '--confirm', 'copy']
    if (await killAfter(traveller, chance.next() * lastMs * 1.1, undo(restore))) times.undoings += 1
    // The one that was killed may have ended, too, and only not have said so.
    const ids = [restore, ...settles, ...(earlier === undefined ? [] : [earlier])]
    for (const id of ids) await runToTheEnd(...undo(id))
    expect(await read(), `round ${round}: undone`).toEqual(damaged)
  }
  expect(times.restores, 'some restores were killed').toBeGreaterThan(0)
  expect(times.undoings, 'some undoings were killed').toBeGreaterThan(0)
  expect(await traveller.answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
  const findings = await traveller.answer<readonly Finding[]>('doctor')
  expect(findings.find(({ check }) => check === 'restores')).toMatchObject({ verdict: 'good' })
}

type Finding = { readonly check: string; readonly verdict: string }
