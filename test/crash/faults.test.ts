import { execFileSync, spawnSync } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { mountDisk } from '../journeys/testing/disks.ts'
import {
  aTraveller,
  HOLDFAST,
  type Run,
  runCommand,
  type Traveller,
} from '../journeys/testing/traveller.ts'
import { aChance, type Chance } from './testing/chance.ts'
import { changeSome, createFewMegabytes, readRows } from './testing/few-megabytes.ts'

const canTrace = spawnSync('strace', ['-qq', '-e', 'trace=fsync', 'true']).status === 0
if (!canTrace) console.warn('\n!!! SKIPPED faults of the operating system: strace is not there\n')

/** A system call, what it fails with, how often it is called at least, and how many are tried. */
type Fault = readonly [call: string, error: 'EIO' | 'ENOSPC', calls: number, tries: number]

/** One thread does all file work, so that the n-th call is the same one in every run. */
const ONE_BY_ONE = { UV_THREADPOOL_SIZE: '1' }

async function begin(): Promise<Traveller> {
  const traveller = await aTraveller()
  createFewMegabytes(traveller.at('erp.db'))
  await traveller.configure(`sources:
  erp: { connector: sqlite, file: ./erp.db }
targets:
  copy: { connector: sqlite, file: ./copy.db }
`)
  await traveller.holdfast('init')
  await traveller.summary('backup')
  return traveller
}

async function runWithFault(
  { environment, folder }: Traveller,
  fault: string,
  argv: readonly string[],
): Promise<Run> {
  const calls = fault.slice(0, fault.indexOf(':'))
  const tracing = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${fault}`]
  return await runCommand('strace', [...tracing, HOLDFAST, ...argv], {
    folder,
    environment: { ...environment, ...ONE_BY_ONE },
  })
}

/** Loud, and no defect: a code of ours and what to do. */
function expectLoud(run: Run, where: string): void {
  expect({ where, stderr: run.stderr, isZero: run.exit === 0 }).toMatchObject({ isZero: false })
  expect(run.stderr, where).toMatch(/^error: .* \([a-z]+\.[a-z-]+\)$/m)
  expect(run.stderr, where).toContain('What to do: ')
}

const CAPTURE_FAULTS: readonly Fault[] = [
  ['fsync', 'EIO', 24, 7],
  ['link', 'ENOSPC', 8, 4],
  ['mkdir', 'ENOSPC', 10, 2],
]

test.runIf(canTrace)(
  'a disk that fails during a backup costs that backup, and nothing else',
  async () => {
    const traveller = await begin()
    const { answer, at, summary } = traveller
    const chance = aChance('faults of a backup')
    let day = 0
    let failed = 0
    for (const [call, error, calls, tries] of CAPTURE_FAULTS) {
      for (const when of draw(chance, calls, tries)) {
        day += 1
        changeSome(at('erp.db'), day)
        const points = await answer<unknown[]>('points')
        const where = `${call}:error=${error}:when=${when}`
        const run = await runWithFault(traveller, where, ['backup'])
        if (run.exit !== 0) expectLoud(run, where)
        failed += run.exit === 0 ? 0 : 1
        const left = await answer<unknown[]>('points')
        expect(left.slice(0, points.length), where).toEqual(points)
        expect(await answer('check'), where).toMatchObject({ verdict: 'whole' })
        await summary('backup')
      }
    }
    expect(failed, 'most faults hit').toBeGreaterThan(day / 2)
    expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole' })
    expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
      verdict: 'same',
    })
  },
)

const RESTORE_FAULTS: readonly Fault[] = [
  ['pwrite64', 'ENOSPC', 200, 4],
  ['fsync,fdatasync', 'EIO', 5, 3],
  ['unlink', 'EIO', 2, 1],
]

test.runIf(canTrace)('a disk that fails during a restore leaves the target as it was', async () => {
  const traveller = await begin()
  const { at, summary } = traveller
  const wanted = readRows(at('erp.db'))
  for (let day = 1; day <= 20; day++) changeSome(at('erp.db'), day)
  const damaged = readRows(at('erp.db'))
  const chance = aChance('faults of a restore')
  const argv = ['restore', 'erp@1', '--to', 'copy', '--delete-added', '--confirm', 'copy']
  let failed = 0
  for (const [call, error, calls, tries] of RESTORE_FAULTS) {
    for (const when of draw(chance, calls, tries)) {
      await copyFile(at('erp.db'), at('copy.db'))
      const where = `${call}:error=${error}:when=${when}`
      const run = await runWithFault(traveller, where, argv)
      if (run.exit !== 0) expectLoud(run, where)
      failed += run.exit === 0 ? 0 : 1
      const left = readRows(at('copy.db'))
      const isComplete = left['log']?.length === wanted['log']?.length
      expect(left, where).toEqual(isComplete ? wanted : damaged)
      expect(run.exit !== 0 || isComplete, where).toBe(true)
      expect(await summary(...argv), where).toMatchObject({ verified: { different: 0 } })
      expect(readRows(at('copy.db')), where).toEqual(wanted)
    }
  }
  expect(failed, 'most faults hit').toBeGreaterThan(4)
})

test('a disk that is full at any moment of a backup costs that backup only', async (context) => {
  const traveller = await aTraveller()
  const { answer, at, holdfast, summary } = traveller
  const disk = await mountDisk(at('vault'), 64 * 1024 * 1024)
  if (disk === undefined) {
    console.warn('\n!!! SKIPPED a full disk: this user may not mount one\n')
    context.skip('needs the right to mount')
    return
  }
  createFewMegabytes(at('erp.db'))
  await traveller.configure(`sources:\n  erp: { connector: sqlite, file: ./erp.db }\n`)
  await holdfast('init')
  await summary('backup')
  const chance = aChance('full disks')
  for (let day = 1; day <= 6; day++) {
    changeSome(at('erp.db'), day)
    const points = await answer<unknown[]>('points')
    await disk.resize(usedBytes(at('vault')) + Math.floor(chance.next() * 500_000))
    const run = await holdfast('backup', '--full')
    if (run.exit !== 0) {
      expectLoud(run, `day ${day}`)
      expect(run.stderr).toContain('(store.full)')
    }
    const left = await answer<unknown[]>('points')
    expect(left.slice(0, points.length)).toEqual(points)
    expect(await answer('check'), `day ${day}`).toMatchObject({ verdict: 'whole' })
    await disk.resize(64 * 1024 * 1024)
    await summary('backup')
  }
  expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
    verdict: 'same',
  })
})

/** So many different numbers from 1 to `most`. */
function draw(chance: Chance, most: number, count: number): number[] {
  const numbers = new Set<number>()
  while (numbers.size < count) numbers.add(1 + Math.floor(chance.next() * most))
  return [...numbers]
}

function usedBytes(folder: string): number {
  const text = execFileSync('df', ['--output=used', '-B1', folder], { encoding: 'utf8' })
  return Number(text.trim().split('\n').at(-1))
}
