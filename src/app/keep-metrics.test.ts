import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Clock } from '#stdx/clock'
import { systemRandom } from '#stdx/random'
import { MetricsKeeper } from './keep-metrics.ts'

/** A machine may be busy with other work. */
const patience = { timeout: 20_000 }

/** Time passes a thousand times as fast. */
const fastClock: Clock = {
  nowMs: () => Date.now(),
  passedMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms / 1000, undefined, { signal })
  },
}

test('the file is replaced while a source does not answer, and the others are asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-metrics-'))
  const path = join(folder, 'holdfast.prom')
  const asked: string[] = []
  const openSource = async (name: string, signal: AbortSignal) => {
    asked.push(name)
    await sleep(60_000, undefined, { signal })
    throw new Error('It answers never')
  }
  const deps = { clock: fastClock, random: systemRandom, openSource, warn: () => {} }
  {
    await using keeper = await MetricsKeeper.begin(deps, { path, sources: ['erp', 'crm'] })
    await vi.waitFor(() => expect(asked).toEqual(['erp', 'crm']), patience)
    const opened = { seq: 1, position: '0/1@1', time: '2026-06-30T11:00:00Z' }
    keeper.metrics.take('crm', { kind: 'opened', ...opened })
    await vi.waitFor(async () => {
      expect(await readFile(path, 'utf8')).toContain('holdfast_follow_up{source="crm"} 1\n')
    }, patience)
  }
  expect(await readFile(path, 'utf8')).toContain('holdfast_follow_up{source="crm"} 0\n')
  await rm(folder, { recursive: true })
})
