import { expect, test } from 'vitest'
import { describePostgres, newestMajor } from '#test/servers/fresh-database'
import { aChance } from '../crash/testing/chance.ts'
import { formatVerdict } from './testing/format-verdict.ts'
import { runEndurance } from './testing/run-endurance.ts'

const KILLS = Number(process.env['HOLDFAST_TEST_KILLS'] ?? 30)

describePostgres('endurance', (major) => {
  test.runIf(major === newestMajor())('of a follower under kills', async () => {
    const { seed } = aChance('endurance')
    const verdict = await runEndurance({ kills: KILLS, major, seed, onLine: console.info })
    console.info(formatVerdict(verdict))
    expect(verdict.problems).toEqual([])
    expect(verdict.told).toBeGreaterThan(10 * KILLS)
  })
})
