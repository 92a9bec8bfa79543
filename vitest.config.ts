import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './tools/longest-first.ts'

/** Where `.ci/run` wants the counts of this run; nothing is written otherwise. */
const reportDir = process.env['HOLDFAST_TEST_REPORTS']

const slow = '**/*.slow.test.ts'
const realServer = '**/*.pg.test.ts'
const s3Server = '**/*.s3.test.ts'
const feed = [
  'src/connector/postgres/feed/*.pg.test.ts',
  'src/main/following*.pg.test.ts',
  'test/journeys/{cut,follow,undo-transaction,watching}.pg.test.ts',
  'test/journeys/to-the-transaction.test.ts',
]
const mariadbServer = '**/*.mariadb.test.ts'

/** Vitest itself takes one worker less than there are cores: of two, the half. */
const working = { maxWorkers: Math.max(2, availableParallelism() - 1) }

/** A worker mostly waits: for a server, or for a command that it runs. */
const waiting = { maxWorkers: 2 }

export default defineConfig({
  test: {
    // Starts nothing by itself: servers come up when the first test asks for one.
    globalSetup: ['test/servers/servers.setup.ts'],
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    ...(reportDir && {
      reporters: ['default', 'json'],
      outputFile: { json: `${reportDir}/${process.pid}.json` },
    }),
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/simulate/**/*.test.ts'],
          exclude: [realServer, s3Server, mariadbServer, slow],
          isolate: false,
          ...working,
          // A machine may be busy with other work: a test that hangs is told from one that waits.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'tools',
          include: ['tools/**/*.test.ts', 'bench/**/*.test.ts', 'test/golden/**/*.test.ts'],
          exclude: [slow],
          ...working,
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'pg',
          include: ['src/**/*.pg.test.ts', 'test/servers/**/*.pg.test.ts'],
          exclude: feed,
          ...waiting,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Each major takes over a minute: in CI, after `npm test`.
        test: {
          name: 'feed',
          include: feed,
          ...waiting,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          exclude: [s3Server, mariadbServer, slow, ...feed],
          ...waiting,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // One server for all of them, which must be installed: `npm run test:servers`.
        test: {
          name: 's3',
          include: [s3Server],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        // One server for all of them, which must be installed: `npm run test:servers`.
        test: {
          name: 'mariadb',
          include: [mariadbServer],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Everything that `npm test` has no time for, besides the PostgreSQL majors between.
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts', `src/${slow}`, `test/${slow}`],
          ...waiting,
          testTimeout: 900_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
