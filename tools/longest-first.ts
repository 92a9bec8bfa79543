import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { projectRoot } from './project-files.ts'

/** Files of the slower suites that take long, the longest first; seconds on two cores. */
export const LONGEST: readonly string[] = [
  'test/crash/flip-every-byte.test.ts', // 160
  'test/crash/fault-matrix.test.ts', // 135
  'test/crash/flip-maintained.test.ts', // 128
  'src/main/keeping.slow.test.ts', // 113
  'test/crash/kill-sqlite.test.ts', // 81
  'src/connector/postgres/feed/postgres-feed.pg.test.ts', // 76
  'test/crash/kill-undo.slow.test.ts', // 72
  'test/crash/kill-files.test.ts', // 67
  'test/endurance/endurance.slow.test.ts', // 66
  'src/connector/postgres/feed/exactness.pg.test.ts', // 62
  'test/journeys/side-by-side.slow.test.ts', // 60
  'test/crash/kill-minting.slow.test.ts', // 55
  'src/main/restoring.pg.test.ts', // 50
  'src/connector/postgres/feed/own-server.slow.test.ts', // 53
  'test/journeys/to-the-transaction.test.ts', // 47
  'src/main/following-changes.pg.test.ts', // 43
  'test/journeys/customer.test.ts', // 39
  'src/main/following.pg.test.ts', // 33
  'test/journeys/demo.test.ts', // 30
  'test/journeys/interrupts.pg.test.ts', // 28
  'src/main/undoing.pg.test.ts', // 23
  'src/connector/postgres/postgres-connector.pg.test.ts', // 18
]

/**
 * Begins with what takes longest. Vitest knows no times in a fresh clone and begins with the largest
 * files; a small file that takes minutes and comes last leaves one core with nothing to do.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = LONGEST.indexOf(relative(projectRoot, moduleId))
  return rank === -1 ? LONGEST.length : rank
}
