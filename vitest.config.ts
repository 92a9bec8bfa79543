import { defineConfig } from 'vitest/config'

const pgFiles = ['src/**/*.pg.test.ts', 'test/servers/**/*.pg.test.ts']

export default defineConfig({
  test: {
    // Starts nothing by itself: servers come up when the first test asks for one.
    globalSetup: ['test/servers/servers.setup.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.pg.test.ts'],
          isolate: false,
        },
      },
      {
        test: {
          name: 'pg',
          include: pgFiles,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'tools',
          include: ['tools/**/*.test.ts', 'test/golden/**/*.test.ts'],
          testTimeout: 30_000,
        },
      },
    ],
  },
})
