import { existsSync, readdirSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { mapConcurrent } from '#stdx/streams'
import { changeSome, createFewMegabytes, readRows } from '#test/crash/testing/few-megabytes'
import { aTraveller, type Run, type Running, type Traveller } from './testing/traveller.ts'

const ROUNDS_MS = 30_000
const ROUNDS_MIN = 2
const POINTS = 8
const EXPORTS_MAX = 4
/** Longer than any of these commands takes, shorter than all of them. */
const GRACE = '15s'
const ENTITIES = ['main.customer', 'main.address', 'main.log']

type Point = { readonly point: string }

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

/** Everybody at once, each a process of its own; the exit status of each is one of those allowed. */
async function together(
  { start }: Traveller,
  hands: readonly { readonly argv: readonly string[]; readonly exits: readonly number[] }[],
): Promise<Run[]> {
  const runs = await Promise.all(hands.map(({ argv }) => start(...argv).done))
  for (const [i, { argv, exits }] of hands.entries()) {
    const { exit, stderr } = runs[i] ?? { exit: -1, stderr: '' }
    expect(exits, `${argv.join(' ')}: exit ${exit}\n${stderr}`).toContain(exit)
  }
  return runs
}

const BACKUP = { argv: ['backup', 'erp'], exits: [0, 11] }

/** What every point is exported as, held against what it was; what is new is remembered. */
async function expectSame(
  { answer, holdfast }: Traveller,
  known: Map<string, string>,
  entities: readonly string[],
): Promise<string[]> {
  expect(await answer('check', '--read-data')).toMatchObject({ verdict: 'whole', problems: [] })
  const points = (await answer<Point[]>('points', 'erp')).map(({ point }) => point)
  const exported = points.flatMap((point) => entities.map((entity) => ({ point, entity })))
  const exportOne = async ({ entity, point }: (typeof exported)[number]) => {
    const { exit, stderr, stdout } = await holdfast('export', point, entity, '--format', 'csv')
    expect(exit, stderr).toBe(0)
    const name = `${point} ${entity}`
    expect(stdout === (known.get(name) ?? stdout), `${name} is what it was`).toBe(true)
    known.set(name, stdout)
  }
  for await (const _ of mapConcurrent(exported, EXPORTS_MAX, exportOne));
  return points
}

test('backups, compaction, collections and a restore go on beside each other', async () => {
  const traveller = await begin()
  const { at, summary } = traveller
  const first = readRows(at('erp.db'))
  // As many as a merge is worth.
  for (let day = 1; day < POINTS; day++) {
    changeSome(at('erp.db'), 1000 + day)
    await summary('backup')
  }
  const known = new Map<string, string>()
  const untilMs = performance.now() + ROUNDS_MS
  let count = (await expectSame(traveller, known, ENTITIES.slice(0, 1))).length
  let conflicts = 0
  let collected = 0
  let merged = 0
  for (let round = 1; round <= ROUNDS_MIN || performance.now() < untilMs; round++) {
    changeSome(at('erp.db'), round)
    const collect = { argv: ['collect', '--grace', GRACE, '--json'], exits: [0] }
    const runs = await together(traveller, [
      BACKUP,
      BACKUP,
      { argv: ['compact', '--json'], exits: [0] },
      collect,
      collect,
      {
        argv: ['restore', 'erp@1', '--to', 'copy', '--delete-added', '--confirm', 'copy'],
        exits: [0],
      },
    ])
    const [a, b] = runs.map(({ exit }) => exit)
    expect([a, b], 'one of two backups wins').toContain(0)
    const lost = runs.filter(({ exit }) => exit === 11)
    for (const { stderr } of lost) expect(stderr).toContain('(capture.conflict)')
    conflicts += lost.length
    collected += runs.filter(({ stdout }) => /"objects":[1-9]/.test(stdout)).length
    merged += runs.filter(({ stdout }) => /"replaced":[1-9]/.test(stdout)).length
    expect(readRows(at('copy.db'))).toEqual(first)
    const points = await expectSame(traveller, known, ENTITIES.slice(0, 1))
    expect(points.length - count, `round ${round}`).toBe(2 - lost.length)
    count = points.length
  }
  await expectSame(traveller, known, ENTITIES)
  await summary('restore', 'erp@latest', '--to', 'copy', '--delete-added', '--confirm', 'copy')
  expect(readRows(at('copy.db'))).toEqual(readRows(at('erp.db')))
  expect(merged, 'something was merged').toBeGreaterThan(0)
  expect(conflicts, 'a backup gave way').toBeGreaterThan(0)
  expect(collected, 'something was collected').toBeGreaterThan(0)
})

/** Begins a backup and stops it once all its objects lie there, before its entry does. */
async function stopBeforeCommit(traveller: Traveller, day: number): Promise<Running> {
  const { at, start } = traveller
  const list = (folder: string) => (existsSync(at(folder)) ? readdirSync(at(folder)) : [])
  for (let tries = 1; ; tries++) {
    changeSome(at('erp.db'), day + tries)
    const before = new Set(list('vault/keyring/erp'))
    const entries = list('vault/timelines/erp').length
    const running = start('backup', 'erp')
    const isOver = () => running.child.exitCode !== null
    const isWritten = () => {
      const session = list('vault/keyring/erp').find((name) => !before.has(name))
      return session !== undefined && list(`vault/keyring/erp/${session}`).length >= 3
    }
    while (!isOver() && !isWritten()) await nextTurn()
    running.child.kill('SIGSTOP')
    await sleep(20)
    const isAmid = !isOver() && list('vault/timelines/erp').length === entries
    if (isAmid) return running
    running.child.kill('SIGCONT')
    await running.done
    expect(tries, 'a backup can be stopped before it commits').toBeLessThan(10)
  }
}

test('a backup that stands still for longer than the grace loses, and nothing with it', async () => {
  const traveller = await begin()
  const { answer, holdfast, summary } = traveller
  const known = new Map<string, string>()
  await expectSame(traveller, known, ENTITIES)
  const paused = await stopBeforeCommit(traveller, 100)
  // Others go on, and in the end declare it dead.
  await summary('backup')
  await sleep(1100)
  expect((await holdfast('collect', '--grace', '1s')).exit).toBe(0)
  const points = await expectSame(traveller, known, ENTITIES)
  paused.child.kill('SIGCONT')
  const { exit, stderr } = await paused.done
  expect(exit, stderr).toBe(11)
  expect(await expectSame(traveller, known, ENTITIES)).toEqual(points)
  // The same where nobody else backs up: only the fence tells it.
  const alone = await stopBeforeCommit(traveller, 200)
  await sleep(1100)
  expect((await holdfast('collect', '--grace', '1s')).exit).toBe(0)
  const still = (await answer<Point[]>('points', 'erp')).map(({ point }) => point)
  alone.child.kill('SIGCONT')
  const refused = await alone.done
  expect(refused.exit, refused.stderr).not.toBe(0)
  expect(refused.stderr).toMatch(/\(vault\.(entry-refused|object-missing)\)/)
  expect(await expectSame(traveller, known, ENTITIES)).toEqual(still)
  await summary('backup')
  expect(await answer('verify', 'erp@latest', '--against', 'erp')).toMatchObject({
    verdict: 'same',
  })
})
